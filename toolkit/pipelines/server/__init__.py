"""Pipelines on a KFP server: uploaded, run, watched and read back by KFP's own client.

`kfp` speaks the API; its requests go through this project's transport, which bounds and explains every failure.
"""
