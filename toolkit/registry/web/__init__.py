"""A registry's folder on a web server, read over HTTP: with conditional requests, and offline from the cache.

What never changes is asked for once. Nothing is written to a server: publishing goes to the folder behind it.
"""
