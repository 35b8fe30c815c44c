"""One client for OCI distribution servers: transport, authentication, pull and push.

Follows the OCI distribution specification 1.1. What the bytes mean is `toolkit.oci`'s business.
"""
