"""Plumbing for the engines on this machine, shared by builders and runners: docker by its SDK, buildah by subprocess.

It knows images and containers, and nothing of components.
"""
