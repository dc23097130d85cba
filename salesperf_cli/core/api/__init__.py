"""Ingest from an HTTP API: what an API is like (`description`), asking it (`asking`), its pages, and staging them.

What is staged is one NDJSON file, and from there it goes the way of every other file (`core/ingest`).
"""
