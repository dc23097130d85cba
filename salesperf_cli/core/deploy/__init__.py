"""Deploying a target: templates, what is packaged for them, the plan of stacks, and its walk."""
