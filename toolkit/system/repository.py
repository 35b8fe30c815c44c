"""The repository that a file belongs to: what lies outside of it is not the author's."""

import os
from pathlib import Path


def outside_of_repository(folder: Path, path: Path) -> Path | None:
    """Return the repository around `folder`, or else `folder`, if a path leads out of it; None if it does not."""
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    return None if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)) else root
