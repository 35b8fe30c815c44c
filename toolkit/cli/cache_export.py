"""`comp cache export` and `comp cache import`: carry the cache from one machine to another."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from toolkit.cache_export.contents import Contents
    from toolkit.cache_export.place import Place
    from toolkit.progress import Report

_SCHEME = "oci://"
_SIZE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?) *(?P<unit>[kKMGT]?)(?P<binary>i?)B?", re.ASCII)
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
# The words for several entries of a kind.
_PLURALS = {"base": "bases", "bytecode": "bytecode", "recipe": "recipes", "wheel": "wheels"}


class Size(click.ParamType[int]):
    """A number of bytes: `2GB`, `500M`, `1.5GiB`."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        match = _SIZE.fullmatch(str(value))
        size = (
            int(float(match["number"]) * (1024 if match["binary"] else 1000) ** _POWERS[match["unit"]]) if match else 0
        )
        if size <= 0:
            self.fail(
                f"invalid size {value!r}, expected a number above zero with a unit, such as 2GB or 500MB", param, ctx
            )
        return size


@click.command(name="export")
@click.argument("place", metavar="DST")
@click.option(
    "--max-size", type=Size(), default="2GB", show_default=True, metavar="SIZE", help="How much DST may hold."
)
@format_option
@bars.option
@pass_console
def export_command(console: Console, *, place: str, max_size: int, form: str, progress: str) -> None:
    """Add what a fresh machine can use of this cache to DST.

    DST is a folder, or oci://HOST/REPOSITORY[:TAG] on a distribution server. What it has is not sent again, and
    entries of earlier exports stay there. Beyond --max-size, entries are left out: first those that were not used
    for the longest time, and among those of one day wheels before bytecode, recipes and records.
    """
    from toolkit.cache.store import Cache
    from toolkit.cache_export.exporting import export

    with bars.reporting(console, progress) as report:
        done = export(Cache.default(), _place(place, report), budget=max_size)
    if form == "json":
        console.json({"kept": _as_data(done.contents), "added": _as_data(done.added)})
    console.say(f"{place} has {_in_words(done.contents)}; new: {_in_words(done.added)}")


@click.command(name="import")
@click.argument("place", metavar="SRC")
@click.option(
    "--trust-records", is_flag=True, help="Also take records, bytecode and recipes, as their writers made them."
)
@format_option
@bars.option
@pass_console
def import_command(console: Console, *, place: str, trust_records: bool, form: str, progress: str) -> None:
    """Copy what SRC has, and this cache lacks.

    SRC is a folder, or oci://HOST/REPOSITORY[:TAG]. Every blob is verified by its digest; a damaged one is named
    and left out. Records say which bytecode and layer belong to which wheels, and nothing shows that they are
    right: take them only from places that no one else can write. Without an export there, nothing happens.
    """
    from toolkit.cache.store import Cache
    from toolkit.cache_export.importing import import_cache

    with bars.reporting(console, progress) as report:
        done = import_cache(Cache.default(), _place(place, report), trust_records=trust_records)
    if form == "json":
        counts = {"present": done.present, "untrusted": done.untrusted, "damaged": done.damaged}
        console.json({"added": _as_data(done.added), **counts})
    if not done.exists:
        console.say(f"{place} has no export yet")
        return
    more = f"; {done.present} {'was' if done.present == 1 else 'were'} here already" if done.present else ""
    more += f"; {done.damaged} damaged" if done.damaged else ""
    more += f"; {done.untrusted} need --trust-records" if done.untrusted else ""
    console.say(f"imported {_in_words(done.added)}{more}")


def _place(text: str, report: Report) -> Place:
    """Return the place that a command line names. Raises InputError for an invalid reference."""
    if not text.startswith(_SCHEME):
        from toolkit.cache_export.folder import Folder

        return Folder(Path(text))
    from toolkit.cache_export.repository import Repository
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    return Repository(parse_reference(text.removeprefix(_SCHEME)), Remote(environ=os.environ), report)


def _counts(contents: Contents) -> dict[str, int]:
    """Return how many entries there are of each kind that occurs."""
    counts = Counter(_PLURALS[blob.kind] for blob in contents.blobs)
    counts["records"] = len(contents.records)
    return {kind: count for kind, count in sorted(counts.items()) if count}


def _in_words(contents: Contents) -> str:
    """Return the size, and the number of each kind."""
    counts = ", ".join(f"{kind} {count}" for kind, count in _counts(contents).items())
    return f"{in_bytes(contents.size)} ({counts})" if counts else "nothing"


def _as_data(contents: Contents) -> dict[str, object]:
    """Return the size and the number of each kind, as JSON data."""
    return {"bytes": contents.size, "entries": _counts(contents)}
