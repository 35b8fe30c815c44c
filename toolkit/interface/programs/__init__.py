"""The command lines of existing programs, read from their source: options, their types, and what they are for.

Nothing is imported or run. What cannot be read is remarked on, call by call; guesses carry their reason.
"""
