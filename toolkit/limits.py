"""Bounds on what others give us: one place for all, each settable by a `COMP_LIMIT_…` variable.

Readers take a bound from here and refuse with its `exceeded`, so that every refusal names the bound and the way to
raise it. docs/security.md lists them; a test compares.
"""

import os
from dataclasses import dataclass
from typing import Literal

from toolkit.errors import InputError, Location, UsageError
from toolkit.words import in_bytes

Unit = Literal["bytes", "seconds", "items"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One bound: `name` as in `COMP_LIMIT_<NAME>`, its default in `unit`, and what it holds for."""

    name: str
    default: int
    unit: Unit
    about: str

    @property
    def variable(self) -> str:
        """The environment variable that sets another value."""
        return f"COMP_LIMIT_{self.name.upper().replace('-', '_')}"

    @property
    def value(self) -> int:
        """The bound in force. Raises UsageError when the variable is not a whole number above zero.

        A bound protects the whole process, so it is read from the process's environment.
        """
        text = os.environ.get(self.variable)
        if not text:
            return self.default
        if not (text.isascii() and text.isdigit()) or int(text[:19]) == 0:
            raise UsageError(
                f"{self.variable} is {text[:40]!r}, expected a whole number of {self.unit} above zero",
                hint=f"unset it for the default, {self}",
            )
        return int(text[:19])

    def exceeded(self, what: str, *, where: Location | None = None) -> InputError:
        """Make the error for something that is larger, longer or more than this."""
        return InputError(
            f"{what} exceeds the limit of {self.written(self.value)}",
            where=where,
            hint=f"if you trust it, {self.variable}=… raises the limit",
        )

    def check(self, amount: int, what: str, *, where: Location | None = None) -> None:
        """Raise InputError when `amount` is above the bound; `what` is the subject of the message."""
        if amount > self.value:
            raise self.exceeded(what, where=where)

    def written(self, value: int) -> str:
        """Write a value with its unit."""
        return in_bytes(value) if self.unit == "bytes" else f"{value:,} {self.unit}"

    def __str__(self) -> str:
        return self.written(self.default)


CONTRACT_SIZE = Limit(name="contract-size", default=4_000_000, unit="bytes", about="a component.yaml or IR file")
PROGRAM_OUTPUT = Limit(
    name="program-output", default=100_000_000, unit="bytes", about="what a program that comp runs prints"
)
INTERPRETER_FILES = Limit(
    name="interpreter-files", default=1_000_000_000, unit="bytes", about="what is unpacked of a base to run its Python"
)
INTERPRETER_MEMORY = Limit(
    name="interpreter-memory",
    default=1_000_000_000,
    unit="bytes",
    about="memory for compiling; a file that needs more is left uncompiled",
)
INTERPRETER_SECONDS = Limit(
    name="interpreter-seconds", default=300, unit="seconds", about="time for compiling some 3 MB of sources"
)
BUILD_MEMORY = Limit(
    name="build-memory", default=8_000_000_000, unit="bytes", about="memory of each process of a wheel's build"
)
BUILD_FILE = Limit(name="build-file", default=4_000_000_000, unit="bytes", about="a file that a wheel's build writes")
BUILD_PROCESSES = Limit(
    name="build-processes", default=1_024, unit="items", about="processes and threads of a wheel's build"
)
BUILD_SECONDS = Limit(name="build-seconds", default=900, unit="seconds", about="time for building a wheel")
NOTEBOOK_SIZE = Limit(name="notebook-size", default=100_000_000, unit="bytes", about="a notebook of a component")

OUTPUT_DEPTH = Limit(
    name="output-depth", default=100, unit="items", about="folders within folders of an output of `comp run`"
)
OUTPUT_VALUE_SIZE = Limit(
    name="output-value-size", default=10_000_000, unit="bytes", about="the value of an output parameter of `comp run`"
)
LIBRARY_SIZE = Limit(
    name="library-size",
    default=256_000_000,
    unit="bytes",
    about="how much of a shared library is read to see which libraries it needs; nothing is said of a larger one",
)
PACKAGE_SIZE = Limit(
    name="package-size",
    default=2_500_000_000,
    unit="bytes",
    about="a wheel or source distribution whose size the index does not say",
)

SOURCE_SIZE = Limit(
    name="source-size",
    default=1_000_000_000,
    unit="bytes",
    about="how much of a source distribution is unpacked to see what it requires; beyond that, only its build says",
)

REQUEST_TIME = Limit(
    name="request-time",
    default=100,
    unit="seconds",
    about="waiting for a server's answer, or a transfer",
)
TRANSFER_RATE = Limit(
    name="transfer-rate",
    default=1_000,
    unit="bytes",
    about="what a transfer moves in a second, at least",
)

PROJECT_FILE_SIZE = Limit(
    name="project-file-size",
    default=64_000_000,
    unit="bytes",
    about="a pyproject.toml, lock or requirements file that `comp new` looks into for what is required",
)
CARRIED_SIZE = Limit(
    name="carried-size",
    default=100_000_000,
    unit="bytes",
    about="the files beside the code that `comp new` copies, all together",
)

# All of them, in the order in which they stand here.


TEMPLATE_SIZE = Limit(
    name="template-size", default=100_000_000, unit="bytes", about="a template's files, and what is rendered of them"
)
TEMPLATE_TIME = Limit(name="template-time", default=60, unit="seconds", about="rendering a template")


PATH_LENGTH = Limit(
    name="path-length", default=4096, unit="items", about="the characters of a path in a layer or archive"
)
LAYER_SIZE = Limit(
    name="layer-size", default=100_000_000_000, unit="bytes", about="the files of one layer or archive, unpacked"
)
TREE_SIZE = Limit(
    name="tree-size", default=500_000_000, unit="bytes", about="the paths of all files and folders of a base"
)


SETTINGS_SIZE = Limit(
    name="settings-size", default=10_000_000, unit="bytes", about="a pyproject.toml, lock or requirements file"
)
NOTEBOOK_SIZE = Limit(name="notebook-size", default=200_000_000, unit="bytes", about="a notebook or module")
RECORD_SIZE = Limit(
    name="record-size",
    default=16_000_000,
    unit="bytes",
    about="a file of a component registry, a layout's index, a record of `comp new`",
)

# Every bound above, in order.
ALL = tuple(value for value in tuple(globals().values()) if isinstance(value, Limit))
