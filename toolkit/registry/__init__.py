"""Component registries: immutable releases, the registry that a name comes from, the consumer's lock and copies.

It stores contracts, not images; images stay on their remote and are named by digest.
"""
