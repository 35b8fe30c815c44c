"""A registry in a folder: where its files lie, how they are written, checked and looked after.

A web server and a git repository hold the same files: their readers are in `web` and `git`.
"""
