"""The command lines of existing programs, read from their source: options, their types, and what they are for.

No program is imported or run. Code that cannot be read gives a remark, call by call; guesses carry their reason.
`reader.py` recognises the parser; one reader a parser does the rest.
"""
