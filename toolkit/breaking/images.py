"""An image as the earlier version: the interface that its launcher reads, its version and its platforms.

`interface.json` has what callers depend on: names, types, defaults and choices, but no descriptions, title or command.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.breaking.pairing import Pairs, Port, pair
from toolkit.errors import InputError, Location
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.document import Place
from toolkit.spec.reader import ComponentDocument, read_document
from toolkit.words import some_of


class InImage(Struct, frozen=True, kw_only=True):
    """The components in an image, by their names, as its `interface.json` has them.

    `available` are the platforms of its index, `version` is that of its labels, empty without one.
    """

    image: str
    components: Mapping[str, Mapping[str, Any]]
    available: tuple[str, ...] = ()
    version: str = ""

    def prepare(self, contracts: Sequence[Path]) -> None:
        """Check that there is a component to compare with. Raises InputError."""
        del contracts
        if not self.components:
            raise InputError(
                f"the image {self.image} has no contract in it: comp did not build it",
                hint="compare with a commit, a file or a release",
            )

    def of(self, contract: Path) -> ComponentDocument | None:
        """Return the earlier version: the new contract with the interface that the image has.

        Raises InputError for a component that the image does not have, and for a damaged image.
        """
        new = read_document(contract)
        name = self._name(new)
        annotations = {**new.spec.annotations, **({"version": self.version} if self.version else {})}
        try:
            interface = _interface(self.components[name], new.spec.interface)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(f"the image {self.image} is damaged: {name!r} of its interface.json") from None
        path = Path(self.image)
        return ComponentDocument(
            spec=replace(new.spec, interface=interface, annotations=MappingProxyType(annotations)),
            text=new.text,
            path=path,
            places=_places(interface, path),
        )

    def _name(self, new: ComponentDocument) -> str:
        """Return the name that a contract's component has in the image. Raises InputError."""
        words = [word for word in new.spec.container.command if isinstance(word, str)]
        # The launcher's first argument is the component's name.
        for name in reversed(words):
            if name in self.components:
                return name
        if len(self.components) == 1:
            return next(iter(self.components))
        raise InputError(
            f"the image {self.image} does not have this component, only {some_of(sorted(self.components))}",
            where=Location(path=new.path),
            hint="compare with a commit, a file or a release",
        )

    def platforms(self, contract: Path) -> tuple[str, ...] | None:
        """Return the platforms of the image."""
        del contract
        return self.available or None

    def unchanged(self, contract: Path) -> bool:
        """Return False: the image has no text to compare."""
        del contract
        return False

    def removed(self, folder: Path, moved: AbstractSet[Path]) -> Iterator[str]:
        """Yield nothing: where the contracts of an image lay is not known."""
        del folder, moved
        yield from ()


def _interface(component: Mapping[str, Any], new: Interface) -> Interface:
    """Return an image's interface, with the words of the new contract: the image has none."""
    inputs, outputs = tuple(map(_input, component["inputs"])), tuple(map(_output, component["outputs"]))
    return Interface(inputs=_worded(inputs, new.inputs), outputs=_worded(outputs, new.outputs))


def _input(port: Mapping[str, Any]) -> Input:
    default = port.get("default")
    return Input(
        name=str(port["name"]),
        type=str(port["type"]),
        kind=Kind(port["kind"]),
        default=None if default is None else str(default),
        optional=bool(port.get("optional")),
        choices=tuple(port.get("choices", ())),
        many=bool(port.get("many")),
    )


def _output(port: Mapping[str, Any]) -> Output:
    return Output(name=str(port["name"]), type=str(port["type"]), kind=Kind(port["kind"]), many=bool(port.get("many")))


def _worded(old: tuple[Port, ...], new: tuple[Port, ...]) -> tuple[Port, ...]:
    """Return ports with the descriptions and annotations of the new ones, renamed ones included."""
    pairs: Pairs[Port] = pair(old, new)
    partners = {first: new[second] for first, second in (*pairs.same, *pairs.renamed)}
    return tuple(
        replace(port, **_words(port, partners[index])) if index in partners else port for index, port in enumerate(old)
    )


def _words(old: Input | Output, new: Input | Output) -> dict[str, Any]:
    """Return what a port has in the contract alone. The default of an artifact is not in the image either."""
    words: dict[str, Any] = {"description": new.description, "annotations": new.annotations}
    if isinstance(new, Input) and old.kind is Kind.ARTIFACT:
        words["default"] = new.default
    return words


def _places(interface: Interface, path: Path) -> dict[Place, Location]:
    """Return the places of the ports, which are the image as a whole."""
    sides = (("inputs", len(interface.inputs)), ("outputs", len(interface.outputs)))
    return {(side, index): Location(path=path) for side, count in sides for index in range(count)}
