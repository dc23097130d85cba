"""Drafts a pipeline from files: tables as they look, contracts and models to begin with."""
