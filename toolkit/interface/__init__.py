"""The interface of a component: its inputs and outputs, and how code receives them.

Reads functions (and later command lines) statically: the code is parsed, never imported. It knows nothing of
YAML, images or the command line of `comp`.
"""
