"""Component folders from templates, and modules sliced out of existing code.

It writes new folders and generated contracts, and never overwrites what the user has.
"""
