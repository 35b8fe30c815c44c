"""A component of a registry as text for people: `comp show`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.cli.console import columns, printable
from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Output
from toolkit.words import counted, in_bytes, shortened

if TYPE_CHECKING:
    from toolkit.breaking.history import Step
    from toolkit.registry.consuming.choosing import Found
    from toolkit.registry.release import Release

# Characters of a default in a table; programs are defaults too.
_DEFAULT = 40


def component_lines(found: "Found", contract: bytes, steps: "Sequence[Step]", versions: int) -> list[str]:
    """Return a component as lines; `steps` are the newest of its versions."""
    release = found.release
    return [
        f"{release}: {_line(release.title)}",
        *_marks(found),
        *(["", printable(release.description)] if release.description else []),
        "",
        *_interface(release.interface),
        *_facts(release),
        "",
        *_versions(steps, versions),
        "",
        *_usage(found, contract),
    ]


def _marks(found: "Found") -> Iterator[str]:
    """Yield what was said of the release and the component afterwards."""
    marks = found.registry.marks(found.release.name)
    if yank := marks.yanked.get(found.release.version):
        yield _line(str(yank))
    if deprecated := marks.deprecated:
        yield _line(str(deprecated))


def _interface(interface: Interface) -> Iterator[str]:
    """Yield a table of the inputs and one of the outputs, each with an empty line after it."""
    for what, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        if ports:
            yield f"{what}:"
            yield from (f"  {line}" for line in columns([_row(port) for port in ports]))
            yield ""


def _row(port: Input | Output) -> list[str]:
    """Return a port as a row: name, type, how it is passed, whether it is needed, description."""
    note = ""
    if isinstance(port, Input):
        default = shortened(str(port.default), _DEFAULT)
        note = f"default {default}" if port.default is not None else "optional" if port.optional else "required"
    return [
        " ".join(printable(cell).split()) for cell in (port.name, port.type, port.kind.value, note, port.description)
    ]


def _facts(release: "Release") -> Iterator[str]:
    """Yield the facts of a release, a line each."""
    by = f" by {release.by}" if release.by else ""
    at = f" at {release.revision}" if release.revision else ""
    files = ", ".join(f"{file.path} ({in_bytes(file.size)})" for file in release.files)
    facts = (
        ("image", release.image),
        ("digest", str(release.digest)),
        ("published", f"{release.published}{by}"),
        ("platforms", ", ".join(release.platforms)),
        ("source", f"{release.source}{at}" if release.source else ""),
        ("license", release.licenses or ""),
        ("authors", ", ".join(release.authors)),
        ("tags", ", ".join(release.tags)),
        ("files", files),
    )
    yield from columns([(f"{name}:", _line(value)) for name, value in facts if value])


def _versions(steps: "Sequence[Step]", versions: int) -> Iterator[str]:
    """Yield a line for each of the newest versions: its date, and what it changed."""
    yield "versions:"
    yield from (
        f"  {line}" for line in columns([[str(step.release.version), _date(step), _changed(step)] for step in steps])
    )
    if versions > len(steps):
        yield f"  and {counted(versions - len(steps), 'earlier version')}"


def _date(step: "Step") -> str:
    """Return the day on which a version was published."""
    return _line(step.release.published.partition("T")[0])


def _changed(step: "Step") -> str:
    """Return what a version changed, in a few words: the bump, the rules that break, the yank."""
    found = step.found
    if found is None:
        words = "the first" if step.first else "not compared with the one before"
    else:
        breaking = sorted({change.rule.id for change in found.breaking})
        words = str(found.declared) if found.declared is not None else "lower"
        words += f", breaks callers: {' '.join(breaking)}" if breaking else ""
    return words + (f"; {_line(str(step.yank))}" if step.yank else "")


def _usage(found: "Found", contract: bytes) -> Iterator[str]:
    """Yield the ways to use a component, to copy: the first way of each kind."""
    from toolkit.catalogue.usage import usage_of
    from toolkit.spec.reader import parse_component

    release = found.release
    try:
        spec = parse_component(contract.decode(errors="replace"), Path(str(release)))
    except InputError:
        spec = None
    request = f"{release.name}@^{release.version}"
    yield "use it:"
    yield f"  comp add {request} --registry {found.place.short}"
    for panel in usage_of(release, spec, None):
        if panel.key != "comp":
            yield ""
            yield f"with {panel.title}:"
            for line in panel.snippets[0].text.split("\n"):
                indent = " " * (2 + len(line) - len(line.lstrip()))
                yield f"{indent}{printable(line)}".rstrip()


def _line(text: str) -> str:
    """Return the first line of a text, without what would steer a terminal."""
    return printable(text, lines=1)
