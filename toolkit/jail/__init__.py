"""Where anything that others wrote runs on this machine: a base's interpreter, the build of a source distribution.

A jail has namespaces of its own, sees only what its room shows, holds no rights, and ends with its program. It is
made by bubblewrap, or else by the kernel's calls. What runs in it and what its output means is not decided here.
"""
