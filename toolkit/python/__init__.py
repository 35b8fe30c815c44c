"""From requirements to layers: base facts, resolution, the lock, wheels, splicing, the virtual environment.

It runs uv to resolve and installs wheels itself, for the image's platform and Python, never for the host's.
"""
