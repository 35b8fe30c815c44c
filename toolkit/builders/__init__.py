"""A plan says what goes into an image; a builder turns it into one.

The embedded builder needs nothing installed; `docker` and `buildah` drive those engines to the same result.
"""
