"""Base images: what is in one, which components stand on it, what a newer one would bring, and making one.

Components are built on bases by `job`; the work on a whole collection is in `collection`.
"""
