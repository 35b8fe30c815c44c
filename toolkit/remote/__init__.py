"""A client for OCI distribution servers: pull lazily, push what is missing, verify everything.

Follows the OCI distribution specification 1.1 and Docker's token authentication. It moves images and knows
nothing of what is in them; credentials come from docker's and podman's files and are never written anywhere.
"""
