"""Dockerfiles as data: instructions with their lines, and what each stage says of the image that it makes.

Read as BuildKit reads them, by text alone: nothing is built, run or fetched. It does not check what BuildKit checks
when it builds, such as whether a file to copy exists.
"""
