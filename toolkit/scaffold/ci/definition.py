"""Render the definition for a CI platform from its template, and write it without touching a file of the user's."""

import json
import re
from difflib import unified_diff
from pathlib import Path
from shlex import quote

from msgspec import Struct

from toolkit import __version__
from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference

# The Python that runs comp in CI. Any supported one serves; a fixed one keeps the cache when a developer's changes.
PYTHON = "3.13"
DISTRIBUTION = "comp-toolkit"
# A tag can be moved, a commit cannot. Dependabot and Renovate read the version in the comment.
_ACTIONS = {
    "checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "setup_python": "5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "cache": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "upload_artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
}
# Other values than texts in YAML 1.1 or 1.2.
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
# What the platforms would replace in a value, in whatever quotes: ${{ }}, $VARIABLE, $(params) and {{ }}.
_REPLACED = re.compile(r"[$`]|\{\{")


class Platform(Struct, frozen=True, kw_only=True):
    """A CI platform: where it looks for its definition, and the registry that its own token opens, if it has one."""

    path: str
    registry: str | None = None


PLATFORMS = {
    "github": Platform(path=".github/workflows/components.yaml", registry="ghcr.io"),
    "gitlab": Platform(path=".gitlab-ci.yml", registry="$CI_REGISTRY"),
    "argo": Platform(path="ci/argo.yaml"),
    "tekton": Platform(path="ci/tekton.yaml"),
}


class Subject(Struct, frozen=True, kw_only=True):
    """What a definition is for.

    `directory` is the folder of the components from the top of the repository, empty for the top; `branch` is the
    one whose images are pushed; `repository` is its address. `prefix` is where images go, None for the platform's own
    registry. `path` is the file, from the top. If `is_locked`, builds refuse to change a lock.
    """

    platform: str
    path: str
    directory: str
    branch: str
    repository: str
    prefix: str | None = None
    is_locked: bool = False


def render(subject: Subject) -> str:
    """Return the definition.

    Raises InputError for a folder or branch whose name the platform would change, and for an invalid prefix.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    _check(subject)
    host = login_host(subject)
    # The files have $, {{ and # of their own.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        variable_start_string="<{",
        variable_end_string="}>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (the filter `yaml` quotes)
    )
    environment.filters |= {"yaml": _yaml, "shell": quote}
    variables = {
        **_ACTIONS,
        "distribution": DISTRIBUTION,
        "version": __version__,
        "python": PYTHON,
        "path": quote(subject.path),
        "directory": subject.directory,
        "branch": subject.branch,
        "branch_pattern": _pattern(subject.branch),
        "repository": subject.repository,
        "prefix": subject.prefix,
        "host": host,
        "locked": " --locked" if subject.is_locked else "",
        "token": host == PLATFORMS[subject.platform].registry,
    }
    return environment.get_template(f"{subject.platform}.yaml").render(variables)


def login_host(subject: Subject) -> str | None:
    """Return the server that the definition logs in to; None if only the components name servers."""
    if subject.prefix:
        return parse_reference(f"{subject.prefix}/name").host
    return PLATFORMS[subject.platform].registry


def difference(path: Path, text: str) -> str | None:
    """Return the difference between a file and what would be written, empty if it has that; None without the file."""
    if not path.exists():
        return None
    # Not `read_text`, which would hide a difference in line ends.
    old, name = path.read_bytes().decode(errors="replace"), path.name
    return "".join(unified_diff(old.splitlines(keepends=True), text.splitlines(keepends=True), name, f"{name} (new)"))


def _check(subject: Subject) -> None:
    """Raise InputError for a value that would not arrive as it is."""
    values = {"folder": subject.directory, "branch": subject.branch}
    if PLATFORMS[subject.platform].registry is None:
        # The other platforms clone by themselves.
        values["address"] = subject.repository
    for what, value in values.items():
        if found := _REPLACED.search(value):
            problem = f"the {what} {value!r} has {found[0]!r}, which {subject.platform} would replace"
            raise InputError(problem, hint=f"change the {what}")
        if not value.isprintable():
            raise InputError(f"the {what} {value!r} has a letter that cannot be printed", hint=f"change the {what}")


def _yaml(text: str) -> str:
    """Return a text as YAML: as it is if it can be nothing else, else in quotes."""
    if re.fullmatch(r"[A-Za-z/$][\w./${}:@-]*(?<!:)", text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _pattern(branch: str) -> str:
    """Return the pattern of GitHub that matches one branch alone."""
    return re.sub(r"([*?+!\[\]\\])", r"\\\1", branch)
