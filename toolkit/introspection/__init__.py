"""Learn a program's options by running it, in an environment of its own: its own parser is asked.

What reads a program without running it is in `toolkit.interface.programs`.
"""
