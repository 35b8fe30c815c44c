"""From a component, a base and wheels to a plan: which layers, in which order, with which config."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from toolkit import launcher
from toolkit.builders.code import Code, component_code
from toolkit.builders.metadata import metadata_of, source_date
from toolkit.builders.plan import BytecodeLayer, FilesLayer, Installed, Plan, PlannedLayer, WheelsLayer
from toolkit.config.project import EntryPoint, Project
from toolkit.errors import InputError
from toolkit.image_paths import APP, INTERFACE, LAUNCHER, PYTHON, VENV, absolute
from toolkit.interface.function import read_function
from toolkit.interface.model import Function, Interface
from toolkit.oci.descriptor import Platform
from toolkit.oci.file import File
from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.python.target import Base
from toolkit.python.users import DEFAULT_USER, by_number, is_number, is_root
from toolkit.spec.protocol import SAFE_PATH_SINCE, interface_document
from toolkit.spec.reader import read_component
from toolkit.wheels.bytecode.compiling import compiled_path
from toolkit.wheels.splice import parts_of
from toolkit.wheels.venv import skeleton
from toolkit.wheels.wheel import Wheel

_log = logging.getLogger(__name__)

# A wheel of more bytes gets its own layer, which other components with the same pin share.
BIG_WHEEL = 1_000_000
# Docker takes 125 layers in all; some are left for images built on ours.
_DOCKERS_LIMIT = 125
_MANY_LAYERS = 90

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EPOCH = "1970-01-01T00:00:00Z"


def make_plan(
    project: Project,
    base: Base,
    installed: Installed,
    *,
    environ: Mapping[str, str],
    code: Code | None = None,
) -> Plan:
    """Plan the image of `project` on one base; equal arguments and files give equal plans.

    The component's `code` is read now unless it is given. SOURCE_DATE_EPOCH is read from `environ`. Raises
    InputError if the base does not fit the project, or the code cannot be read.
    """
    config = base.image.parsed_config()
    platform = _platform(base)
    created = source_date(environ) or str(config.get("created") or _EPOCH)
    metadata = metadata_of(project, created, base)
    # From what changes least to what changes most: an edit of the code leaves all layers below as they are.
    layers: tuple[PlannedLayer, ...] = (
        _skeleton_layer(project, base.facts),
        *installed.layers,
        *_bytecode_layers(installed),
        code_layer(project, environ, code),
    )
    _check_count(len(base.image.layers), len(layers), base.reference)
    return Plan(
        base=base.image,
        base_reference=base.reference,
        base_found=base.found,
        system=base.system,
        facts=base.facts,
        platform=platform,
        layers=layers,
        command=(absolute(PYTHON), *(("-P",) if safe_path(base.facts) else ()), absolute(LAUNCHER)),
        # Unbuffered, so that a step's log is whole even if the step is killed, for example for its memory.
        env={"PATH": f"{absolute(VENV)}/bin:{_base_path(config)}", "PYTHONUNBUFFERED": "1"},
        # Docker manifests have no annotations, so labels hold the same.
        labels=metadata,
        annotations=metadata,
        created=created,
        user=_user(project, base),
        estargz=project.estargz,
        incomplete=installed.incomplete,
    )


def safe_path(facts: BaseFacts) -> bool:
    """Return whether the base's Python knows `-P`."""
    return int(facts.minor.removeprefix("3.")) >= SAFE_PATH_SINCE


def _skeleton_layer(project: Project, facts: BaseFacts) -> FilesLayer:
    """Return the layer of the virtual environment and the launcher."""
    files = list(skeleton(facts, system_site_packages=project.system_site_packages))
    files.append(File(path=LAUNCHER, content=launcher.source()))
    return FilesLayer(name="launcher and virtual environment", files=_in_order(files))


def wheel_layers(wheels: Sequence[Wheel], base: Image) -> list[WheelsLayer]:
    """Return a layer for each big wheel, below one layer of all the others; names decide the order.

    The order of the layers, and of the wheels in them, is that of the image from bottom to top: of two wheels with
    one file the later's stays.
    """
    ordered = sorted(wheels, key=lambda wheel: (_distribution(wheel), wheel.filename))
    # The largest first: they are worth most as layers that components share.
    by_size = sorted((wheel for wheel in ordered if wheel.size > BIG_WHEEL), key=lambda wheel: -wheel.size)
    big = {wheel.filename for wheel in by_size[: max(0, _room(base))]}
    layers = [layer for wheel in ordered if wheel.filename in big for layer in _layers_of(wheel)]
    small = tuple(wheel for wheel in ordered if wheel.filename not in big)
    if small:
        count = f"{len(small)} wheels" if len(small) > 1 else _distribution(small[0])
        layers.append(WheelsLayer(name=count, wheels=small))
    return layers


def _layers_of(wheel: Wheel) -> Iterator[WheelsLayer]:
    """Yield the layer of a big wheel, or several if it is too big for one."""
    name, parts = _distribution(wheel), parts_of(wheel)
    if parts == 1:
        yield WheelsLayer(name=name, wheels=(wheel,))
        return
    for part in range(parts):
        yield WheelsLayer(name=f"{name}, part {part + 1} of {parts}", wheels=(wheel,), part=part)


def _room(base: Image) -> int:
    """Count the big wheels that fit with two layers each; four layers are for small wheels, launcher and code."""
    return (_MANY_LAYERS - 1 - len(base.layers) - 4) // 2


def _bytecode_layers(installed: Installed) -> Iterator[BytecodeLayer]:
    """Yield a layer of bytecode for each layer of wheels: images that share one share the other."""
    compiled = {part.wheel: part for part in installed.bytecode if not part.is_empty}
    for layer in installed.layers:
        # The first part has the bytecode of the whole wheel.
        if layer.part:
            continue
        parts = tuple(compiled[wheel.filename] for wheel in layer.wheels if wheel.filename in compiled)
        names = {wheel.filename for wheel in layer.wheels}
        replaced = frozenset((one.loser, compiled_path(one.path)) for one in installed.collisions if one.loser in names)
        if parts:
            yield BytecodeLayer(name=f"bytecode of {layer.name.partition(',')[0]}", parts=parts, left_out=replaced)


def _check_count(below: int, ours: int, base_reference: str) -> None:
    """Refuse an image with more layers than docker can run, and warn if few more fit on top."""
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
    """Return the normalised name of a wheel's distribution."""
    return canonicalize_name(wheel.filename.partition("-")[0])


def code_layer(project: Project, environ: Mapping[str, str], code: Code | None = None) -> FilesLayer:
    """Lay out the component's own code, read now unless it is given, and `interface.json`.

    Code for a newer Python than the running one is parsed by one that `environ` leads to.
    """
    files = list((code or component_code(project)).files)
    interface = interface_file(project, environ, files)
    if not files:
        # The launcher runs programs in this folder, so it has to exist.
        files.append(File(path=f"{APP}/.keep"))
    files.append(interface)
    return FilesLayer(name="code", files=_in_order(files))


def interface_file(project: Project, environ: Mapping[str, str], files: Sequence[File]) -> File:
    """Return what the launcher reads: the interfaces of the component's functions, which are among its `files`.

    Those of programs are in their contracts.
    """
    interfaces = [(entry.name, _interface(project, entry, files, environ)) for entry in project.entries]
    return File(path=INTERFACE, content=interface_document(interfaces))


def _interface(
    project: Project, entry: EntryPoint, files: Sequence[File], environ: Mapping[str, str]
) -> Function | Interface:
    """Read the interface of one component for the launcher, from its code or from its contract."""
    if entry.entrypoint is None:
        return read_component(entry.contract).interface
    path, name = project.module_of(entry)
    # The settings may leave it out of the image.
    if f"{APP}/{path.relative_to(project.source_folder).as_posix()}" not in {file.path for file in files}:
        raise project.missing_module(entry)
    return replace(read_function(path, name, environ), module=entry.entrypoint.partition(":")[0])


def _in_order(files: Sequence[File]) -> tuple[File, ...]:
    """Return files in order of path, which a layer's digest depends on."""
    return tuple(sorted(files, key=lambda file: file.path))


def _user(project: Project, base: Base) -> str:
    """Return the user of the settings, else of the base, else no user in particular; by number."""
    user = by_number(project.user or base.facts.user or DEFAULT_USER, base.facts.users, base.facts.groups)
    if not is_number(user):
        _log.warning(
            "the base %s has no user %s in its /etc/passwd, and Kubernetes does not start a user without a number that"
            " must not be root: set `user` in [tool.comp] to a number",
            base.reference,
            user,
        )
    elif is_root(user) and not project.user:
        _log.warning(
            "the image runs as root, as its base %s: clusters that demand other users refuse it; set `user` in"
            ' [tool.comp], to "%s" or to "root"',
            base.reference,
            DEFAULT_USER,
        )
    return user


def _platform(base: Base) -> Platform:
    """Return the platform of the base's image, which may name a variant that the settings leave open."""
    wanted, actual = base.target.platform, base.image.platform
    variant_differs = wanted.variant is not None and wanted.variant != actual.variant
    if (wanted.os, wanted.architecture) != (actual.os, actual.architecture) or variant_differs:
        raise InputError(
            f"the base {base.reference} is for {actual}, the component wants {wanted}",
            hint="choose a base of that platform, or change `platforms` in [tool.comp]",
        )
    return actual


def _base_path(config: Mapping[str, Any]) -> str:
    """Return the PATH of the base, or the usual one if it has none."""
    lines = (config.get("config") or {}).get("Env") or []
    paths = [line.removeprefix("PATH=") for line in lines if line.startswith("PATH=")]
    return paths[-1] if paths else _DEFAULT_PATH
