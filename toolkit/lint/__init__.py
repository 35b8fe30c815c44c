"""Findings about components: rules, one function each, fixes, and reports of what they find.

It reads contracts, settings and code, writes fixes that are asked for, and needs no network.
"""

import sys
from importlib import import_module
from types import ModuleType


class _Callable(ModuleType):
    """This package, which is `toolkit.lint` for those who call it, too: `import toolkit.lint` hides the function."""

    def __call__(self, *paths: object, **options: object) -> object:
        """Call the function of the public API."""
        return import_module("toolkit.api.contracts").lint(*paths, **options)


sys.modules[__name__].__class__ = _Callable
