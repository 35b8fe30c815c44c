"""A component on a base of a few bytes, built in this process: for tests that build often."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.images import Files, image_of, layer_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.errors import CompError
from toolkit.generation import stale_files
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.image import build_image
from toolkit.job.project import checked_project
from toolkit.job.unchanged import read_inputs, recall, record
from toolkit.oci.layout import write_layout

_BASE: Files = {
    "opt": None,
    "usr/bin/python3": "python3.11",
    "usr/bin/python3.11": b"\x7fELF\0junk\x003.11.2\0more",
    "usr/lib/x86_64-linux-gnu/libc.so.6": b"\0GNU C Library (Debian GLIBC 2.36) stable release version 2.36.\n",
}
FUNCTION = (
    'def count(text: str) -> int:\n    """Count words.\n\n    Args:\n        text: Any text.\n    """\n    return 1\n'
)


def small_base(
    folder: Path, *, architecture: str = "amd64", files: Files = MappingProxyType({}), **more: bytes
) -> Path:
    """Write the layout of a base that has a Python to look at, and not to run; `files` and `more` are in it too."""
    settings = {"config": {"Env": ["PATH=/usr/bin"]}, "architecture": architecture}
    image = image_of([layer_of(tar_of_tree({**_BASE, **files, **more}))], config=lambda data: data.update(settings))
    write_layout(image, folder)
    return folder


def write_component(folder: Path, base: Path | str, files: Mapping[str, str] | None = None, settings: str = "") -> Path:
    """Write a component of one function with its contract; `settings` are lines of [tool.comp]."""
    named = base if isinstance(base, str) else f"layout:{base}"
    given = {
        "src/count_words.py": FUNCTION,
        "pyproject.toml": f'[project]\nname = "count-words"\nversion = "1.2.0"\n\n[tool.comp]\n'
        f'entrypoint = "count_words:count"\nbase = "{named}"\n{settings}\n',
        **(files or {}),
    }
    for path, text in given.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    generate(folder)
    return folder


def generate(folder: Path) -> None:
    """Write the contract that the code asks for."""
    for path, text in stale_files(read_project(folder, environ={}), {}).items():
        path.write_text(text)


def build(folder: Path, cache: Cache, *, environ: Mapping[str, str] | None = None) -> str:
    """Build without the record of an earlier build, and record this one as `comp build` does; return the digest."""
    request, context = BuildRequest(folder=folder), BuildContext(cache=cache, environ=environ or {})
    before = read_inputs(request, context)
    project = checked_project(folder, overrides={}, environ=context.environ)
    plans, built = build_image(project, context)
    record(request, before, context, plans, str(built.digest))
    return str(built.digest)


def recognised(folder: Path, cache: Cache, *, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the digest of a build without changes. None if it has to be built."""
    request, context = BuildRequest(folder=folder), BuildContext(cache=cache, environ=environ or {})
    inputs = read_inputs(request, context)
    return recall(request, inputs, context) if inputs else None


def outcome(folder: Path, cache: Cache, *, environ: Mapping[str, str]) -> str:
    """Build, and give the digest or the error."""
    try:
        return build(folder, cache, environ=environ)
    except CompError as error:
        return f"error: {error.message}"
