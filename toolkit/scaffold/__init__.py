"""Component folders from templates, and modules sliced out of existing code.

It writes new folders and never overwrites a user's files. Contracts are `toolkit.generation`'s; the code it reads is
parsed by `toolkit.interface` and never imported.
"""
