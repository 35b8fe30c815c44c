"""Many components in one command: which ones a collection has, and the work on all of them.

Not the work on one component: that is in the packages below. Nothing here prints.
"""
