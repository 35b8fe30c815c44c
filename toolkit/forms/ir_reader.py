"""Read KFP v2 IR of one component into the model; parts that a component does not have are refused, never lost."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from toolkit.errors import FindingsError, InputError, Location
from toolkit.forms.ir import KEPT, ir_document, kubernetes_document
from toolkit.forms.ir_arguments import read_ir_argument
from toolkit.forms.ir_parts import IrError, dotted, location_of, mapping, read_container, read_interface, text_of
from toolkit.spec.document import Place, Reading, compose, compose_all, lines_of, plain
from toolkit.spec.model import ComponentSpec

# These name the program that wrote the document.
_OF_THE_WRITER = {("sdkVersion",), ("schemaVersion",)}
# Early compilers of KFP 2 leave these out; they follow from the component.
_ADDED: set[Place] = {("root", "dag", "outputs"), ("root", "outputDefinitions")}
_ALONE = "only the IR of a single component can be a contract; `comp pipeline` takes whole pipelines"
_KEPT_WORDS = {"annotations", "labels", "version", "inputs", "outputs"}
_PORT_WORDS = {"name", "type", "default", "optional", "choices", "annotations", "list"}


def is_ir(text: str) -> bool:
    """Return whether a text is IR, by its content."""
    # Files of both forms end in .yaml, and a look at their lines is quicker than parsing.
    return any(line.startswith(("pipelineInfo:", '"pipelineInfo"')) for line in lines_of(text))


def parse_ir(text: str, path: Path) -> ComponentSpec:
    """Parse IR; errors name `path`. Raises InputError for a document with more, or less, than one component."""
    # The reader of a single document has the error for an empty text.
    node, *others = compose_all(text, path) or (compose(text, path),)
    reading = Reading(path)
    document, *settings = (plain(reading, each) for each in (node, *others))
    if reading.findings:
        raise FindingsError(tuple(reading.findings))
    try:
        spec = _component(document, _kept(text))
        # Written again, the model shows every part that it did not take in, however deep.
        _compare(document, ir_document(spec))
        _check_settings(settings, spec, [location_of(other, (), path) for other in others])
    except IrError as lost:
        raise InputError(lost.message, where=location_of(node, lost.place, path), hint=_ALONE) from None
    except InputError as error:
        raise InputError(error.message, where=error.where or Location(path=path), hint=error.hint) from None
    return spec


def _check_settings(settings: Sequence[object], spec: ComponentSpec, places: Sequence[Location]) -> None:
    """Raise InputError for documents after the first, but for the secrets that the contract declares."""
    if settings and settings != [kubernetes_document(spec)]:
        message = "a second document follows: settings of a platform, which belong to a pipeline"
        raise InputError(message, where=places[0], hint=_ALONE)


def _kept(text: str) -> dict[str, Any]:
    """Read the comment in which the writer keeps the parts that IR has no place for."""
    for line in lines_of(text):
        # The writer puts it among the comments at the top; a later one belongs to the document's author.
        if not line.startswith("#"):
            break
        if line.startswith(KEPT):
            try:
                kept = json.loads(line.removeprefix(KEPT))
            except (ValueError, RecursionError):
                kept = None
            if not isinstance(kept, dict) or not set(kept) <= _KEPT_WORDS or not _kept_fits(kept):
                raise InputError(f"the comment {KEPT.strip()!r} cannot be read", hint="restore it, or remove the line")
            return kept
    return {}


def _kept_fits(kept: dict[str, Any]) -> bool:
    """Return whether the comment's parts have the expected types: a person may have edited it."""
    texts = [kept.get("annotations", {}), kept.get("labels", {})]
    ports = [kept.get("inputs", {}), kept.get("outputs", {})]
    return (
        all(isinstance(each, dict) and all(isinstance(value, str) for value in each.values()) for each in texts)
        and isinstance(kept.get("version", ""), str)
        and all(isinstance(each, dict) and all(_port_fits(port) for port in each.values()) for each in ports)
    )


def _port_fits(port: object) -> bool:
    """Return whether the comment's parts of one port have the expected types."""
    return (
        isinstance(port, dict)
        and set(port) <= _PORT_WORDS
        and all(isinstance(port.get(word, ""), str) for word in ("name", "type", "default"))
        and isinstance(port.get("annotations", {}), dict)
        and isinstance(port.get("choices", []), list)
    )


def _component(document: Any, kept: dict[str, Any]) -> ComponentSpec:  # noqa: ANN401 (any YAML value)
    """Return the model of a document. Raises IrError with the place of a part that is not a component's."""
    whole = mapping(document, ())
    info = mapping(whole.get("pipelineInfo"), ("pipelineInfo",))
    key, component = _only(whole, ("components",))
    label, executor = _only(whole, ("deploymentSpec", "executors"))
    # So kfp names a component that was compiled by itself.
    if key != f"comp-{info.get('name')}":
        raise IrError(f"this is the pipeline {info.get('name')!r} around {key!r}, not a component", ("components", key))
    place: Place = ("deploymentSpec", "executors", label)
    if "importer" in executor:
        raise IrError("this is an importer, which runs no container: call dsl.importer in the pipeline", place)
    if "container" not in executor:
        raise IrError("the executor does not run a container", place)
    interface, names = read_interface(component, ("components", key), kept)
    return ComponentSpec(
        name=text_of(info.get("displayName", info.get("name")), ("pipelineInfo", "name")),
        description=text_of(info.get("description", ""), ("pipelineInfo", "description")),
        interface=interface,
        implementation=read_container(executor["container"], (*place, "container"), names),
        annotations=MappingProxyType(kept.get("annotations", {})),
        labels=MappingProxyType(kept.get("labels", {})),
        version=kept.get("version", ""),
    )


def _compare(read: Any, written: Any, place: Place = ()) -> None:  # noqa: ANN401 (any YAML value)
    """Raise for the first difference in meaning of the document that was read from the one that is written."""
    if place in _OF_THE_WRITER:
        return
    if isinstance(read, dict) and isinstance(written, dict):
        for key in [*read, *(key for key in written if key not in read)]:
            here = (*place, key)
            if key not in written:
                raise IrError(f"a contract has no form of {dotted(here)}", here)
            if key not in read and here not in _OF_THE_WRITER | _ADDED:
                raise IrError(f"{dotted(here)} is missing, which a component has", place)
            if key in read:
                _compare(read[key], written[key], here)
    elif isinstance(read, list) and isinstance(written, list) and len(read) == len(written):
        for index, (item, other) in enumerate(zip(read, written, strict=True)):
            _compare(item, other, (*place, index))
    elif read != written and not _is_same_argument(read, written, place):
        raise IrError(f"{dotted(place)} is {str(read)[:60]!r}, expected {str(written)[:60]!r} for a component", place)


def _is_same_argument(read: Any, written: Any, place: Place) -> bool:  # noqa: ANN401 (any YAML value)
    """Return whether two texts of command or args mean the same argument."""
    return (
        bool({"command", "args"} & set(place))
        and isinstance(read, str)
        and isinstance(written, str)
        # The JSON of a condition may have other spaces, or a single item without a list.
        and read_ir_argument(read) == read_ir_argument(written)
    )


def _only(whole: dict[str, Any], place: Place) -> tuple[str, dict[str, Any]]:
    """Return the only entry of a mapping; a pipeline has several."""
    inner: Any = whole
    for index, key in enumerate(place):
        inner = mapping(mapping(inner, place[:index]).get(cast("str", key)), place[: index + 1])
    if len(inner) != 1:
        raise IrError(f"this is a pipeline: {dotted(place)} has {len(inner)} entries, not one", place)
    ((key, value),) = inner.items()
    return key, mapping(value, (*place, key))
