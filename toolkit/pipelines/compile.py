"""Compile a pipeline: by kfp's compiler in a process of its own, with every image by digest, and a lock."""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.forms.kfp_server import server_problems
from toolkit.forms.kfp_values import constant_problems, default_problems
from toolkit.pipelines.declarations import with_declarations
from toolkit.pipelines.images import ImageSite, image_sites, is_pinned, pinned, resolved
from toolkit.pipelines.kfp_process import Answer, Images, Request, ask, kfp_python
from toolkit.pipelines.lock import PipelineLock, differences, lock_path, read_lock, write_lock
from toolkit.pipelines.used import declared_executors, used_components
from toolkit.redaction import hide_in_data
from toolkit.registry.consuming.lock import mirrors_above
from toolkit.system.held import held

if TYPE_CHECKING:
    from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CompileOptions(Struct, frozen=True, kw_only=True):
    """How to compile. `type_check`, `disable_caching` and `manifest` are options of `kfp dsl compile`.

    `manifest` are those of a Kubernetes manifest, None for plain IR. `locked` refuses what differs from the lock,
    `upgrade` asks the remotes for every tag again, `allow_tags` keeps tags that the lock does not have, and asks no
    remote. `images` says what becomes of the pipeline's own functions: their images are pushed, or loaded into docker,
    or only their folders are brought up to date; the latter two keep tags, for runs on this machine.
    """

    type_check: bool = True
    disable_caching: bool = False
    manifest: Mapping[str, object] | None = None
    locked: bool = False
    upgrade: bool = False
    allow_tags: bool = False
    images: Images = "push"

    @property
    def may_have_tags(self) -> bool:
        """Whether images may stay without a digest."""
        return self.allow_tags or self.images != "push"


class Compiled(Struct, frozen=True, kw_only=True):
    """A compiled pipeline: its text, its function's name in `path` and those of the others there, and what it uses.

    `changes` say how that differs from the lock as it was; empty if there was no lock.
    """

    path: Path
    function: str
    functions: tuple[str, ...]
    text: str
    used: PipelineLock
    changes: tuple[str, ...] = ()


def compile_pipeline(
    path: Path,
    *,
    function: str | None = None,
    parameters: Mapping[str, object] | None = None,
    python: Path | None = None,
    options: CompileOptions | None = None,
    environ: Mapping[str, str] | None = None,
) -> Compiled:
    """Compile the pipeline in the file at `path`, and write nothing.

    `function` names it if the file has several, `parameters` are values of its inputs, and `python` is an interpreter
    that has kfp. Raises InputError for what is wrong with the pipeline, with its file and line,
    OutsideError if a remote or kfp's process fails.
    """
    options = options or CompileOptions()
    environ = os.environ if environ is None else environ
    if path.suffix != ".py" or not path.is_file():
        raise InputError(
            f"{path} is not a Python file" if path.exists() else f"{path} does not exist",
            hint="give the file that defines the pipeline; what is compiled already runs as it is",
        )
    lock = lock_path(path)
    locks = read_lock(lock)
    request = Request(
        path=path,
        function=function,
        parameters=parameters or {},
        type_check=options.type_check,
        disable_caching=options.disable_caching,
        manifest=options.manifest,
        images=options.images,
        locked=options.locked,
    )
    answer = ask(kfp_python(python, environ), request, environ)
    _check_defaults(path, answer)
    locked = locks.get(answer.function)
    if options.locked and locked is None:
        raise _refused_by(lock, f"the lock has no pipeline {answer.function!r}")
    document = next(yaml.load_all(answer.ir, Loader=_Loader))
    check_for_server(path, document)
    used, pins = _used(path, document, answer, locked or PipelineLock(), options, environ)
    changes = tuple(differences(locked, used)) if locked else ()
    if options.locked and changes:
        raise _refused_by(lock, f"the pipeline differs from its lock: {'; '.join(changes)}")
    text = answer.ir if answer.manifest is None else answer.manifest
    text = pinned(text, image_sites(text, path), pins)
    text = with_declarations(text, declared_executors(document, answer))
    _check_secrets(path, text, environ)
    return Compiled(
        path=path,
        function=answer.function,
        functions=answer.functions,
        text=text,
        used=used,
        changes=changes,
    )


def update_lock(compiled: Compiled) -> Path | None:
    """Write what a pipeline uses into the lock beside it; return its path if it changed.

    Pipelines that the file has no longer are dropped.
    """
    path = lock_path(compiled.path)
    # Another pipeline of the file may be compiled at the same time.
    with held(path.absolute().parent):
        others = {name: used for name, used in read_lock(path).items() if name in compiled.functions}
        changed = write_lock(path, {**others, compiled.function: compiled.used})
    return path if changed else None


def _used(
    path: Path,
    document: Mapping[str, Any],
    answer: Answer,
    locked: PipelineLock,
    options: CompileOptions,
    environ: Mapping[str, str],
) -> tuple[PipelineLock, dict[str, str]]:
    """Return what a pipeline uses, for its lock, and its images with their references by digest."""
    components = used_components(path, document, answer)
    if not options.may_have_tags:
        for component in components:
            component.check_image()
    pins = _pins(path, image_sites(answer.ir, path), locked, options, environ)
    tags = {image: pin for image, pin in pins.items() if not is_pinned(image)}
    return PipelineLock(components=tuple(component.locked(pins) for component in components), images=tags), pins


def _pins(
    path: Path,
    sites: tuple[ImageSite, ...],
    locked: PipelineLock,
    options: CompileOptions,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Return each image of a pipeline with its reference by digest; tags that may stay are left out.

    A digest that the lock has is taken without asking the remote, and a mirror that `components.lock` has for an image
    takes its place.
    """
    known = {} if options.upgrade else locked.images
    # The images of copies are those of their registry, and `comp mirror` may have moved them.
    mirrors = mirrors_above(path.parent)
    remote: Remote | None = None
    pins: dict[str, str] = {}
    for site in sites:
        image, where = site.image, Location(path=path)
        if image in pins:
            continue
        if is_pinned(image):
            pins[image] = mirrors.get(image, image)
        elif image in known:
            pins[image] = known[image]
        elif options.may_have_tags:
            continue
        elif "{{" in image:
            raise InputError(
                f"the image of {site.executor.removeprefix('exec-')} is an input of the pipeline: {image}",
                where=where,
                hint="an image by digest has to be known here: write it into the component, or add --allow-tags",
            )
        elif options.locked:
            raise _refused_by(lock_path(path), f"the image {image} is not in the lock")
        else:
            remote = remote or _remote(environ)
            pins[image] = resolved(image, remote.head, where)
    return pins


def _refused_by(lock: Path, message: str) -> InputError:
    """Return the error for what --locked refuses."""
    hint = "compile without --locked to take the changes, and commit the lock"
    return InputError(message, where=Location(path=lock), hint=hint)


def _remote(environ: Mapping[str, str]) -> "Remote":
    """Return the client of distribution servers, whose import takes as long as all else here."""
    from toolkit.remote.client import Remote

    return Remote(environ=environ)


def _check_defaults(path: Path, answer: Answer) -> None:
    """Raise InputError for a default of the pipeline's inputs that kfp would write as unreadable YAML."""
    for name, default in answer.defaults.items():
        for problem in default_problems(default):
            raise InputError(
                f"the default of the pipeline's input {name!r} cannot be compiled: {problem.message}",
                where=Location(path=path, line=answer.line),
                hint=problem.help,
            )


def check_for_server(path: Path, document: Mapping[str, Any]) -> None:
    """Raise InputError for constants in a pipeline that KFP's server would refuse or change.

    Steps that the server cannot start are warnings: kfp's own runners, and later servers, run them.
    """
    for problem in server_problems(document):
        log.warning("%s; %s", problem.message, problem.help)
    dags = {"root": document.get("root", {}), **document.get("components", {})}
    for dag in dags.values():
        for task, step in dag.get("dag", {}).get("tasks", {}).items():
            for name, value in step.get("inputs", {}).get("parameters", {}).items():
                for text in _texts(value.get("runtimeValue", {}).get("constant")):
                    for problem in constant_problems(text):
                        raise InputError(
                            f"the value of {task}'s input {name!r} does not arrive: {problem.message}",
                            where=Location(path=path),
                            hint=problem.help,
                        )


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _check_secrets(path: Path, text: str, environ: Mapping[str, str]) -> None:
    """Raise InputError if a compiled pipeline holds a secret: it is committed, uploaded, and shown to every user."""
    for number, (line, hidden) in enumerate(
        zip(text.splitlines(), hide_in_data(text).splitlines(), strict=False), start=1
    ):
        if line == hidden:
            continue
        names = [name for name, value in environ.items() if value in text and hide_in_data(value) != value]
        source = f"the value of {names[0]}" if names else f"what looks like a secret, {hidden.strip()!r}"
        raise InputError(
            f"the compiled pipeline would hold {source}, in its line {number}",
            where=Location(path=path),
            hint="name a secret of the cluster instead: kfp-kubernetes has use_secret_as_env",
        )
