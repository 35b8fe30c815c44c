"""Definitions for CI platforms: a file each that checks, builds, tests, pushes and publishes components.

The files here are templates, without logic beyond their variables. Nothing here knows what is in a component.
"""
