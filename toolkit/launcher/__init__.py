"""The program that runs inside the container: one file, `launch.py`, of the standard library only.

Nothing else of the toolkit is in an image, and `launch.py` imports nothing of the toolkit. The rest of the toolkit only
reads its bytes.
"""

from pathlib import Path

# Part of every image's identity, so it goes up with each released change of launch.py.
LAUNCHER_VERSION = 6


def source() -> bytes:
    """Return the launcher's bytes as they go into an image."""
    return Path(__file__).with_name("launch.py").read_bytes()
