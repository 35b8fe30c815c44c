"""A registry in a git repository: its commits are read from a clone in the cache, and publishing pushes a commit.

Derived files are in no commit, so that branches do not conflict: the clone keeps what lists need. Nothing of a
repository is checked out, and nothing of it runs.
"""
