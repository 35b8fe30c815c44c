"""Exports of the cache: what a fresh machine needs to build as fast as this one, in a folder or in a repository.

An export holds blobs by their digests, and records. Nothing here decides what a record means; `docs/security.md` says
whom an import trusts.
"""
