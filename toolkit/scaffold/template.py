"""Cookiecutter templates: built-in ones, and users' own in a folder, a git repository or a zip file."""

import hashlib
import json
import logging
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import CONTRACT_SIZE, TEMPLATE_SIZE
from toolkit.redaction import without_login
from toolkit.resources import resource
from toolkit.system import temporary
from toolkit.system.reading import read_foreign

_GIT = re.compile(r"git\+(?P<url>.+?)(?:@(?P<ref>[^@/:]+))?$")
_NAMES = ("name", "project_name", "component_name")
_FOLDERS = ("folder", "project_slug", "slug", "repo_name", "directory_name")
_HOOKS = ("pre_prompt", "pre_gen_project", "post_gen_project")


class Template(Struct, frozen=True, kw_only=True):
    """A template on this machine: its folder, the name that its users give it, and its questions with defaults."""

    folder: Path
    name: str
    questions: Mapping[str, Any]

    @property
    def hooks(self) -> tuple[str, ...]:
        """The programs that it runs before and after its files are made."""
        folder = self.folder / "hooks"
        return tuple(sorted(path.name for path in folder.iterdir() if path.stem in _HOOKS)) if folder.is_dir() else ()

    @property
    def programs(self) -> tuple[str, ...]:
        """Everything of it that runs on this machine: hooks, and extensions of Jinja."""
        from toolkit.scaffold.rendering import failing, programs_of

        with failing(self.name):
            return (*self.hooks, *programs_of(self.questions))

    def answers(self, name: str, folder: str, given: Mapping[str, str], *, consent: bool = False) -> dict[str, Any]:
        """Return every answer: the component's name and folder, those in `given`, and defaults.

        Defaults are rendered with the answers before them; `consent` lets the template's extensions run. Raises
        InputError for an answer without a question.
        """
        unknown = sorted(set(given) - set(self.questions))
        if unknown:
            raise InputError(
                f"the template {self.name} does not ask for {unknown[0]!r}",
                hint=f"it asks for: {', '.join(key for key in self.questions if not key.startswith('_'))}",
            )
        own: dict[str, str] = {}
        for keys, value in ((_NAMES, name), (_FOLDERS, folder)):
            asked = [key for key in keys if key in self.questions and key not in given]
            own |= dict.fromkeys(asked[:1], value)
        return self._answered({**own, **given}, consent=consent)

    def answers_again(self, recorded: Mapping[str, Any], *, consent: bool) -> dict[str, Any]:
        """Return every answer for a recorded folder; how a template works is never the record's decision."""
        internal = self.name in shipped()
        known = {
            key: value
            for key, value in recorded.items()
            if key in self.questions and (internal or not key.startswith("_"))
        }
        return self._answered(known, consent=consent)

    def _answered(self, known: Mapping[str, Any], *, consent: bool) -> dict[str, Any]:
        from toolkit.scaffold.rendering import Renderer, failing

        answers: dict[str, Any] = {}
        with failing(self.name):
            renderer = Renderer(self.folder, self.questions, consent=consent)
        for key, default in self.questions.items():
            if key.startswith("_") and (not key.startswith("__") or key == "__prompts__"):
                answers[key] = known.get(key, default)
                continue
            with failing(self.name):
                skip = key in known and not isinstance(default, list)
                value = default if skip else renderer.value(default, answers)
            choices = value if isinstance(value, list) and value else None
            answers[key] = known.get(key, choices[0] if choices else value)
            if choices and answers[key] not in choices:
                listed = ", ".join(map(str, choices))
                raise InputError(f"{key} is {answers[key]!r}", hint=f"the template {self.name} knows: {listed}")
        return answers


@contextmanager
def opened(name: str) -> Iterator[Template]:
    """Open a template: the name of a built-in one, a folder, `git+URL[@REF]`, or `FILE.zip[::FOLDER]`.

    A fetched template is removed when the block ends. Raises InputError if it is missing or is not a template, and
    OutsideError if it cannot be fetched.
    """
    with temporary.folder("template") as fetched:
        folder = _fetched(name, fetched)
        yield Template(folder=folder, name=name, questions=_questions(folder, name))


def as_recorded(name: str, folder: Path) -> str:
    """Return a template's name for the record of `folder`: a path is relative to the folder, so that both may move.

    An address loses its login: the record is committed, and the next fetch uses git's own credentials.
    """
    if _is_elsewhere(name):
        return without_login(name)
    archive, inside = name.partition("::")[::2]
    return os.path.relpath(archive, folder) + (f"::{inside}" if inside else "")


def from_record(name: str, folder: Path) -> str:
    """Return the name that `opened` takes for one that `as_recorded` returned."""
    if _is_elsewhere(name):
        return name
    archive, inside = name.partition("::")[::2]
    return os.path.normpath(folder / archive) + (f"::{inside}" if inside else "")


def _is_elsewhere(name: str) -> bool:
    return name in shipped() or _GIT.match(name) is not None or name.endswith(".git")


def shipped() -> tuple[str, ...]:
    """Return the names of the built-in templates."""
    return tuple(sorted(path.name for path in resource("templates").iterdir() if path.is_dir()))


@cache
def revision_of(name: str) -> str:
    """Return what changes with the files of a built-in template; empty for other templates, which may be far away."""
    if name not in shipped():
        return ""
    hashed, folder = hashlib.sha256(), resource("templates", name)
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        content = path.read_bytes()
        # The lengths keep the end of one file apart from the begin of the next.
        hashed.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()[:12]


def rendered(template: Template, answers: Mapping[str, Any], into: Path, *, hooks: bool) -> Path:
    """Render a template below `into` and return the new folder; with `hooks` its programs run.

    Raises InputError for a template that does not render, writes outside of its folder, or has a hook that fails.
    """
    from toolkit.scaffold.rendering import Renderer, checked_folder, failing

    # cookiecutter logs errors before it raises them.
    logging.getLogger("cookiecutter").setLevel(logging.CRITICAL)
    with failing(template.name):
        checked_folder(template.folder)
        renderer = Renderer(template.folder, template.questions, consent=hooks)
        source = _templated(template)
        rendering = renderer.folder(source, answers, into)
        if hooks:
            _run_hook(template, "pre_gen_project", answers, rendering)
        renderer.files(source, answers, rendering)
        if hooks:
            _run_hook(template, "post_gen_project", answers, rendering)
    folder = rendering.resolve()
    if not folder.is_relative_to(into.resolve()) or folder == into.resolve():
        raise InputError(f"the template {template.name} writes outside of its folder", hint="it was not used")
    return folder


def _templated(template: Template) -> Path:
    """Return the folder of the template's files, whose name is an expression."""
    options = template.questions.get("_jinja2_env_vars") or {}
    begin = options.get("variable_start_string", "{{")
    for path in sorted(template.folder.iterdir()):
        if "cookiecutter" in path.name and begin in path.name:
            if path.is_dir():
                return path
            break
    raise InputError("it has no folder such as {{cookiecutter.name}}")


def _run_hook(template: Template, hook: str, answers: Mapping[str, Any], made: Path) -> None:
    from cookiecutter.hooks import run_hook_from_repo_dir

    context = {"cookiecutter": dict(answers), "_cookiecutter": dict(answers)}
    run_hook_from_repo_dir(str(template.folder), hook, str(made.absolute()), context, delete_project_on_failure=False)


def _fetched(name: str, temporary: Path) -> Path:
    """Return the folder of a template, which is cloned or unpacked into `temporary` if need be."""
    if name in shipped():
        return resource("templates", name)
    archive, _, inside = name.partition("::")
    git = _GIT.match(name)
    if git or name.endswith(".git"):
        url, ref = (git["url"], git["ref"]) if git else (name, None)
        if url.startswith("-") or (ref or "").startswith("-"):
            raise InputError(f"{name!r} is not an address of a repository", hint="write it as git+URL[@REF]")
        return _cloned(url, ref, temporary)
    if archive.endswith(".zip"):
        return _unzipped(Path(archive), inside, temporary)
    if not Path(name).is_dir():
        raise InputError(
            f"the template {name!r} is missing",
            hint=f"a folder, git+URL[@REF], FILE.zip, or one of {', '.join(shipped())}",
        )
    return Path(name)


def _cloned(url: str, ref: str | None, temporary: Path) -> Path:
    from subprocess import SubprocessError

    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.vcs import clone

    # cookiecutter logs errors before it raises them.
    logging.getLogger("cookiecutter").setLevel(logging.CRITICAL + 1)
    try:
        return Path(clone(url, checkout=ref, clone_to_dir=str(temporary), no_input=True))
    except (CookiecutterException, SubprocessError, OSError) as error:
        output = getattr(error, "output", None) or b""
        reason = " ".join((output.decode("utf-8", "replace") or str(error)).split())
        raise OutsideError(
            f"cannot fetch the template {url}{f' at {ref}' if ref else ''}: {reason}",
            hint="is the address right, and git installed?",
        ) from error


def _unzipped(archive: Path, inside: str, temporary: Path) -> Path:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(archive) as opened_zip:
            size = sum(member.file_size for member in opened_zip.infolist())
            TEMPLATE_SIZE.check(size, f"the size of the files in {archive}")
            for member in opened_zip.namelist():
                if PurePosixPath(member).is_absolute() or ".." in PurePosixPath(member).parts:
                    raise InputError(f"the template {archive} writes outside of its folder: {member}")
            opened_zip.extractall(temporary)
    except FileNotFoundError:
        raise InputError(f"the template {str(archive)!r} is missing") from None
    except (BadZipFile, OSError, RuntimeError, ValueError, EOFError, zlib.error) as error:
        raise InputError(f"the template {archive} is not a zip file: {error}") from None
    folder = temporary / inside
    # Archives of repositories have everything inside one folder.
    while not (folder / "cookiecutter.json").is_file():
        inner = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        if len(inner) != 1:
            break
        folder = inner[0]
    return folder


def _questions(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "cookiecutter.json"
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise InputError("a link that leads elsewhere, expected a file", where=Location(path=path))
        questions = json.loads(read_foreign(path, CONTRACT_SIZE))
    except FileNotFoundError:
        raise InputError(f"{name} is not a template: it has no cookiecutter.json") from None
    except (ValueError, OSError, RuntimeError) as error:
        raise InputError(f"not JSON: {error}", where=Location(path=path)) from None
    if not isinstance(questions, dict):
        raise InputError("not an object with questions and defaults", where=Location(path=path))
    return questions
