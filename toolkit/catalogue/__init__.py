"""The catalogue: a component registry as static pages, made again in parts when a release is added.

It reads any registry through its protocol, writes one folder, and serves that folder on loopback. Nothing in a page
comes from another server, and what a registry says is text there, never markup or code.
"""
