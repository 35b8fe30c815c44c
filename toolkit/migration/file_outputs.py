"""Outputs at fixed paths, `fileOutputs`: KFP 2 loads them, says nothing, and never finds them."""

import shlex
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from msgspec.structs import replace

from toolkit.edits import Edit, Remove, Replace, Splice
from toolkit.lint.walk import container_of, top_arguments
from toolkit.migration.arguments import Arguments, with_arguments
from toolkit.migration.change import Left, Step
from toolkit.spec.document import Place
from toolkit.spec.model import ComponentSpec, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.writer import argument_data, write_argument

_WHY = "KFP 2 drops fileOutputs without a word, and the output {!r} stays empty"


def passed_paths(document: ComponentDocument) -> Iterator[Step | Left]:
    """Pass an output's own path where the program takes the fixed one as an argument."""
    container = container_of(document)
    for name, path in container.file_outputs.items() if container else ():
        places = [place for place, argument in top_arguments(document) if argument == path]
        if not places:
            continue
        placeholder = PortPlaceholder(kind="outputPath", port=name)
        edits: list[Edit] = [Replace(place, argument_data(placeholder)) for place in places]
        changes: dict[Place, Arguments] = dict.fromkeys(places, (placeholder,))
        yield Step(
            kind="file-output",
            at=("fileOutputs", name),
            why=_WHY.format(name),
            written=f"{write_argument(placeholder)} in the place of the argument {path}",
            edits=(*edits, Remove(("fileOutputs", name))),
            expected=partial(_passed, name=name, changes=changes),
        )


def _passed(spec: ComponentSpec, *, name: str, changes: Mapping[Place, Arguments]) -> ComponentSpec:
    """Return the contract with an output's path in the place of a fixed one."""
    return _without(with_arguments(spec, changes), name)


def copied(document: ComponentDocument) -> Iterator[Step | Left]:
    """Run the program in a shell that copies its files to the places of the outputs."""
    container = container_of(document)
    if container is None or not container.file_outputs:
        return
    if not container.command:
        yield from left(document)
        return
    files = dict(container.file_outputs)
    words: Arguments = ("sh", "-ec", _script(files), *(PortPlaceholder(kind="outputPath", port=name) for name in files))
    first = container.command[0]
    yield Step(
        kind="file-output",
        at=("fileOutputs",),
        why=_WHY.format(", ".join(files)),
        written="a shell around the program, which copies the files afterwards; the image needs sh and cp",
        edits=(
            Splice(("command", 0), tuple(argument_data(word) for word in (*words, first))),
            Remove(("fileOutputs",)),
        ),
        expected=lambda spec: _without(with_arguments(spec, {("command", 0): (*words, first)}), *files),
    )


def left(document: ComponentDocument) -> Iterator[Step | Left]:
    """Leave files that the program writes to places of its own."""
    container = container_of(document)
    for name, path in container.file_outputs.items() if container else ():
        advice = f"let the program take the path as an argument, {{outputPath: {name}}} instead of {path}"
        if container and container.command:
            advice += "; or --copy-file-outputs puts a shell around it that copies the file"
        yield Left(kind="file-output", at=("fileOutputs", name), why=_WHY.format(name), advice=advice)


def _script(files: Mapping[str, str]) -> str:
    """Return the script of a shell that gets the outputs' paths, then the program with its arguments."""
    paths = list(files.values())
    names = [f"out{number}" for number in range(1, len(paths) + 1)]
    taken = "; ".join(f'{name}="${number}"' for number, name in enumerate(names))
    shift = f"shift {len(paths) - 1}; " if len(paths) > 1 else ""
    copies = "; ".join(
        f'mkdir -p "$(dirname "${name}")"; cp -r {shlex.quote(path)} "${name}"'
        for name, path in zip(names, paths, strict=True)
    )
    return f'{taken}; {shift}"$@"; {copies}'


def _without(spec: ComponentSpec, *names: str) -> ComponentSpec:
    """Return the contract without some of its fileOutputs."""
    kept = {name: path for name, path in spec.container.file_outputs.items() if name not in names}
    return replace(spec, implementation=replace(spec.container, file_outputs=MappingProxyType(kept)))
