"""Images as data: digests, references, descriptors, layers, manifests, layouts, archives, and a checker.

Follows the OCI image specification 1.1. It talks to no server (that is `toolkit.remote`) and knows nothing
of Python packages.
"""
