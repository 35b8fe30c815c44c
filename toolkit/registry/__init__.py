"""The component registry: immutable releases in a plain directory, and the consumer's lock file.

It stores contracts, not images; images stay on their remote and are named by digest.
"""
