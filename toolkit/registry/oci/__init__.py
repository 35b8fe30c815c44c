"""A component registry on a distribution server: each component is a repository, each release an artifact.

It uses the client of `toolkit.remote`, and every rule about races and tags is here. Images are not its business.
"""
