"""Package Python functions and programs as pipeline components.

`toolkit` is the library behind the `comp` command: it reads an interface from code, builds and pushes the
container image, writes and checks `component.yaml`, and keeps component registries.
It never imports the code it packages, and it is not needed inside the images it makes.

`toolkit.component` makes a component of a function inside of a pipeline's code.
"""

from importlib import import_module

# Type checkers take this name for true; importing `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.pipelines.in_code import component

__all__ = ["__version__", "component"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Return `component`, imported late: every module of comp imports this package first."""
    if name == "component":
        return import_module("toolkit.pipelines.in_code").component
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
