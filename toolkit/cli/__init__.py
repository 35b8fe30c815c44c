"""The `comp` command: one file per command, each parses, calls and prints.

Nothing here decides anything about components; what a command does lives below, and is imported in the command, so that
`comp --help` starts fast.
"""

import gc

# Imports make many objects and almost no garbage: the usual 700 would have the collector look at them dozens of times,
# a tenth of the time of a quick command.
gc.set_threshold(50_000)
