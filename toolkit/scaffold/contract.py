"""The contract of a function: made from its code and the settings, merged with what others may own in it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from toolkit.config import Entry, Project, default_base
from toolkit.errors import InputError, Location
from toolkit.interface.function import read_function
from toolkit.interface.model import Function, Input, Interface, Kind
from toolkit.redaction import clean
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import function_command
from toolkit.spec.reader import read_component
from toolkit.spec.writer import write_component

PYTHON = "/opt/comp/venv/bin/python"
BEGIN, END = "<!-- comp:interface -->", "<!-- /comp:interface -->"

_OURS = ("version", "author", "license", "source", "documentation")
_SAFE_PATH_SINCE = 11


def contract_text(project: Project, entry: Entry) -> tuple[str, Function]:
    """Give the text that the entry's contract should have, and the function it comes from.

    An existing contract keeps its image, its labels, and annotations that are not ours. Raises FindingsError when
    code or contract cannot be read.
    """
    function = entry_function(project, entry)
    spec = contract_of(project, entry, function)
    if entry.contract.exists():
        old = read_component(entry.contract)
        foreign = {key: value for key, value in old.annotations.items() if key not in _OURS}
        spec = replace(
            spec,
            implementation=replace(spec.container, image=old.container.image),
            annotations=MappingProxyType({**spec.annotations, **foreign}),
            labels=old.labels,
        )
    return write_component(spec), function


def entry_function(project: Project, entry: Entry) -> Function:
    """Read the function of an entry that has one. Raises FindingsError."""
    path, name = project.module_of(entry)
    return replace(read_function(path, name), module=(entry.entrypoint or "").partition(":")[0])


def contract_of(project: Project, entry: Entry, function: Function) -> ComponentSpec:
    """Make the contract of a function; the image is the configured name with the version as tag, not yet pinned."""
    named = re.search(r"\bpython:3\.(\d+)", project.base or "") or re.search(r":3\.(\d+)", default_base(project))
    minor = int(named[1]) if named else 0
    command, args = function_command(entry.name, function, python=PYTHON, safe_path=minor >= _SAFE_PATH_SINCE)
    return ComponentSpec(
        # KFP 2 compiles no name without ASCII letters or digits.
        name=entry.title or (function.title if function.title.isascii() else entry.name.replace("-", " ").capitalize()),
        description=function.description or project.description,
        interface=function.interface,
        implementation=Container(image=placeholder_image(project), command=command, args=args),
        annotations=MappingProxyType(dict(_annotations(project))),
    )


def placeholder_image(project: Project) -> str:
    """Name the image before there is one: as configured, with the version as tag."""
    image = project.image or project.name
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    return image if tagged else f"{image}:{project.version.replace('+', '_')}"


def interface_block(contracts: Mapping[str, Interface]) -> str:
    """Write the README's block: a table of inputs and one of outputs for each component."""
    lines = [BEGIN]
    for name, interface in contracts.items():
        if len(contracts) > 1:
            lines += ["", f"### {name}"]
        if interface.inputs:
            lines += ["", "| input | type | kind | default | description |", "|---|---|---|---|---|"]
            for port in interface.inputs:
                default = (
                    f"`{port.default}`" if port.default is not None else ("optional" if port.optional else "required")
                )
                kind = "value" if port.kind is Kind.PARAMETER else "artifact"
                type_ = f"list of {port.type}" if port.many else port.type
                lines.append(f"| `{port.name}` | {type_} | {kind} | {default} | {_cell(_described(port))} |")
        if interface.outputs:
            lines += ["", "| output | type | kind | description |", "|---|---|---|---|"]
            for output in interface.outputs:
                kind = "value" if output.kind is Kind.PARAMETER else "artifact"
                lines.append(f"| `{output.name}` | {output.type} | {kind} | {_cell(output.description)} |")
    return "\n".join([*lines, "", END])


def with_block(readme: str, block: str) -> str:
    """Put the block between its markers; a README without markers is left alone."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{block}{tail}" if begin and end else readme


def _with_tables(readme: Path, block: str) -> str | None:
    """Put the block into a README, whose line ends stay; None for one without markers, whatever its encoding is.

    Raises InputError for a README with markers that is not UTF-8.
    """
    data = readme.read_bytes()
    if BEGIN.encode() not in data or END.encode() not in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 text: byte {error.start} is {data[error.start]:#x}",
            where=Location(path=readme),
            hint="save it as UTF-8, or remove the markers of the interface tables and it is left alone",
        ) from None
    return with_block(text, block.replace("\n", "\r\n") if "\r\n" in text else block)


def stale_files(project: Project) -> dict[Path, str]:
    """Give the files of `project` that do not say what the code says, with the text they should have."""
    wanted: dict[Path, str] = {}
    interfaces: dict[str, Interface] = {}
    for entry in project.entries:
        if entry.entrypoint:
            text, function = contract_text(project, entry)
            wanted[entry.contract] = text
            interfaces[entry.name] = function.interface
        elif entry.contract.exists():
            interfaces[entry.name] = read_component(entry.contract).interface
    readme = project.folder / "README.md"
    if readme.is_file() and (renewed := _with_tables(readme, interface_block(clean(interfaces)))):
        wanted[readme] = renewed
    return {path: text for path, text in wanted.items() if not _says(path, text)}


def _says(path: Path, text: str) -> bool:
    if not path.exists():
        return False
    current = path.read_bytes().decode()
    if path.suffix != ".yaml" or current == text:
        return current == text
    # Comments and layout are the author's; what the contract says is compared, not its bytes.
    return read_component(path) == _parsed(text, path)


def _parsed(text: str, path: Path) -> ComponentSpec:
    from toolkit.spec.reader import parse_component

    return parse_component(text, path)


def _annotations(project: Project) -> list[tuple[str, str]]:
    urls = {label.lower().replace(" ", "").replace("-", ""): url for label, url in project.urls}
    source = next((urls[key] for key in ("source", "sourcecode", "repository", "github") if key in urls), None)
    values = (
        ("version", project.version),
        ("author", ", ".join(project.authors)),
        ("license", project.license),
        ("source", source),
        ("documentation", urls.get("documentation")),
    )
    return [(key, value) for key, value in values if value]


def _described(port: Input) -> str:
    chosen = f"One of {', '.join(f'`{choice}`' for choice in port.choices)}." if port.choices else ""
    return " ".join(filter(None, (port.description, chosen)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
