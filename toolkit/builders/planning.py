"""From a component, a base and wheels to a plan: which layers, in which order, with which config."""

import logging
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from toolkit import launcher
from toolkit.builders.code import APP, Code, component_code
from toolkit.builders.plan import PREFIX, BytecodeLayer, FilesLayer, Installed, Plan, PlannedLayer, WheelsLayer
from toolkit.config import Entry, Project
from toolkit.errors import InputError, Location
from toolkit.files import File
from toolkit.interface.function import read_function
from toolkit.interface.model import Function, Interface
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import parse_reference
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode.compiling import compiled_path
from toolkit.python.install import VENV
from toolkit.python.splice import parts_of
from toolkit.python.venv import skeleton
from toolkit.python.wheels import Wheel
from toolkit.redaction import hide_in_data
from toolkit.spec.protocol import interface_document
from toolkit.spec.reader import read_component

_log = logging.getLogger(__name__)

PYTHON = f"/{VENV}/bin/python"
LAUNCHER = f"/{PREFIX}/launch.py"

# A wheel of more bytes gets a layer of its own, which other components with the same pin share.
BIG_WHEEL = 1_000_000
# Docker takes 125 layers in all; some are left for images built on ours.
_DOCKERS_LIMIT = 125
_MANY_LAYERS = 90

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EPOCH = "1970-01-01T00:00:00Z"
_SAFE_PATH_SINCE = (3, 11)


def make_plan(
    project: Project,
    base: Image,
    base_reference: str,
    facts: BaseFacts,
    installed: Installed,
    *,
    platform: Platform,
    environ: Mapping[str, str],
    code: Code | None = None,
) -> Plan:
    """Plan the image of `project` for one platform; equal arguments and files give equal plans.

    The component's `code` is read now unless it is given. Of `environ` only SOURCE_DATE_EPOCH counts. Raises
    InputError when base and project do not go together, or when the code cannot be read.
    """
    config = base.parsed_config()
    found = _platform(platform, base, base_reference)
    check_python(project, facts, base_reference)
    created = _created(config, environ)
    metadata = _metadata(project, base, base_reference, created)
    of_wheels = wheel_layers(installed.wheels, base)
    layers: tuple[PlannedLayer, ...] = (
        _skeleton_layer(project, facts),
        *of_wheels,
        *_bytecode_layers(of_wheels, installed),
        code_layer(project, code),
    )
    _check_count(len(base.layers), len(layers), base_reference)
    return Plan(
        base=base,
        base_reference=base_reference,
        facts=facts,
        platform=found,
        layers=layers,
        command=(PYTHON, *(("-P",) if safe_path(facts) else ()), LAUNCHER),
        # Unbuffered: what a step has printed is in its log when it is killed, for memory say.
        env={"PATH": f"/{VENV}/bin:{_base_path(config)}", "PYTHONUNBUFFERED": "1"},
        labels=metadata,
        annotations=metadata,
        created=created,
        user=project.user,
        estargz=project.estargz,
        incomplete=installed.incomplete,
    )


def safe_path(facts: BaseFacts) -> bool:
    """Tell whether the base's Python knows `-P`."""
    major, minor = facts.minor.split(".")
    return (int(major), int(minor)) >= _SAFE_PATH_SINCE


def _skeleton_layer(project: Project, facts: BaseFacts) -> FilesLayer:
    environment = skeleton(facts, system_site_packages=project.system_site_packages)
    files = [
        File(path=file.path, data=file.data, target=file.target, mode=0o644 if file.target is None else 0o777)
        for file in environment
    ]
    files.append(File(path=LAUNCHER[1:], data=launcher.source()))
    return FilesLayer(name="launcher and virtual environment", files=_in_order(files))


def wheel_layers(wheels: Sequence[Wheel], base: Image) -> list[WheelsLayer]:
    """Give big wheels layers of their own, below one layer of all the others; names decide the order.

    The order of the layers, and of the wheels in them, is that of the image from bottom to top: of two wheels with
    one file the later's stays.
    """
    ordered = sorted(wheels, key=lambda wheel: (_distribution(wheel), wheel.filename))
    by_size = sorted((wheel for wheel in ordered if wheel.size > BIG_WHEEL), key=lambda wheel: -wheel.size)
    big = {wheel.filename for wheel in by_size[: max(0, _room(base))]}
    layers = [layer for wheel in ordered if wheel.filename in big for layer in _layers_of(wheel)]
    small = tuple(wheel for wheel in ordered if wheel.filename not in big)
    if small:
        count = f"{len(small)} wheels" if len(small) > 1 else _distribution(small[0])
        layers.append(WheelsLayer(name=count, wheels=small))
    return layers


def _layers_of(wheel: Wheel) -> Iterator[WheelsLayer]:
    """Give a big wheel its layer, or several where it is too big for one."""
    name, parts = _distribution(wheel), parts_of(wheel)
    if parts == 1:
        yield WheelsLayer(name=name, wheels=(wheel,))
        return
    for part in range(parts):
        yield WheelsLayer(name=f"{name}, part {part + 1} of {parts}", wheels=(wheel,), part=part)


def _room(base: Image) -> int:
    """Count the big wheels that may have two layers, one for bytecode; four are for small ones, launcher and code."""
    return (_MANY_LAYERS - 1 - len(base.layers) - 4) // 2


def _bytecode_layers(layers: Sequence[WheelsLayer], installed: Installed) -> Iterator[BytecodeLayer]:
    """Give the bytecode of each layer of wheels a layer of its own, which is shared wherever that is."""
    compiled = {part.wheel: part for part in installed.bytecode if not part.is_empty}
    for layer in layers:
        if layer.part:
            continue
        parts = tuple(compiled[wheel.filename] for wheel in layer.wheels if wheel.filename in compiled)
        names = {wheel.filename for wheel in layer.wheels}
        replaced = frozenset((one.loser, compiled_path(one.path)) for one in installed.collisions if one.loser in names)
        if parts:
            yield BytecodeLayer(name=f"bytecode of {layer.name.partition(',')[0]}", parts=parts, left_out=replaced)


def _check_count(below: int, ours: int, base_reference: str) -> None:
    """Refuse an image that docker could not run, and warn of one on which little more can be built."""
    total = below + ours
    made_of = f"{total} layers, {below} of them the base's; Docker takes {_DOCKERS_LIMIT}"
    if total > _DOCKERS_LIMIT:
        raise InputError(
            f"on the base {base_reference}, the image would have {made_of}",
            hint="choose a base of fewer layers, or squash this one",
        )
    if total >= _MANY_LAYERS:
        _log.warning("the image has %s", made_of)


def _distribution(wheel: Wheel) -> str:
    return canonicalize_name(wheel.filename.partition("-")[0])


def code_layer(project: Project, code: Code | None = None) -> FilesLayer:
    """Lay out the component's own code, read now unless it is given, and `interface.json`."""
    files = list((code or component_code(project)).files)
    interfaces = [(entry.name, _interface(project, entry, files)) for entry in project.entries]
    if not files:
        # The launcher runs programs in this folder, so it has to exist.
        files.append(File(path=f"{APP}/.keep", data=b""))
    files.append(File(path=f"{PREFIX}/interface.json", data=interface_document(interfaces)))
    return FilesLayer(name="code", files=_in_order(files))


def _interface(project: Project, entry: Entry, files: Sequence[File]) -> Function | Interface:
    """Read what the launcher has to know of one component, from its code or from its contract."""
    if entry.entrypoint is None:
        return read_component(entry.contract).interface
    module, _, name = entry.entrypoint.partition(":")
    return replace(read_function(_module(project, entry, module, files), name), module=module)


def _module(project: Project, entry: Entry, module: str, files: Sequence[File]) -> Path:
    stem = module.replace(".", "/")
    present = {file.path for file in files}
    for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
        if f"{APP}/{candidate}" in present:
            return project.source_folder / candidate
    raise InputError(
        f"the module {module!r} of the entry point {entry.entrypoint!r} is not in {project.source_folder}",
        where=Location(path=project.pyproject),
        hint=f"expected the file {stem}.py there",
    )


def _in_order(files: Sequence[File]) -> tuple[File, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def _platform(wanted: Platform, base: Image, base_reference: str) -> Platform:
    found = base.platform
    variant_differs = wanted.variant is not None and wanted.variant != found.variant
    if (wanted.os, wanted.architecture) != (found.os, found.architecture) or variant_differs:
        raise InputError(
            f"the base {base_reference} is for {found}, the component wants {wanted}",
            hint="choose a base of that platform, or change `platforms` in [tool.comp]",
        )
    return found


def check_python(project: Project, facts: BaseFacts, base_reference: str) -> None:
    """Raise InputError unless the base's Python is one that the component runs on."""
    if project.requires_python and not SpecifierSet(project.requires_python).contains(facts.version, prereleases=True):
        raise InputError(
            f"the base {base_reference} has Python {facts.version}, the component requires {project.requires_python}",
            where=Location(path=project.pyproject),
            hint="choose another base, or change `requires-python`",
        )


def _base_path(config: Mapping[str, Any]) -> str:
    lines = (config.get("config") or {}).get("Env") or []
    paths = [line.removeprefix("PATH=") for line in lines if line.startswith("PATH=")]
    return paths[-1] if paths else _DEFAULT_PATH


def _created(config: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Take SOURCE_DATE_EPOCH, else the base's time: never now."""
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return str(config.get("created") or _EPOCH)
    try:
        moment = datetime.fromtimestamp(int(text), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970",
            hint="unset it, or set it to a whole number",
        ) from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _metadata(project: Project, base: Image, base_reference: str, created: str) -> dict[str, str]:
    """Describe the image in the keys of the OCI image specification (annotations.md)."""
    urls = {label.lower().replace("-", "").replace(" ", ""): url for label, url in project.urls}
    values = {
        "title": project.entries[0].title or project.name,
        "description": project.description,
        "version": project.version,
        "licenses": project.license,
        "authors": ", ".join(project.authors),
        "source": _first(urls, "source", "sourcecode", "repository", "github"),
        "url": _first(urls, "homepage"),
        "documentation": _first(urls, "documentation", "docs"),
        "created": created,
        "base.name": _base_name(base_reference),
        "base.digest": str(base.digest),
    }
    return {f"org.opencontainers.image.{key}": hide_in_data(value) for key, value in values.items() if value}


def _first(urls: Mapping[str, str], *labels: str) -> str | None:
    return next((urls[label] for label in labels if label in urls), None)


def _base_name(base_reference: str) -> str | None:
    """Name the base in full; a base that is a file has no name that means anything elsewhere."""
    if posixpath.isabs(base_reference) or base_reference.startswith(("layout:", "archive:")):
        return None
    reference = parse_reference(base_reference)
    return f"{reference.name}:{reference.tag}" if reference.tag else reference.name
