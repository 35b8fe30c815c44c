"""Provenance: how an image was built, as SLSA's predicate v1 in a statement of in-toto, beside the image on its remote.

It is made here from a plan and the repository, attached, found and read again. Whether it is good enough is decided
elsewhere, and so is whether a build from it gives the same image.
"""
