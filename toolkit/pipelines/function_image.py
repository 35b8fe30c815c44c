"""Build the image of one function of a pipeline's code, for `toolkit.component`.

The function is cut out of its file into the folder `.comp/FILE/FUNCTION` beside it: code, settings, contract, and the
lock of its requirements. The folder is made anew each time, and only what differs is written; so the build of an
unchanged function is a build without changes.
"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.project import Project, read_project
from toolkit.config.settings import COMPONENT_KEYS
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, UsageError
from toolkit.generation import generate, unpinned_image
from toolkit.interface.function import read_function, sanitised
from toolkit.job.build import Milestone, build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.scaffold.folder import NewFolder
from toolkit.scaffold.new import Created, from_functions
from toolkit.spec.pin import pin_image
from toolkit.system import temporary
from toolkit.system.atomic import write_bytes
from toolkit.system.held import held
from toolkit.words import did_you_mean

log = logging.getLogger(__name__)

PLACE = ".comp"
REQUIREMENTS = "requirements"
_CONTRACT = "component.yaml"
# Of a component folder, what decides the image; tests and a README are for authors, and here the file is the author's.
_PARTS = ("pyproject.toml", _CONTRACT, "src")
_VERSION = "0.0.0"


class FunctionRequest(Struct, frozen=True, kw_only=True):
    """A function in a file, and the settings of its component.

    With `images` as `push` or `docker` the image is built, and goes there; if it is empty, it is pushed if the settings
    name a place for it. With `folder` nothing is built.
    """

    path: Path
    function: str
    settings: Mapping[str, Any]
    images: str


class FunctionImage(Struct, frozen=True, kw_only=True):
    """The contract of a function with its image. `from_file` if that is the image in the contract's file.

    `ports` has the names by which KFP knows the inputs that a parameter has another name for.
    """

    contract: Path
    text: str
    from_file: bool
    ports: Mapping[str, str]


def function_image(request: FunctionRequest, environ: Mapping[str, str]) -> FunctionImage:
    """Bring the folder of a function up to date, build its image, and return its contract with that image.

    Raises InputError if the function cannot be a component, and what a build raises.
    """
    name = re.sub(r"[^a-z0-9]+", "-", request.function.lower()).strip("-")
    if not name or not request.function.isascii():
        raise InputError(
            f"{request.function!r} cannot name a component",
            where=Location(path=request.path),
            hint="use letters of ASCII and digits in the function's name",
        )
    _check_settings(request)
    folder = request.path.parent / PLACE / request.path.stem / name
    function = read_function(request.path, request.function, environ)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two pipelines of the file may be compiled at once.
    with held(folder.parent):
        _refresh(request, name, folder, environ)
        project = read_project(folder, environ=environ)
        images = request.images or ("docker" if project.image is None else "push")
        if images == "push":
            _push(project, request, environ)
        contract = folder / _CONTRACT
        text = _loaded(project, environ) if images == "docker" else contract.read_text(encoding="utf-8")
    inputs = [binding for binding in function.bindings if not binding.output]
    ports = {each.parameter: sanitised(each.port) for each in inputs if each.parameter != sanitised(each.port)}
    return FunctionImage(contract=contract, text=text, from_file=images != "docker", ports=ports)


def _check_settings(request: FunctionRequest) -> None:
    """Raise UsageError for a keyword of `component` that is not a setting."""
    known = (REQUIREMENTS, *COMPONENT_KEYS)
    for key in request.settings:
        if key not in known:
            named = [name.replace("-", "_") for name in known]
            raise UsageError(
                f"component({request.function}) has no setting {key.replace('-', '_')!r}",
                hint=did_you_mean(key.replace("-", "_"), named, otherwise=f"known: {', '.join(named)}"),
            )


def _refresh(request: FunctionRequest, name: str, folder: Path, environ: Mapping[str, str]) -> None:
    """Cut the function out of its file anew, and write what differs into its folder."""
    with temporary.folder("function", beside=folder.parent) as place:
        new = NewFolder.checked(name, into=place)
        created = _scaffolded(new, request, environ)
        if created.findings:
            first = created.findings[0]
            raise InputError(first.message, where=first.where, hint=first.help or None)
        for note in created.notes:
            log.debug("%s: %s", request.function, note)
        _set_version(created.folder, environ)
        wanted = _files(created.folder)
        before = _files(folder)
        same = wanted | {_CONTRACT: _with_image_of(before.get(_CONTRACT, b""), wanted[_CONTRACT], folder / _CONTRACT)}
        if same == before:
            # It keeps the pin of its last build.
            return
        for path, data in wanted.items():
            if before.get(path) != data:
                write_bytes(folder / path, data)
        for path in before.keys() - wanted.keys():
            (folder / path).unlink()


def _scaffolded(new: NewFolder, request: FunctionRequest, environ: Mapping[str, str]) -> Created:
    """Make the folder of a function. Raises InputError, for a setting with the function as its place."""
    try:
        return from_functions(new, request.path, [request.function], environ, settings=request.settings)
    except InputError as error:
        if error.where is None or not error.where.path.is_relative_to(new.into.resolve()):
            raise
        # The file is gone when this is read.
        raise InputError(f"component({request.function}): {error.message}", hint=error.hint) from None


def _set_version(folder: Path, environ: Mapping[str, str]) -> None:
    """Make the version one of the content, so that the tags of an image never move to another one."""
    files = _files(folder)
    content = Digest.of(b"\0".join(part for path in sorted(files) for part in (path.encode(), files[path])))
    settings = folder / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    version = f'version = "{_VERSION}+{content.hex[:12]}"'
    settings.write_text(text.replace('version = "0.1.0"', version, 1), encoding="utf-8")
    # Anew, since a contract that is there keeps its image.
    (folder / _CONTRACT).unlink()
    generate(read_project(folder, environ={}), environ)


def _with_image_of(old: bytes, new: bytes, path: Path) -> bytes:
    """Return the contract `new` with the image of `old`; as it is if that has none."""
    match = re.search(r"^ +image: (\S+)$", old.decode(errors="replace"), re.MULTILINE)
    return pin_image(new.decode(), match[1], path).encode() if match else new


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files that decide an image, by their paths in the folder."""
    paths = (path for part in _PARTS for path in ((folder / part).rglob("*") if part == "src" else [folder / part]))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _push(project: Project, request: FunctionRequest, environ: Mapping[str, str]) -> None:
    """Build and push an image, and pin the contract."""
    if project.image is None:
        raise InputError(
            f"no image name for the function {request.function!r}",
            hint=f'set COMP_IMAGE_PREFIX=HOST/PATH, or component(image="HOST/PATH/{project.name}");'
            " --no-push keeps it on this machine",
        )
    _build(BuildRequest(folder=project.folder, push=True), environ)


def _loaded(project: Project, environ: Mapping[str, str]) -> str:
    """Build an image and load it into docker, unless it is there, and return the contract with its name."""
    from toolkit.engines.docker import connect, has_image

    name = unpinned_image(project)
    # The version is one of the content, so this name stands for one image.
    if not has_image(connect(environ), name):
        _build(BuildRequest(folder=project.folder, output="docker"), environ)
    contract = project.entries[0].contract
    return pin_image(contract.read_text(encoding="utf-8"), name, contract)


def _build(request: BuildRequest, environ: Mapping[str, str]) -> None:
    """Build an image, and report it unless nothing has changed."""
    milestones: list[Milestone] = []
    build(request, BuildContext(environ=environ), milestones.append)
    if not any(milestone.kind == "unchanged" for milestone in milestones):
        log.info(
            "built %s", next(milestone.value for milestone in milestones if milestone.kind in {"written", "image"})
        )
