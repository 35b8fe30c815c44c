"""What a made base is made from: the suite, and the packages that were asked for.

Its labels say so, so that it can be made again from newer packages, here or elsewhere.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from toolkit.debian.resolve import is_request

_SUITE, _PACKAGES = "dev.comp.base.suite", "dev.comp.base.packages"


class Recipe(Struct, frozen=True, kw_only=True):
    """A suite of Debian, and the packages on top of those that every base has, in the order of their names."""

    suite: str
    packages: tuple[str, ...] = ()

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of an image that is made from it."""
        return {_SUITE: self.suite, _PACKAGES: " ".join(self.packages)}

    @property
    def command(self) -> str:
        """The command that makes it."""
        packages = f" --packages {','.join(self.packages)}" if self.packages else ""
        return f"comp base create --suite {self.suite}{packages}"

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> "Recipe | None":
        """Return what an image is made from by its labels. None if `comp base` did not make it."""
        suite, packages = labels.get(_SUITE, ""), labels.get(_PACKAGES, "").split()
        # Others may have written the labels, and people run the command that is made of them.
        if not is_suite(suite) or not all(map(is_request, packages)):
            return None
        return cls(suite=suite, packages=tuple(packages))


def is_suite(text: str) -> bool:
    """Return whether a text has the form of the name of a suite."""
    return re.fullmatch(r"[a-z][a-z0-9-]{0,60}", text) is not None
