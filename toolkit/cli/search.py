"""`comp search`: find components in registries."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.registry_options import offline_option, registry_option
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.registry.consuming.searching import Hit
    from toolkit.registry.entry import Port


@click.command
@click.argument("words", nargs=-1)
@click.option("--produces", multiple=True, metavar="TYPE", help="Only with an output of this type, such as Model.")
@click.option("--accepts", multiple=True, metavar="TYPE", help="Only with an input of this type, such as Dataset.")
@click.option("--namespace", metavar="NAME", help="Only of this namespace; * stands for any letters.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only with this tag.")
@click.option("--deprecated", is_flag=True, help="Also deprecated components, and those that are yanked altogether.")
@registry_option
@offline_option
@format_option
@pass_console
def command(
    console: Console,
    *,
    words: Sequence[str],
    produces: Sequence[str],
    accepts: Sequence[str],
    namespace: str | None,
    tags: Sequence[str],
    deprecated: bool,
    registry: str | None,
    form: str,
) -> int:
    """List the components with all WORDS in their name, title, description, tags, or their ports' names and types.

    Looks in all configured registries unless --registry names one. Types may have * for any letters. Prints inputs and
    outputs for --produces and --accepts, and as `comp -v search`. Exit code 1 if no component matches.
    """
    from toolkit.api.registries import search
    from toolkit.registry.consuming.searching import as_data

    found = search(
        *words,
        produces=produces,
        accepts=accepts,
        namespace=namespace,
        tags=tags,
        deprecated=deprecated,
        registry=registry,
        environ=os.environ,
    )
    if form == "json":
        console.json([as_data(hit) for hit in found.hits])
    elif found.hits:
        ports = bool(produces or accepts) or console.verbosity > 0
        console.data("\n".join(_lines(found.hits, several=found.places > 1, ports=ports)))
    hidden = f"; {found.hidden} deprecated or yanked, which --deprecated shows" if found.hidden else ""
    console.say(f"{counted(len(found.hits), 'component')}{hidden}")
    return 0 if found.hits else 1


def _lines(hits: "Sequence[Hit]", *, several: bool, ports: bool) -> Iterable[str]:
    """Yield a line for each component, in the form that `comp add` takes; with `ports` one more for its interface."""
    prefixes = [f"{hit.place.name}:" if several and hit.place.name else "" for hit in hits]
    names = [f"{prefix}{hit.entry.name}@{hit.entry.version}" for prefix, hit in zip(prefixes, hits, strict=True)]
    width = max(map(len, names))
    for name, hit in zip(names, hits, strict=True):
        entry = hit.entry
        mark = "(deprecated) " if entry.deprecated is not None else "(yanked) " if entry.yanked else ""
        yield f"{name:<{width}}  {mark}{printable(entry.description or entry.title, lines=1)}".rstrip()
        if ports:
            yield f"  {_ports(entry.inputs)} -> {_ports(entry.outputs)}"


def _ports(ports: "Sequence[Port]") -> str:
    """Return ports as a list of names and types."""
    words = (f"{port.name}: {port.type}" if port.type else port.name for port in ports)
    return ", ".join(printable(word, lines=1) for word in words) or "nothing"
