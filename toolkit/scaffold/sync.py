"""Apply a newer template to a folder that `comp new` made, without touching files that the user changed."""

from pathlib import Path
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, UsageError
from toolkit.scaffold.record import RECORD, ScaffoldRecord, digest, digests
from toolkit.scaffold.template import from_record, opened, rendered, revision_of, shipped
from toolkit.scaffold.trust import Trust, source
from toolkit.spec.schema_header import schema_header
from toolkit.system import temporary
from toolkit.system.atomic import write_bytes, write_text
from toolkit.system.paths import check_inside

_REJECTED = ".rej"


class Change(Struct, frozen=True, kw_only=True):
    """What sync does to a file: `add`, `replace`, `conflict` (both sides changed) or `gone` (the user deleted it)."""

    path: str
    what: str


def sync(
    folder: Path,
    *,
    trust: Trust,
    named: str | None = None,
    check: bool = False,
    inline: bool = False,
    hooks: bool = False,
) -> tuple[Change, ...]:
    """Apply the folder's template, and return the changes; with `check` they are not made.

    A file that both the user and the template changed stays; the template's version goes to `FILE.rej`, or with
    `inline` into the file between conflict markers. `named` is the template that the user names: only templates
    that the user has named, now or before, are fetched and rendered. Raises InputError for others, and for a folder
    without a record.
    """
    record = ScaffoldRecord.read(folder)
    name = from_record(record.template, folder)
    _check_trust(name, folder, trust, named)
    with (
        opened(name) as template,
        temporary.folder("sync") as staged,
    ):
        answers = template.answers_again(record.answers, consent=hooks)
        rendering = rendered(template, answers, staged, hooks=hooks)
        paths = managed(rendering, record.template)
        changes = _changes(folder, record, rendering, paths)
        if check:
            return changes
        for change in changes:
            _apply(change, folder, rendering, inline=inline)
        write_text(folder / RECORD, replace(record, files=digests(rendering, paths), revision=revision_of(name)).text())
        return changes


def _check_trust(name: str, folder: Path, trust: Trust, named: str | None) -> None:
    """Raise InputError for a template that only the record names, since anyone may have made the folder."""
    if named is not None:
        if source(named) != source(name):
            raise UsageError(f"{folder} was made from the template {name}, not from {named}")
        trust.add(named)
    elif name not in shipped() and not trust.has(name):
        raise InputError(
            f"{folder / RECORD} names the template {name}, which you have not used on this machine",
            hint=f"if you trust it: comp sync {quote(str(folder))} --template {quote(name)}",
        )


_GENERATED = {"component.yaml", "requirements.lock", "pylock.toml"}


def managed(folder: Path, template: str) -> list[str]:
    """Return the files of a new folder that the template owns: without the contract, and without the user's code."""
    is_users_code = template in {"dockerfile", "function", "program"}
    paths = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        own = relative.parts[0] in {".comp", "components"} or str(relative) in _GENERATED
        if path.is_file() and not own and not (is_users_code and relative.parts[0] == "src"):
            paths.append(relative.as_posix())
    return paths


def _changes(folder: Path, record: ScaffoldRecord, rendering: Path, paths: list[str]) -> tuple[Change, ...]:
    """Compare each file with the new template, and with the version that the record remembers."""
    changes = []
    for path in paths:
        new, old = digest(rendering / path), record.files.get(path)
        current = digest(folder / path) if (folder / path).is_file() else None
        if new in {old, current}:
            continue
        if current is None:
            changes.append(Change(path=path, what="add" if old is None else "gone"))
        else:
            changes.append(Change(path=path, what="replace" if current == old else "conflict"))
    return tuple(changes)


def _apply(change: Change, folder: Path, rendering: Path, *, inline: bool) -> None:
    check_inside(folder, folder / change.path)
    target, new = folder / change.path, (rendering / change.path).read_bytes()
    if change.what == "add":
        write_bytes(target, new)
    elif change.what == "replace":
        write_bytes(target, schema_header(target.read_bytes()) + new)
    elif change.what == "conflict" and not inline:
        write_bytes(target.with_name(target.name + _REJECTED), new)
    elif change.what == "conflict":
        mine = target.read_bytes()
        write_bytes(target, b"<<<<<<< yours\n" + mine + b"=======\n" + new + b">>>>>>> template\n")
