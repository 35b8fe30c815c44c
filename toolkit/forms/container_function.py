"""The contract of a `@dsl.container_component` function, read from its source: the user's own image and command."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from toolkit.forms.container_body import container_of
from toolkit.forms.ir import KEY_ANNOTATION
from toolkit.interface.decorators import kfp_decorator
from toolkit.interface.function import sanitised, signature_of
from toolkit.interface.model import Input, Interface, Output
from toolkit.interface.module import Module
from toolkit.spec.model import ComponentSpec


def is_container_function(module: Module, name: str) -> bool:
    """Return whether a decorator of kfp makes a container component of the function `name`."""
    return any(
        kfp_decorator(module, decorator) == "container_component"
        for node in (*module.functions(), *module.nested())
        if node.name == name
        for decorator in node.decorator_list
    )


def read_container_function(path: Path, name: str, environ: Mapping[str, str]) -> ComponentSpec:
    """Return the contract of the container component `name` of the module at `path`.

    Raises FindingsError with the place of what cannot be known before the code runs, and of what kfp refuses.
    """
    return container_function_of(Module.read(path, environ), name)


def container_function_of(module: Module, name: str) -> ComponentSpec:
    """Return the contract of a container component of a module that has been read. Raises FindingsError."""
    function, node = signature_of(module, name)
    container = container_of(module, function, node)
    interface = Interface(
        inputs=tuple(replace(port, annotations=_key(port)) for port in function.interface.inputs),
        outputs=tuple(replace(port, annotations=_key(port)) for port in function.interface.outputs),
    )
    return ComponentSpec(
        name=function.title, description=function.description, interface=interface, implementation=container
    )


def _key(port: Input | Output) -> Mapping[str, object]:
    """Return the annotation that keeps a name with capitals, which kfp keeps for functions alone."""
    return MappingProxyType({} if sanitised(port.name) == port.name else {KEY_ANNOTATION: port.name})
