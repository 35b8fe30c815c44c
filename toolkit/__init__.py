"""Package Python functions and programs as pipeline components.

`toolkit` is the library behind the `comp` command: it reads an interface from code, builds and pushes the
container image, writes and checks `component.yaml`, and keeps component registries.
It never imports the code it packages, and it is not needed inside the images it makes.

The functions here have the names of commands and do what they do. `toolkit.component` makes a component of a function
inside of a pipeline's code, and `toolkit.load` takes one of a registry, by `components.lock`.
"""

from importlib import import_module

# Type checkers take this name for true; importing `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.api.building import build, push
    from toolkit.api.contracts import generate, lint
    from toolkit.api.images import inspect
    from toolkit.api.publishing import publish
    from toolkit.api.registries import add, search
    from toolkit.pipelines.comp_process import ComponentError
    from toolkit.pipelines.in_code import component
    from toolkit.pipelines.load import load

__all__ = [
    "ComponentError",
    "__version__",
    "add",
    "build",
    "component",
    "generate",
    "inspect",
    "lint",
    "load",
    "publish",
    "push",
    "search",
]
__version__ = "0.1.0"
# The module of each name.
_PLACES = {
    "ComponentError": "toolkit.pipelines.comp_process",
    "add": "toolkit.api.registries",
    "build": "toolkit.api.building",
    "component": "toolkit.pipelines.in_code",
    "generate": "toolkit.api.contracts",
    "inspect": "toolkit.api.images",
    "lint": "toolkit.api.contracts",
    "load": "toolkit.pipelines.load",
    "publish": "toolkit.api.publishing",
    "push": "toolkit.api.building",
    "search": "toolkit.api.registries",
}


def __getattr__(name: str) -> object:
    """Return a public name, imported late: every module of comp imports this package first."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
