"""`comp provenance`: print how an image was built."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, columns, format_option, pass_console, printable
from toolkit.errors import InputError, UsageError

if TYPE_CHECKING:
    from toolkit.job.context import BuildContext
    from toolkit.provenance.attached import Attested
    from toolkit.provenance.predicate import Provenance

# Characters of a commit.
_SHORT = 12


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option(
    "--key",
    "keys",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A public key that may have signed it; several are alternatives.",
)
@click.option("--dry-run", is_flag=True, help="Print what a push of FOLDER would attach now; change nothing.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to FILE, as JSON.")
@format_option
@pass_console
def command(
    console: Console, *, image: str, keys: Sequence[Path], dry_run: bool, output: Path | None, form: str
) -> None:
    """Print how an image was built: its source, base, wheels and builder, as `comp build --provenance` attached it.

    IMAGE is a reference. FOLDER is a component's folder or contract, whose image is pinned; without either it is the
    current folder. With --key it says which key signed it. What has no such signature is printed too: anyone who may
    push to the repository may have written it.

    JSON has the whole predicate of SLSA, v1.
    """
    from toolkit.job.context import BuildContext
    from toolkit.system.atomic import write_bytes

    if dry_run and keys:
        raise UsageError("--key does not go with --dry-run: nothing is signed yet", hint="leave one of them out")
    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        document, lines = _previewed(image, context) if dry_run else _found(image, context, keys)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if output is not None:
        write_bytes(output, f"{text}\n".encode())
        console.say(f"wrote {output}")
    elif form == "json":
        console.data(text)
    else:
        console.data("\n".join(lines))


def _previewed(image: str, context: "BuildContext") -> tuple[dict[str, Any], list[str]]:
    """Return what a push would attach, as data and as lines."""
    from toolkit.job.attest import preview_provenance

    if not Path(image).is_dir():
        raise UsageError("--dry-run is about a component's FOLDER", hint="name the folder")
    provenance = preview_provenance(Path(image), context)
    return {"image": None, "provenance": [_as_data(provenance.to_dict())]}, _table(_rows(provenance))


def _found(image: str, context: "BuildContext", keys: Sequence[Path]) -> tuple[dict[str, Any], list[str]]:
    """Return what is attached, as data and as lines. Raises InputError if nothing is."""
    from toolkit.inspection import named_reference
    from toolkit.provenance.attached import attested
    from toolkit.signing.keys import read_public_key
    from toolkit.supply.verifying import subject_on

    public = [read_public_key(key) for key in keys]
    reference, remote = named_reference(image, context.environ), context.remote()
    subject = subject_on(remote, reference)
    pinned = reference.with_digest(subject.digest)
    found = attested(remote, pinned, subject, public)
    if not found:
        raise InputError(f"no provenance is attached to {pinned}", hint="`comp build --push --provenance` attaches it")
    blocks = [_table([("image", str(pinned)), _signature(each), *_rows(each.provenance)]) for each in found]
    data = [_as_data(each.predicate, each) for each in found]
    return {"image": str(pinned), "provenance": data}, "\n\n".join(map("\n".join, blocks)).split("\n")


def _as_data(predicate: dict[str, Any], found: "Attested | None" = None) -> dict[str, Any]:
    """Return one provenance as JSON data, with the manifest that holds it, and the key that signed it."""
    return {
        "manifest": str(found.digest) if found else None,
        "signed": found.is_signed if found else False,
        "key": found.key if found else None,
        "predicate": predicate,
    }


def _signature(found: "Attested") -> tuple[str, str]:
    """Return the row about the signature."""
    if found.key:
        return "signed", f"by {found.key}"
    return "signed", "by a key that was not given with --key" if found.is_signed else "no"


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return rows as lines."""
    return list(columns([(name, printable(text, lines=1)) for name, text in rows]))


def _rows(provenance: "Provenance") -> Iterator[tuple[str, str]]:
    """Yield what a build says, as rows for people."""
    from toolkit.supply.rules import shown_base

    component = provenance.external.get("component")
    if isinstance(component, dict):
        yield "component", f"{component.get('name', '')} {component.get('version', '')}"
    yield "source", _source(provenance)
    for base in provenance.bases:
        yield "base", shown_base(base)
    wheels = sum(each.uri.startswith("pkg:pypi/") for each in provenance.dependencies)
    yield "wheels", str(wheels)
    if system := sum(each.uri.startswith("pkg:deb/") for each in provenance.dependencies):
        yield "system packages", str(system)
    if newest := provenance.external.get("excludeNewer"):
        yield "excluding newer than", str(newest)
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    yield "built by", provenance.builder + (f" ({versions})" if versions else "")
    if provenance.invocation:
        yield "run", provenance.invocation


def _source(provenance: "Provenance") -> str:
    """Return the source for people."""
    from toolkit.words import some_of

    source = provenance.source
    if source is None:
        return "not from a commit"
    commit = f"commit {source.digest['gitCommit'][:_SHORT]}"
    differs = f", with changes: {some_of(provenance.changed)}" if provenance.is_dirty else ""
    return f"{source.uri} {commit}{differs}".strip()
