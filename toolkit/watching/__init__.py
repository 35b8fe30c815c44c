"""Watch what a build or a run reads, and begin it again after a change.

A change is found by comparing the files with how they were. What the system reports about folders only says when to
look, so a missed report delays a build and does not lose it. Nothing here knows what is built or run.
"""
