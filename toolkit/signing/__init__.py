"""Signatures of images, in the formats of cosign: by a key of ECDSA P-256 or keyless, put beside the image, verified.

It says that the holder of a key, or an identity, signed a digest, and nothing of what the image holds. Keys are files,
and with them nothing is sent to a transparency log.
"""
