"""Jails: where code that others wrote runs on this machine, a base's interpreter or the build of a source distribution.

A jail has namespaces of its own, sees only what its room shows, has no rights, and ends with its program. Bubblewrap
makes it, or the kernel's calls do. Callers decide what runs in it, and what its output means.
"""
