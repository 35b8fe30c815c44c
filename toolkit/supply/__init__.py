"""The parts that an image is made of, for those who answer for it: what is installed, under which licenses.

It reads the image, also one that comp did not build, and runs nothing. SBOMs and policies are made of what it finds.
"""
