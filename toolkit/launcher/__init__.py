"""The program that runs inside the container: one file, standard library only.

Nothing else of the toolkit is in an image, and nothing of the toolkit is imported here.
"""
