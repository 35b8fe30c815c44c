"""A component on a base of a few bytes, built in this process: for tests that build often."""

from collections.abc import Mapping
from pathlib import Path

from tests.images import Files, image_of, layer_of, tar_of_tree
from toolkit import job
from toolkit.cache import Cache
from toolkit.config import read_project
from toolkit.errors import CompError
from toolkit.oci.layout import write_layout
from toolkit.scaffold.contract import stale_files
from toolkit.shortcut import Request, finished, read_inputs, remember
from toolkit.tools import Tools

_BASE: Files = {
    "opt": None,
    "usr/bin/python3": "python3.11",
    "usr/bin/python3.11": b"\x7fELF\0junk\x003.11.2\0more",
    "usr/lib/x86_64-linux-gnu/libc.so.6": b"\0GNU C Library (Debian GLIBC 2.36) stable release version 2.36.\n",
}
FUNCTION = (
    'def count(text: str) -> int:\n    """Count words.\n\n    Args:\n        text: Any text.\n    """\n    return 1\n'
)


def small_base(folder: Path, **more: bytes) -> Path:
    """Write the layout of a base that has a Python to look at, and not to run."""
    image = image_of(
        [layer_of(tar_of_tree({**_BASE, **more}))], config=lambda data: data.update(config={"Env": ["PATH=/usr/bin"]})
    )
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
    for path, text in stale_files(read_project(folder, environ={})).items():
        path.write_text(text)


def build(folder: Path, cache: Cache, *, environ: Mapping[str, str] | None = None) -> str:
    """Build without the shortcut, and record the build for it as `comp build` does; give the digest."""
    request = Request(folder=folder, overrides={}, environ=environ or {})
    before = read_inputs(request)
    project = read_project(folder, environ=request.environ)
    job.check_contracts(project)
    tools = Tools(cache=cache, environ=request.environ)
    builder = job.choose_builder("oci", tools)
    plans = job.make_plans(project, tools, builder)
    digest = str(job.build_plans(plans, builder, tools).digest)
    remember(request, before, cache, plans, digest)
    return digest


def recognised(folder: Path, cache: Cache, *, environ: Mapping[str, str] | None = None) -> str | None:
    """Give what the shortcut says; None when it leaves the answer to a build."""
    request = Request(folder=folder, overrides={}, environ=environ or {})
    inputs = read_inputs(request)
    return finished(request, inputs, cache) if inputs else None


def outcome(folder: Path, cache: Cache, *, environ: Mapping[str, str]) -> str:
    """Build, and give the digest or the error."""
    try:
        return build(folder, cache, environ=environ)
    except CompError as error:
        return f"error: {error.message}"
