"""Spark as a second engine on the same lake: the engine that runs on Glue, and locally to check models before
deploying.
"""
