"""The cache on this machine: blobs, records and folders, shared by processes that run at once.

`store.Cache` is the front. Nothing here knows what the blobs and records mean, and losing all of it loses only time.
"""
