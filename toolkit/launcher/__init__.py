"""The program that runs inside the container: one file, standard library only.

Nothing else of the toolkit is in an image, and nothing of the toolkit is imported here.
"""

from pathlib import Path

# Part of every image's identity: raised with every change of launch.py that has been released.
LAUNCHER_VERSION = 3


def source() -> bytes:
    """Return the launcher's bytes as they go into an image."""
    return Path(__file__).with_name("launch.py").read_bytes()
