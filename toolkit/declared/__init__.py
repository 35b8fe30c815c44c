"""What a component declares about where it runs: resources, constants and secrets of its environment.

Plain data, its readers and its checks. Nothing here knows files, contracts, engines or pipelines.
"""
