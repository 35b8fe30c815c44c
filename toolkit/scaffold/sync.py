"""Bring a newer template into a folder that `comp new` made, without touching what the user changed."""

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from toolkit import temporary
from toolkit.atomic import write_bytes, write_text
from toolkit.errors import InputError, UsageError
from toolkit.paths import check_inside
from toolkit.scaffold.record import RECORD, Record, digest, digests
from toolkit.scaffold.template import from_record, opened, rendered, shipped
from toolkit.scaffold.trust import Trust, source

_REJECTED = ".rej"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What sync does to one file: `add`, `replace`, `conflict` (both sides changed) or `gone` (the user deleted it)."""

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
    """Bring `folder` up to its template, and say what was done, or with `check` what would be.

    A file that the user changed, where the template changed too, stays; the template's version goes beside it as
    `FILE.rej`, or with `inline` into it between conflict markers. `named` is the template that the user names: only
    those that they have named, now or before, are fetched and rendered. Raises InputError for another one, and for
    a folder without record.
    """
    record = Record.read(folder)
    name = from_record(record.template, folder)
    _check_trust(name, folder, trust, named)
    with (
        opened(name) as template,
        temporary.folder("sync") as staged,
    ):
        answers = template.answers_again(record.answers, consent=hooks)
        made = rendered(template, answers, staged, hooks=hooks)
        wanted = managed(made, record.template)
        changes = _changes(folder, record, made, wanted)
        if check:
            return changes
        for change in changes:
            _apply(change, folder, made, inline=inline)
        write_text(folder / RECORD, replace(record, files=digests(made, wanted)).text())
        return changes


def _check_trust(name: str, folder: Path, trust: Trust, named: str | None) -> None:
    """Refuse a template that nothing but the record names: the record came with the folder, from anyone."""
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
    """List the files of a new folder that stay its template's: not the contract, and not code that the user gave."""
    given = template in {"function", "program"}
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        own = relative.parts[0] in {".comp", "components"} or str(relative) in _GENERATED
        if path.is_file() and not own and not (given and relative.parts[0] == "src"):
            found.append(relative.as_posix())
    return found


def _changes(folder: Path, record: Record, made: Path, wanted: list[str]) -> tuple[Change, ...]:
    changes = []
    for path in wanted:
        new, old = digest(made / path), record.files.get(path)
        current = digest(folder / path) if (folder / path).is_file() else None
        if new in {old, current}:
            continue
        if current is None:
            changes.append(Change(path=path, what="add" if old is None else "gone"))
        else:
            changes.append(Change(path=path, what="replace" if current == old else "conflict"))
    return tuple(changes)


def _apply(change: Change, folder: Path, made: Path, *, inline: bool) -> None:
    check_inside(folder, folder / change.path)
    target, new = folder / change.path, (made / change.path).read_bytes()
    if change.what in {"add", "replace"}:
        write_bytes(target, new)
    elif change.what == "conflict" and not inline:
        write_bytes(target.with_name(target.name + _REJECTED), new)
    elif change.what == "conflict":
        mine = target.read_bytes()
        write_bytes(target, b"<<<<<<< yours\n" + mine + b"=======\n" + new + b">>>>>>> template\n")
