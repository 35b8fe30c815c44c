"""The files and folders that git ignores, as `.gitignore`, `.git/info/exclude` and the user's settings say."""

import os
from collections.abc import Mapping
from pathlib import Path

from toolkit.git.program import Git
from toolkit.system.paths import real


def ignored(folder: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names that git ignores below a folder, from the folder, with slashes; a folder stands for its content.

    Empty outside of a repository, and for a folder that is itself ignored: whoever names it means it. What is
    tracked is not ignored. Raises OutsideError when git is missing, or refuses the repository.
    """
    if not any((place / ".git").exists() for place in (folder.absolute(), *real(folder).parents)):
        return frozenset()
    git = Git(folder=real(folder), environ=environ)
    data = git.get("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    names = frozenset(os.fsdecode(name).removesuffix("/") for name in data.split(b"\0") if name)
    return frozenset() if names == {"."} else names
