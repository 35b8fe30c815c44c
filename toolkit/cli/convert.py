"""`comp convert`: turn a contract into another form of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from toolkit.spec.model import ComponentSpec


@click.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(["component", "ir", "argo"]), required=True, help="The form to write.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file, not to stdout."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@pass_console
def command(console: Console, *, file: Path, form: str, output: Path | None, force: bool) -> None:
    """Write the component in FILE, a component.yaml or KFP v2 IR, in another form.

    `component` is KFP's component.yaml, `ir` the YAML that KFP 2 compiles, `argo` a WorkflowTemplate. What a form
    cannot say is an error; what KFP 2 has no place for is kept in a comment of the IR, and read back from there.
    """
    from toolkit.atomic import write_text
    from toolkit.errors import InputError
    from toolkit.redaction import clean
    from toolkit.spec.document import read_text
    from toolkit.spec.ir_reader import is_ir, parse_ir
    from toolkit.spec.reader import parse_component

    if output is not None and output.exists() and not force:
        raise InputError(f"{output} exists", hint="choose another name, or --force")
    text = read_text(file)
    spec = parse_ir(text, file) if is_ir(text) else parse_component(text, file)
    written = _write(console, clean(spec), form, file)
    if output is None:
        console.document(written)
        return
    write_text(output, written)
    console.say(f"wrote {output}")


def _write(console: Console, spec: "ComponentSpec", form: str, file: Path) -> str:
    from toolkit.errors import InputError, Location

    try:
        if form == "component":
            from toolkit.spec.writer import write_component

            return write_component(spec)
        if form == "ir":
            from toolkit.spec.ir import write_ir

            return write_ir(spec)
        from toolkit.spec.argo import always_absent, write_workflow_template

        written = write_workflow_template(spec)
    except InputError as error:
        raise InputError(error.message, where=Location(path=file), hint=error.hint) from None
    if absent := always_absent(spec):
        console.warn(f"Argo cannot leave out an argument: the step runs without {', '.join(absent)}")
    return written
