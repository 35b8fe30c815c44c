"""Pipelines: compiled from Python, run here or on a server, drawn, and locked."""
