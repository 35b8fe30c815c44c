"""The bounds on foreign input, all in one place; each can be set by a `COMP_LIMIT_…` variable.

Readers refuse input with the `exceeded` of a bound, so that every refusal names the bound and the way to raise it.
docs/security.md lists them all; a test compares.
"""

import os
from typing import Literal

from msgspec import Struct

from toolkit.errors import InputError, Location, UsageError
from toolkit.words import in_bytes

Unit = Literal["bytes", "seconds", "items"]


class Limit(Struct, frozen=True, kw_only=True):
    """One bound: its `name` as in `COMP_LIMIT_<NAME>`, its default in `unit`, and what it is `about`."""

    name: str
    default: int
    unit: Unit
    about: str

    @property
    def variable(self) -> str:
        """The environment variable that sets the bound."""
        return f"COMP_LIMIT_{self.name.upper().replace('-', '_')}"

    @property
    def value(self) -> int:
        """The bound in force. Raises UsageError unless the variable is a whole number above zero.

        A bound protects the whole process, so it is read from the process's environment.
        """
        text = os.environ.get(self.variable)
        if not text:
            return self.default
        # `int` also takes digits of other scripts, and thousands of them slowly; 19 digits are beyond any size.
        if not (text.isascii() and text.isdigit()) or int(text[:19]) == 0:
            raise UsageError(
                f"{self.variable} is {text[:40]!r}, expected a whole number of {self.unit} above zero",
                hint=f"unset it for the default, {self}",
            )
        return int(text[:19])

    def exceeded(self, what: str, *, where: Location | None = None) -> InputError:
        """Return the error for a subject `what` that is larger, longer or more than the bound."""
        return InputError(
            f"{what} exceeds the limit of {self.written(self.value)}",
            where=where,
            hint=f"if you trust it, {self.variable}=… raises the limit",
        )

    def check(self, amount: int, what: str, *, where: Location | None = None) -> None:
        """Raise InputError if `amount` is above the bound; `what` is the subject of the message."""
        if amount > self.value:
            raise self.exceeded(what, where=where)

    def written(self, value: int) -> str:
        """Return a value with its unit."""
        return in_bytes(value) if self.unit == "bytes" else f"{value:,} {self.unit}"

    def __str__(self) -> str:
        return self.written(self.default)


CONTRACT_SIZE = Limit(name="contract-size", default=4_000_000, unit="bytes", about="a component.yaml or IR file")
PACKAGE_FILE_SIZE = Limit(
    name="package-file-size",
    default=10_000_000,
    unit="bytes",
    about="a file of an image that lists or describes packages",
)
PACKAGE_FILES = Limit(
    name="package-files",
    default=100_000_000,
    unit="bytes",
    about="all files of an image that list or describe packages",
)
EMBEDDED_SBOM_SIZE = Limit(
    name="embedded-sbom-size",
    default=1_000_000,
    unit="bytes",
    about="an SBOM that a package brings along; beyond that, it is only named",
)
EMBEDDED_COMPONENTS = Limit(
    name="embedded-components",
    default=2_000,
    unit="items",
    about="the components of all SBOMs that packages of an image bring along; other SBOMs are only named",
)
PROGRAM_OUTPUT = Limit(
    name="program-output", default=100_000_000, unit="bytes", about="the output of a program that comp runs"
)
PIPELINE_SECONDS = Limit(
    name="pipeline-seconds",
    default=3600,
    unit="seconds",
    about="compiling a pipeline, with the builds of its functions",
)
INTERPRETER_FILES = Limit(
    name="interpreter-files",
    default=1_000_000_000,
    unit="bytes",
    about="the files unpacked from a base to run its Python",
)
INTERPRETER_MEMORY = Limit(
    name="interpreter-memory",
    default=1_000_000_000,
    unit="bytes",
    about="memory for compiling; a file that needs more stays uncompiled",
)
INTERPRETER_SECONDS = Limit(
    name="interpreter-seconds", default=300, unit="seconds", about="time for compiling about 3 MB of sources"
)
BUILD_MEMORY = Limit(
    name="build-memory", default=8_000_000_000, unit="bytes", about="memory of each process of a wheel's build"
)
BUILD_FILE = Limit(name="build-file", default=4_000_000_000, unit="bytes", about="a file that a wheel's build writes")
BUILD_PROCESSES = Limit(
    name="build-processes", default=1_024, unit="items", about="processes and threads of a wheel's build"
)
BUILD_SECONDS = Limit(name="build-seconds", default=900, unit="seconds", about="time for building a wheel")

OUTPUT_DEPTH = Limit(
    name="output-depth", default=100, unit="items", about="the depth of nested folders in an output of `comp run`"
)
OUTPUT_VALUE_SIZE = Limit(
    name="output-value-size", default=10_000_000, unit="bytes", about="the value of an output parameter of `comp run`"
)
PIPELINE_STEPS = Limit(
    name="pipeline-steps",
    default=10_000,
    unit="items",
    about="the steps of a pipeline, and in a run those of all iterations",
)
SECRET_SIZE = Limit(
    name="secret-size", default=1_048_576, unit="bytes", about="a file that `--secret` names, as for Kubernetes"
)
SECRET_LINES = Limit(
    name="secret-lines",
    default=2_000,
    unit="items",
    about="the lines of a secret of a Dockerfile: each is hidden where a step prints it",
)
LIBRARY_SIZE = Limit(
    name="library-size",
    default=256_000_000,
    unit="bytes",
    about="how much of a shared library is read to find the libraries it needs; beyond that, it is not checked",
)
PACKAGE_SIZE = Limit(
    name="package-size",
    default=2_500_000_000,
    unit="bytes",
    about="a wheel or source distribution whose size the index does not state",
)

INDEX_PAGE_SIZE = Limit(
    name="index-page-size",
    default=64_000_000,
    unit="bytes",
    about="a package's page on an index, or the provenance of a file there",
)

SOURCE_SIZE = Limit(
    name="source-size",
    default=1_000_000_000,
    unit="bytes",
    about="how much of a source distribution is unpacked to find its requirements; beyond that, it has to be built",
)

REQUEST_TIME = Limit(
    name="request-time",
    default=100,
    unit="seconds",
    about="waiting for a server's answer, or for a transfer that is too slow",
)
TRANSFER_RATE = Limit(
    name="transfer-rate",
    default=1_000,
    unit="bytes",
    about="the lowest rate of a transfer, per second",
)
SERVER_OUTAGE = Limit(
    name="server-outage",
    default=300,
    unit="seconds",
    about="a KFP server or a cluster that does not answer while a run there is watched",
)

PROJECT_FILE_SIZE = Limit(
    name="project-file-size",
    default=64_000_000,
    unit="bytes",
    about="a pyproject.toml, lock or requirements file that `comp new` reads to find requirements",
)
CARRIED_SIZE = Limit(
    name="carried-size",
    default=100_000_000,
    unit="bytes",
    about="all files together that `comp new` copies beside the code",
)

TEMPLATE_SIZE = Limit(
    name="template-size",
    default=100_000_000,
    unit="bytes",
    about="a template's files, and the files rendered from them",
)
TEMPLATE_TIME = Limit(name="template-time", default=60, unit="seconds", about="rendering a template")

# PATH_MAX of Linux: no system call takes a longer path.
PATH_LENGTH = Limit(name="path-length", default=4096, unit="items", about="characters of a path in a layer or archive")
LAYER_SIZE = Limit(
    name="layer-size", default=100_000_000_000, unit="bytes", about="the unpacked files of one layer or archive"
)
TREE_SIZE = Limit(
    name="tree-size", default=500_000_000, unit="bytes", about="the paths of all files and folders of a base"
)

SETTINGS_SIZE = Limit(
    name="settings-size",
    default=10_000_000,
    unit="bytes",
    about="a pyproject.toml, lock, requirements file or Dockerfile",
)
DOCKERFILE_INSTRUCTIONS = Limit(
    name="dockerfile-instructions", default=5_000, unit="items", about="the instructions of a Dockerfile"
)
# MAX_ARG_STRLEN of Linux (execve(2)): no program gets a longer variable.
DOCKERFILE_VALUE = Limit(
    name="dockerfile-value",
    default=131_072,
    unit="items",
    about="the characters of a value in a Dockerfile, with its variables replaced",
)
NOTEBOOK_SIZE = Limit(name="notebook-size", default=200_000_000, unit="bytes", about="a notebook or module")
RECORD_SIZE = Limit(
    name="record-size",
    default=16_000_000,
    unit="bytes",
    about="a file of a component registry, a layout's index, a record of `comp new`, the table of a cache export",
)
CATALOGUE_SIZE = Limit(
    name="catalogue-size",
    default=200_000_000,
    unit="bytes",
    about="the catalogue of a component registry, uncompressed",
)
RELEASE_SIZE = Limit(
    name="release-size",
    default=1_000_000,
    unit="bytes",
    about="the contract, README, licence, changelog and examples of one release",
)
RELEASE_FILES = Limit(name="release-files", default=1_000, unit="items", about="the files of one release")
BASELINE_SIZE = Limit(
    name="baseline-size",
    default=64_000_000,
    unit="bytes",
    about="a baseline of `comp lint`, the findings that it knows",
)
SITE_TABLE_SIZE = Limit(
    name="site-table-size",
    default=256_000_000,
    unit="bytes",
    about="the table of a catalogue's folder: what each page was made from",
)
CACHE_ENTRIES = Limit(
    name="cache-entries", default=10_000, unit="items", about="the blobs in a cache export, and the records in it"
)
CACHE_EXPORT_SIZE = Limit(
    name="cache-export-size",
    default=100_000_000_000,
    unit="bytes",
    about="all entries of a cache export that is imported",
)

INLINE_ARTIFACT_SIZE = Limit(
    name="inline-artifact-size",
    default=500_000,
    unit="bytes",
    about="a file that `comp convert` writes into a workflow of Argo",
)
POD_PENDING = Limit(
    name="pod-pending",
    default=600,
    unit="seconds",
    about="a workflow that waits for Argo, or a pod for a node or its image, from the time that a reason is known",
)

DEBIAN_INDEX_SIZE = Limit(
    name="debian-index-size",
    default=500_000_000,
    unit="bytes",
    about="the list of packages of a component of a Debian archive, uncompressed",
)
DEBIAN_PACKAGES = Limit(
    name="debian-packages", default=2_000, unit="items", about="the Debian packages that are added to a base"
)
DEBIAN_PACKAGE_SIZE = Limit(
    name="debian-package-size",
    default=8_000_000_000,
    unit="bytes",
    about="the unpacked files of a Debian package",
)
DEBIAN_PACKAGE_FILES = Limit(
    name="debian-package-files", default=200_000, unit="items", about="the files and folders of a Debian package"
)

# Every bound above, in order.
ALL = tuple(value for value in tuple(globals().values()) if isinstance(value, Limit))
