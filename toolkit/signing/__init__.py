"""Signatures of images, in the formats of cosign: made with a key of ECDSA P-256, put beside the image, verified.

It says that the holder of a key signed a digest, and nothing of what the image holds. Keys are files; nothing is sent
to a transparency log.
"""
