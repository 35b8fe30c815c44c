"""Where the files of packages go in an image: through the links of the base, and never in their place.

A layer that holds `lib/x` on a base whose `/lib` is a link to `usr/lib` replaces the link and ruins the image.
"""

import posixpath

from toolkit.debian.deb import damaged
from toolkit.debian.system import BaseSystem
from toolkit.image_paths import PREFIX
from toolkit.limits import PATH_LENGTH
from toolkit.oci.package_files import STATUS_FOLDER
from toolkit.oci.tree import followed


class Placement:
    """The paths of an image while packages are added to it."""

    def __init__(self, system: BaseSystem) -> None:
        self.links = dict(system.links)
        self.folders = {*system.folders, ""}
        self.base_files = system.files
        # What was added: the digest of each file, or its link's target, and the package that brought it.
        self.added: dict[str, tuple[str, str]] = {}

    def path_of(self, name: str, package: str) -> str:
        """Return the place of a member of a package's tar; empty for the root. Raises InputError for a bad name."""
        path = posixpath.normpath(name).removeprefix("./")
        if path == ".":
            return ""
        parts = path.split("/")
        if name.startswith("/") or ".." in name.split("/") or "\0" in name or not path.isprintable():
            raise damaged(package, f"the path {name[:80]!r} leads out of it")
        if any(part.startswith(".wh.") for part in parts):
            raise damaged(package, f"{path[:80]!r} would remove a file from the image")
        PATH_LENGTH.check(len(path), f"a path of {package}")
        real = self.real(path, package)
        # What comp itself writes lies there.
        if f"{real}/".startswith(f"{PREFIX}/"):
            raise damaged(package, f"{path[:80]!r} lies below /{PREFIX}")
        # Scanners read there which packages an image has, and comp writes it.
        if real.startswith(f"{STATUS_FOLDER}/"):
            raise damaged(package, f"{path[:80]!r} is a record of a package")
        return real

    def real(self, path: str, package: str) -> str:
        """Return a path with the links of its folders followed, but not a link at its end. Raises InputError."""
        folder, name = posixpath.split(path)
        return posixpath.join(self.followed(folder, package), name)

    def followed(self, path: str, package: str) -> str:
        """Return a path with all links followed; what is not there stays as it is. Raises InputError."""
        done = followed(path, self.links)
        if done is None:
            raise damaged(package, f"the links of /{path[:80]} lead in a circle")
        return done

    def is_file(self, path: str) -> bool:
        """Return whether there is a file at a path, links not followed."""
        return path in self.base_files or (path in self.added and path not in self.links)

    def exists(self, path: str) -> bool:
        """Return whether there is anything at a path, links not followed."""
        return path in self.folders or path in self.links or path in self.base_files or path in self.added

    def leads_to_file(self, path: str) -> bool:
        """Return whether an absolute path leads to a file that is there."""
        return self.is_file(self.followed(path.lstrip("/"), "an alternative"))
