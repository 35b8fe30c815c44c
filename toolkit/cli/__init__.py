"""The `comp` command: one file per command, each parses, calls and prints.

Nothing here decides anything about components; what a command does lives below.
"""
