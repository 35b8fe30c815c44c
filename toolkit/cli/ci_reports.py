"""What a CI platform reads besides stdout and the exit code: annotations, outputs, and the summary of a job.

Follows GitHub's documentation: "Workflow commands for GitHub Actions", for the commands and for the files that
`GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY` name. The file of outputs is also a dotenv report for GitLab, unless a value
has several lines.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from toolkit.errors import CompError, Finding, FindingsError, Location, Severity
from toolkit.redaction import hide, hide_in_data
from toolkit.system.os_errors import cannot

# GitHub's mildest level is called notice.
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
# Letters that mean something in the text of a Markdown table.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&~#@:!$])")
# GitHub refuses a summary of more than 1 MiB.
_SUMMARY_BYTES = 1_000_000

output_file_option = click.option(
    "--output-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GITHUB_OUTPUT",
    show_envvar=True,
    metavar="FILE",
    help="Append results as NAME=VALUE, for later steps.",
)


def findings_as_commands(findings: Sequence[Finding], environ: Mapping[str, str]) -> str:
    """Return a workflow command a line, which GitHub shows at the place of each finding."""
    return "\n".join(
        _command(
            _LEVELS[finding.severity],
            f"{finding.message}\n{finding.help}".strip(),
            title=finding.rule,
            where=finding.where,
            environ=environ,
        )
        for finding in findings
    )


def error_as_commands(error: CompError, environ: Mapping[str, str]) -> str:
    """Return the workflow commands for an error: one for each finding, else one."""
    if isinstance(error, FindingsError):
        return findings_as_commands(error.findings, environ)
    text = "\n".join(filter(None, (error.message, error.hint)))
    return _command("error", text, title="comp", where=error.where, environ=environ)


def image_outputs(image: str) -> dict[str, str]:
    """Return the outputs of a build for its image, a reference by digest or a digest."""
    return {"image": image, "digest": image.rpartition("@")[2]}


def write_outputs(path: Path | None, values: Mapping[str, str]) -> None:
    """Append results to the file that `--output-file` names, if there is one."""
    if path:
        lines = [line for name, value in values.items() for line in _assignment(name, hide_in_data(value))]
        _append(path, "".join(f"{line}\n" for line in lines))


def write_summary(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], environ: Mapping[str, str] = os.environ
) -> None:
    """Append a table to the summary of the job; nothing outside of GitHub Actions."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if path:
        _append(Path(path), summary(title, header, rows))


def summary(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a heading and a table in Markdown, without empty columns, and with no more rows than GitHub takes."""
    used = [place for place in range(len(header)) if any(row[place] for row in rows)]
    header, rows = [header[place] for place in used], [[row[place] for place in used] for row in rows]
    lines = [f"### {_cell(title)}", "", _row(header), _row(["---"] * len(header), plain=True)]
    size = sum(len(line.encode()) + 1 for line in lines)
    for number, row in enumerate(rows):
        lines.append(_row(row))
        size += len(lines[-1].encode()) + 1
        if size > _SUMMARY_BYTES:
            lines[-1:] = ["", f"and {len(rows) - number} more"]
            break
    return "\n".join([*lines, "", ""])


def _command(level: str, message: str, *, title: str, where: Location | None, environ: Mapping[str, str]) -> str:
    """Return one workflow command."""
    properties = ",".join(
        f"{key}={_escaped(str(value), ':,')}"
        for key, value in {**_place(where, environ), "title": title}.items()
        if value
    )
    return f"::{level} {properties}::{_escaped(message)}"


def _place(where: Location | None, environ: Mapping[str, str]) -> dict[str, object]:
    """Return the properties of a place. GitHub counts the path from the top of the repository."""
    if where is None:
        return {}
    path, top = where.path, environ.get("GITHUB_WORKSPACE")
    if top:
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
        path = path if inside.startswith(os.pardir) else Path(inside)
    if where.cell is not None:
        # The line of a notebook's cell is not a line of its file.
        return {"file": path}
    return {
        "file": path,
        "line": where.line,
        "col": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }


def _escaped(text: str, more: str = "") -> str:
    """Percent-encode the characters that end a command or, in properties, separate them."""
    # Secrets first: they are not found once they are encoded.
    text = hide(text)
    # The percent sign first, since the codes of the others contain it.
    for letter in f"%\r\n{more}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def _assignment(name: str, value: str) -> Iterator[str]:
    """Yield the lines that set an output, which no value can end early."""
    if not re.search(r"[\r\n]", value):
        yield f"{name}={value}"
        return
    # Unknown to the value's author, so no line of it is the delimiter.
    delimiter = f"end-{os.urandom(16).hex()}"
    yield from (f"{name}<<{delimiter}", value, delimiter)


def _row(cells: Sequence[str], *, plain: bool = False) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells if plain else map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(hide(text).split()))


def _append(path: Path, text: str) -> None:
    """Append text to a file, which other steps may have written to."""
    try:
        with path.open("a", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise cannot(f"cannot write {path}", error) from error
