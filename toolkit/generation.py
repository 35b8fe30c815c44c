"""Generate a component's contract and its README's tables from the code, and keep the parts that others own."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from toolkit.config.project import EntryPoint, Project, default_base
from toolkit.errors import InputError, Location
from toolkit.image_paths import PYTHON, absolute
from toolkit.interface.function import read_function
from toolkit.interface.model import Function, Input, Interface, Kind
from toolkit.redaction import clean
from toolkit.spec.declared import ANNOTATIONS, with_declared
from toolkit.spec.document import read_text
from toolkit.spec.edit import with_texts
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import SAFE_PATH_SINCE, function_command
from toolkit.spec.reader import parse_component, read_component
from toolkit.spec.writer import write_component
from toolkit.system.atomic import write_text

BEGIN, END = "<!-- comp:interface -->", "<!-- /comp:interface -->"

_GENERATED = ("version", "author", "license", "source", "documentation")


def contract_text(project: Project, entry: EntryPoint, environ: Mapping[str, str]) -> tuple[str, Function]:
    """Return the text that the entry's contract should have, and the function it comes from.

    An existing contract keeps its image, its labels, and others' annotations. Raises FindingsError if the code or
    the contract cannot be read.
    """
    function = entry_function(project, entry, environ)
    spec = contract_of(project, entry, function)
    if entry.contract.exists():
        old = read_component(entry.contract)
        ours = (*_GENERATED, *ANNOTATIONS)
        foreign = {key: value for key, value in old.annotations.items() if key not in ours}
        spec = replace(
            spec,
            implementation=replace(spec.container, image=old.container.image),
            annotations=MappingProxyType({**spec.annotations, **foreign}),
            labels=old.labels,
        )
    return write_component(spec), function


def program_contract_text(entry: EntryPoint) -> str:
    """Return the text that a program's contract should have: its author's, with the declarations of the settings.

    Constants that the author wrote into `env` stay, unless the settings declare them too. Raises InputError for a
    contract that cannot be read or changed.
    """
    text = read_text(entry.contract)
    spec = parse_component(text, entry.contract)
    if not isinstance(spec.implementation, Container):
        return text
    env = MappingProxyType({**spec.container.env, **entry.declared.constants})
    expected = with_declared(spec, replace(entry.declared, constants=env))
    if expected == spec:
        return text
    changes: dict[tuple[str, ...], str | None] = {
        ("metadata", "annotations", key): expected.annotations.get(key)
        for key in ANNOTATIONS
        if expected.annotations.get(key) != spec.annotations.get(key)
    }
    changes |= {
        ("implementation", "container", "env", name): value
        for name, value in entry.declared.constants.items()
        if spec.container.env.get(name) != value
    }
    return with_texts(text, entry.contract, changes, expected)


def entry_function(project: Project, entry: EntryPoint, environ: Mapping[str, str]) -> Function:
    """Read the function of an entry point. Raises FindingsError."""
    path, name = project.module_of(entry)
    return replace(read_function(path, name, environ), module=(entry.entrypoint or "").partition(":")[0])


def contract_of(project: Project, entry: EntryPoint, function: Function) -> ComponentSpec:
    """Return the contract of a function; its image is the configured name with the version as tag, not pinned."""
    # A base whose name has no version has some Python that requires-python allows, so the lowest of those counts.
    match = re.search(r"\bpython:3\.(\d+)", project.base or "") or re.search(r":3\.(\d+)", default_base(project))
    minor = int(match[1]) if match else 0
    command, args = function_command(entry.name, function, python=absolute(PYTHON), safe_path=minor >= SAFE_PATH_SINCE)
    spec = ComponentSpec(
        # KFP 2 compiles no name without ASCII letters or digits.
        name=entry.title or (function.title if function.title.isascii() else entry.name.replace("-", " ").capitalize()),
        description=function.description or project.description,
        interface=function.interface,
        implementation=Container(image=unpinned_image(project), command=command, args=args),
        annotations=MappingProxyType(dict(_annotations(project))),
    )
    return with_declared(spec, entry.declared)


def unpinned_image(project: Project) -> str:
    """Return the image's name before the first push: as configured, with the version as tag."""
    image = project.image or project.name
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    # A tag cannot contain the `+` of a local version.
    return image if tagged else f"{image}:{project.version.replace('+', '_')}"


def interface_block(contracts: Mapping[str, Interface]) -> str:
    """Return the README's block: a table of inputs and one of outputs for each component."""
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
    """Return the README with the block between its markers; one without markers stays as it is."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{block}{tail}" if begin and end else readme


def _readme_text(readme: Path, block: str) -> str | None:
    """Return a README's text with the block and its own line ends; None if it has no markers, in any encoding.

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


def stale_files(project: Project, environ: Mapping[str, str]) -> dict[Path, str]:
    """Return the files of `project` that differ from its code or settings, with the text they should have."""
    expected: dict[Path, str] = {}
    interfaces: dict[str, Interface] = {}
    for entry in project.entries:
        if entry.entrypoint:
            text, function = contract_text(project, entry, environ)
            expected[entry.contract] = text
            interfaces[entry.name] = function.interface
        elif entry.contract.exists():
            expected[entry.contract] = text = program_contract_text(entry)
            interfaces[entry.name] = parse_component(text, entry.contract).interface
    readme = project.folder / "README.md"
    if readme.is_file() and (text_with_tables := _readme_text(readme, interface_block(clean(interfaces)))):
        expected[readme] = text_with_tables
    return {path: text for path, text in expected.items() if not _is_fresh(path, text)}


def generate(project: Project, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the stale files of `project`, and return their paths."""
    stale = stale_files(project, environ)
    for path, text in stale.items():
        write_text(path, text)
    return tuple(stale)


def _is_fresh(path: Path, text: str) -> bool:
    """Return whether a file has this text, or a contract this meaning: comments and layout are the author's."""
    if not path.exists():
        return False
    # Not `read_text`, which would hide a difference in line ends.
    current = path.read_bytes().decode()
    if path.suffix != ".yaml" or current == text:
        return current == text
    return read_component(path) == parse_component(text, path)


def _annotations(project: Project) -> list[tuple[str, str]]:
    """Return the annotations that `[project]` decides."""
    # Labels that differ only in case, spaces or dashes mean the same (PyPA, "Well-known Project URLs in Metadata").
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
    """Return an input's description with its choices."""
    choices = f"One of {', '.join(f'`{choice}`' for choice in port.choices)}." if port.choices else ""
    return " ".join(filter(None, (port.description, choices)))


def _cell(text: str) -> str:
    """Return a text for a cell of a Markdown table, which a bar would end."""
    return text.replace("|", "\\|")
