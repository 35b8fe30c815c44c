"""A client for OCI distribution servers: pull lazily, push what is missing, verify everything.

Follows the OCI distribution specification 1.1 and Docker's token authentication. It moves images without
looking into their layers. Credentials come from the files of docker and podman, and are never written.
"""
