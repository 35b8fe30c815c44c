"""The parts that an image is made of, for those who answer for it: what is installed, under which licenses.

It reads the image, whoever built it, and runs nothing. SBOMs and policies are made of what it finds.
"""
