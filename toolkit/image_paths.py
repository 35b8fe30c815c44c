"""Where things lie in the images that comp builds.

Names are as tar has them: absolute, without the leading slash. `absolute` adds it, for a command line or a config.
"""

from collections.abc import Iterator

# The only folder that our layers write to. Everything above it belongs to the base.
PREFIX = "opt/comp"
VENV = f"{PREFIX}/venv"
PYTHON = f"{VENV}/bin/python"
APP = f"{PREFIX}/app"
LAUNCHER = f"{PREFIX}/launch.py"
INTERFACE = f"{PREFIX}/interface.json"


def absolute(path: str) -> str:
    """Return the path as a program in the image writes it."""
    return f"/{path}"


def site_packages(minor: str) -> str:
    """Return the folder of installed packages for a Python of this minor version, such as `3.11`."""
    return f"{VENV}/lib/python{minor}/site-packages"


def folders_of(path: str) -> Iterator[str]:
    """List the folders above `path`, outermost first, from `PREFIX` on.

    Raises ValueError for a path outside of `PREFIX`: a layer that wrote there could put a folder in the place of one of
    the base's links.
    """
    if not path.startswith(f"{PREFIX}/"):
        raise ValueError(f"{path!r} is not under {PREFIX}")
    end = len(PREFIX)
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1)
