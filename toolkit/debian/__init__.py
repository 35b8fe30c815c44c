"""Debian and Ubuntu packages, unpacked onto an image without dpkg, apt, a container or root.

A signed archive is read, names are resolved to packages against what a base has, and the packages become one layer.
Maintainer scripts never run: docs/decisions/0056-system-packages.md says what that means.
"""
