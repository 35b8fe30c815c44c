"""Render a template's files and their names in Jinja's sandbox, so that templates of others cannot run programs here.

Follows cookiecutter: `_copy_without_render`, `_new_lines`, `_jinja2_env_vars`, its own extensions, `templates` beside
the rendered folder. Other extensions are programs, and are loaded only with the user's consent. Time and sizes are
bounded, so that a template cannot exhaust the machine.
"""

import fnmatch
import functools
import json
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from toolkit.errors import InputError
from toolkit.limits import TEMPLATE_SIZE, TEMPLATE_TIME
from toolkit.system.copying import kind_of
from toolkit.system.os_errors import refusal

# The extensions that cookiecutter loads for every template.
_OWN = tuple(
    f"cookiecutter.extensions.{name}Extension" for name in ("Jsonify", "RandomString", "Slugify", "Time", "UUID")
)
# Extensions that a template may name: they only add syntax.
_HARMLESS = frozenset(
    (
        *_OWN,
        *("jinja2.ext.do", "jinja2.ext.loopcontrols", "jinja2.ext.i18n", "jinja2.ext.debug"),
        *("jinja2.ext.ExprStmtExtension", "jinja2.ext.LoopControlExtension"),
        *("jinja2.ext.InternationalizationExtension", "jinja2.ext.DebugExtension"),
    )
)
# The options of Jinja that are about syntax, with their types. Others could load code or change the sandbox.
_SYNTAX = {
    **dict.fromkeys(
        (
            *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
            *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
            "newline_sequence",
        ),
        str,
    ),
    **dict.fromkeys(("trim_blocks", "lstrip_blocks", "keep_trailing_newline"), bool),
}
# Tools and desktops leave these in a template's folder: pip compiles the modules in a wheel's templates.
_LEFT_BEHIND = (
    *("__pycache__", "*.pyc", "*.pyo", ".DS_Store", "Thumbs.db", ".ipynb_checkpoints", ".mypy_cache"),
    *(".pytest_cache", ".ruff_cache"),
)
_LINE_ENDS = ("\n", "\r\n", "\r")
# Far above any use in a template, far below what exhausts a machine.
_LARGEST_NUMBER = 1_000_000
# A width in a format such as `%1000000000d`, or one taken from the arguments.
_WIDE = re.compile(r"[0-9]{7,}|\*")
# An expression in a template can raise anything that an expression in Python can.
_FAILURES = (
    *(TemplateError, ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError),
    *(NameError, RuntimeError, TypeError, ValueError),
)


def programs_of(questions: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the extensions of Jinja that a template names and that are programs, its own or of this machine."""
    return tuple(name for name in _listed(questions, "_extensions") if name not in _HARMLESS)


class Renderer:
    """Renders the files of one template: `questions` are those of its `cookiecutter.json`, `answers` the user's."""

    def __init__(self, folder: Path, questions: Mapping[str, Any], *, consent: bool) -> None:
        programs = programs_of(questions)
        if programs and not consent:
            raise InputError(
                f"it needs the extension {programs[0]}, which is a program",
                hint="--hooks yes runs the programs of a template",
            )
        self._questions = questions
        self._environment = _environment(folder, questions)

    def text(self, template: str, answers: Mapping[str, Any]) -> str:
        """Render one text."""
        return self._rendered(self._environment.from_string(template).generate(cookiecutter=dict(answers)))

    def value(self, value: Any, answers: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
        """Render every text of a JSON value."""
        if isinstance(value, str):
            return self.text(value, answers)
        if isinstance(value, list):
            return [self.value(part, answers) for part in value]
        if isinstance(value, dict):
            return {self.text(key, answers): self.value(part, answers) for key, part in value.items()}
        return value

    def folder(self, source: Path, answers: Mapping[str, Any], into: Path) -> Path:
        """Make the folder that the template renders to, still empty."""
        name = self._name(source.name, answers)
        if not name.parts:
            raise InputError("its folder has no name")
        target = into / name
        target.mkdir(parents=True)
        return target

    def files(self, source: Path, answers: Mapping[str, Any], into: Path) -> None:
        """Render the files of `source` into the folder `into`."""
        # Files may include others, and those in `templates` beside the folder.
        self._environment.loader = FileSystemLoader([source, source.parent / "templates"])
        patterns = _listed(self._questions, "_copy_without_render")
        waiting = [(source, into, False)]
        while waiting:
            folder, target, as_it_is = waiting.pop()
            for path in sorted(path for path in folder.iterdir() if not is_left_behind(path)):
                relative = path.relative_to(source).as_posix()
                copied = as_it_is or any(fnmatch.fnmatch(relative, pattern) for pattern in patterns)
                # As in cookiecutter, what matches a pattern is itself renamed, and nothing inside it is.
                name = PurePosixPath(path.name) if as_it_is else self._name(path.name, answers)
                if not name.parts:
                    # A name that renders to nothing leaves the file out.
                    continue
                if path.is_dir():
                    (target / name).mkdir(parents=True, exist_ok=True)
                    waiting.append((path, target / name, copied))
                else:
                    (target / name).parent.mkdir(parents=True, exist_ok=True)
                    data = path.read_bytes()
                    (target / name).write_bytes(data if copied else self._filled(relative, data, answers))
                    # Executable scripts stay executable; set-user-id bits go, and the user can always write.
                    (target / name).chmod(stat.S_IMODE(path.stat().st_mode) & 0o777 | 0o600)

    def _filled(self, relative: str, data: bytes, answers: Mapping[str, Any]) -> bytes:
        """Return the rendered content of a file with its own line ends; binary files stay as they are."""
        try:
            source = data.decode()
        except UnicodeDecodeError:
            return data
        if "\0" in source:
            return data
        text = self._rendered(self._environment.get_template(relative).generate(cookiecutter=dict(answers)))
        first_end = re.search(r"\r\n|\n|\r", source)
        end = self._questions.get("_new_lines") or (first_end[0] if first_end else "\n")
        if end not in _LINE_ENDS:
            raise InputError(f"its _new_lines is {end!r}, expected a line end")
        return text.replace("\n", end).encode()

    def _name(self, template: str, answers: Mapping[str, Any]) -> PurePosixPath:
        """Render the name of a file or folder. Raises InputError for one that leads out of the template's folder."""
        name = PurePosixPath(self.text(template, answers))
        if name.is_absolute() or ".." in name.parts:
            raise InputError(f"writes outside of its folder: {name}")
        return name

    def _rendered(self, pieces: Iterator[str]) -> str:
        """Join the pieces of a text while they are rendered, so that an endless one is stopped."""
        rendered = []
        for piece in pieces:
            self._environment.spend(len(piece))
            rendered.append(piece)
        return "".join(rendered)


def is_left_behind(path: Path) -> bool:
    """Return whether a tool, not the template's author, made a file or folder."""
    return any(fnmatch.fnmatchcase(path.name, pattern) for pattern in _LEFT_BEHIND)


@contextmanager
def failing(name: str) -> Iterator[None]:
    """Turn every failure of the template `name` into an InputError that names it, or a MachineError."""
    from cookiecutter.exceptions import CookiecutterException

    try:
        yield
    except InputError as error:
        raise InputError(f"the template {name} does not work: {error.message}", hint=error.hint) from error
    except OSError as error:
        # A full disk is not the template's fault.
        refused = refusal(error, f"cannot write the template {name}")
        raise refused or InputError(f"the template {name} does not work: {error}") from error
    except (CookiecutterException, *_FAILURES) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"the template {name} does not work: {reason[:500]}") from error


def checked_folder(folder: Path) -> None:
    """Raise InputError for a template with links out of its folder, special files, or more bytes than TEMPLATE_SIZE."""
    root, size = folder.resolve(), 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        # Neither is rendered: the history of a cloned template, and programs that run only with consent.
        if relative.parts[0] in {".git", "hooks"}:
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise InputError(f"it has a link to elsewhere: {relative}")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise InputError(f"{relative} is {kind_of(status.st_mode)}, expected a file")
        size += status.st_size
    TEMPLATE_SIZE.check(size, "the size of its files")


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox with bounds on time, on the rendered text, and on numbers that make texts long.

    Time is checked whenever an expression gives a value: a template has no other way to compute.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (Jinja's own)
        self._end = time.monotonic() + TEMPLATE_TIME.value
        self._left = TEMPLATE_SIZE.value
        super().__init__(**options)
        self.filters = {name: self._bounded(function) for name, function in self.filters.items()}

    def spend(self, length: int) -> None:
        """Count rendered characters. Raises InputError beyond a bound."""
        self._left -= length
        if self._left < 0:
            raise TEMPLATE_SIZE.exceeded("what it renders")
        if time.monotonic() > self._end:
            raise TEMPLATE_TIME.exceeded("rendering it")

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 (Jinja's own)
        return self._checked(super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 (Jinja's own)
        return self._checked(super().getitem(obj, argument))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (Jinja's own)
        self._check_numbers((*args, *kwargs.values()))
        return self._checked(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 (Jinja's own)
        self._check_numbers((left, right) if operator == "**" else ())
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise SecurityError("a width in a format is too large")
        if operator == "*":
            for value, times in ((left, right), (right, left)):
                if isinstance(times, int) and hasattr(value, "__len__") and len(value) * times > _LARGEST_NUMBER:
                    raise SecurityError("a repeated text or list is too long")
        return self._checked(super().call_binop(context, operator, left, right))

    def _bounded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a filter with its arguments and its result checked: `"a"|center(10**9)`, `range(9)|list`."""

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (any filter)
            self._check_numbers((*args, *kwargs.values()))
            texts = (argument for argument in args if isinstance(argument, str))
            if function.__name__ == "do_format" and any(_WIDE.search(text) for text in texts):
                raise SecurityError("a width in a format is too large")
            return self._checked(function(*args, **kwargs))

        return called

    def _check_numbers(self, values: tuple[Any, ...]) -> None:
        """Raise SecurityError for a number that could make a text or a list too long."""
        for value in values:
            if isinstance(value, int | float) and abs(value) > _LARGEST_NUMBER:
                raise SecurityError(f"the number {value!s:.20} is too large")

    def _checked(self, value: Any) -> Any:  # noqa: ANN401 (any value)
        """Return a value, if it is not too long and the time is not up."""
        if isinstance(value, str) and len(value) > TEMPLATE_SIZE.value:
            raise TEMPLATE_SIZE.exceeded("a text of it")
        self.spend(0)
        return value


def _environment(folder: Path, questions: Mapping[str, Any]) -> _Sandbox:
    """Return Jinja's environment for a template, with its options and extensions."""
    options = questions.get("_jinja2_env_vars", {})
    if not isinstance(options, dict):
        raise InputError("its _jinja2_env_vars is not an object")
    for key, value in options.items():
        # `isinstance(value, ())` is False, so an unknown option is refused too.
        if not isinstance(value, _SYNTAX.get(key, ())):
            raise InputError(f"its _jinja2_env_vars has {key}: {json.dumps(value)[:80]}, which is not about syntax")
    # The template's own extensions are modules beside its cookiecutter.json.
    local = str(folder) if programs_of(questions) else None
    if local:
        sys.path.insert(0, local)
    try:
        return _Sandbox(
            undefined=StrictUndefined,
            extensions=[*_OWN, *_listed(questions, "_extensions")],
            **{"keep_trailing_newline": True, **options},
        )
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"its _extensions or _jinja2_env_vars cannot be used: {error}") from error
    finally:
        if local:
            sys.path.remove(local)


def _listed(questions: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of texts among the questions, empty if it is missing."""
    value = questions.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(f"its {key} is not a list of texts")
    return value
