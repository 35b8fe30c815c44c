"""Component registries: immutable releases, whatever keeps them, and what publishers and consumers do with them.

`protocol` says what a registry can do; `folder`, `git`, `oci` and `web` are the kinds, and `opening` opens one. They
store contracts, not images: images stay on their remote and are named by digest.
"""
