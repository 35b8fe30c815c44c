"""`comp convert`: turn a contract into another form of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from toolkit.pipelines.graph import Pipeline
    from toolkit.spec.model import ComponentSpec

FORMS = ("component", "ir", "argo", "argo-workflow")


@click.command
@click.argument("file", metavar="FILE[:FUNCTION]", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="The form to write.")
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value for argo-workflow, or a place."
)
@click.option("--input-file", "files", multiple=True, metavar="NAME=FILE", help="A value, read from a file.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: stdout]",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@pass_console
def command(
    console: Console,
    *,
    file: Path,
    form: str,
    inputs: Sequence[str],
    files: Sequence[str],
    output: Path | None,
    force: bool,
) -> None:
    """Write the component in FILE, a component.yaml or KFP v2 IR, in another form; for Argo also a pipeline's IR.

    FILE.py:FUNCTION is a function with `@dsl.container_component`, whose contract has its own image and command.

    `component` is KFP's component.yaml, `ir` the YAML that KFP 2 compiles, `argo` a WorkflowTemplate. `argo-workflow`
    is a Workflow with the values that -i gives; artifacts are s3://BUCKET/KEY, gs://BUCKET/KEY, https://… or small
    text files. A component that the form cannot express is an error. A comment of the IR keeps what KFP 2 has no place
    for, so that it is read back without loss. A value with a default is written inside of a test, since KFP 2's server
    fails at a value that was not given.
    """
    from toolkit.cli.run import given_inputs
    from toolkit.errors import InputError, UsageError
    from toolkit.redaction import clean
    from toolkit.system.atomic import write_text

    if output is not None and output.exists() and not force:
        raise InputError(f"{output} exists", hint="choose another name, or overwrite it with --force")
    given = given_inputs(inputs, files)
    if given and form != "argo-workflow":
        raise UsageError(f"-i does not go with --to {form}", hint="write --to argo-workflow")
    # The file is kept, so it must not have the secrets that a default may have.
    if form in {"argo", "argo-workflow"} and (pipeline := _read_pipeline(file)):
        written = _write_argo_pipeline(clean(pipeline), form, given)
    else:
        written = _write(console, clean(_read(file)), form, file, given)
    if output is None:
        console.document(written)
        return
    write_text(output, written)
    console.say(f"wrote {output}")


def _read_pipeline(file: Path) -> "Pipeline | None":
    """Return the pipeline of an IR document; None for any other file, and for the IR of one component."""
    from toolkit.forms.ir_reader import is_ir
    from toolkit.pipelines.graph import walk
    from toolkit.pipelines.graph_reader import parse_pipeline
    from toolkit.spec.document import read_text

    if file.suffix not in {".yaml", ".yml", ".json"} or not file.is_file():
        return None
    text = read_text(file)
    if not is_ir(text):
        return None
    pipeline = parse_pipeline(text, file)
    keys = [step.component for _, step in walk(pipeline.root)]
    # So kfp names a component that was compiled by itself.
    return None if keys == [f"comp-{pipeline.name}"] else pipeline


def _write_argo_pipeline(pipeline: "Pipeline", form: str, given: Mapping[str, str]) -> str:
    """Return a WorkflowTemplate of a pipeline, or a Workflow with the values that are `given`."""
    from toolkit.forms.argo_location import location_of
    from toolkit.forms.argo_step import written
    from toolkit.pipelines.argo import write_pipeline
    from toolkit.runners.inputs import check_names, divide

    if form == "argo":
        return written(write_pipeline(pipeline))
    check_names(given, [port.name for port in pipeline.interface.inputs], "input")
    values, places = divide(pipeline.interface, given, location_of)
    return written(write_pipeline(pipeline, values=values, artifacts=places))


def _read(file: Path) -> "ComponentSpec":
    """Return the component of a contract in either form. Raises InputError with a hint for a file of another kind."""
    from toolkit.errors import FindingsError, InputError
    from toolkit.forms.ir_reader import is_ir, parse_ir

    # A path may contain colons; only an identifier after the last one is a function.
    path, _, function = str(file).rpartition(":")
    if path.endswith(".py") and function.isidentifier():
        return _read_function(Path(path), function)
    from toolkit.spec.document import CODE_HINT, read_text
    from toolkit.spec.reader import parse_component

    try:
        text = read_text(file)
        return parse_ir(text, file) if is_ir(text) else parse_component(text, file)
    except FindingsError as error:
        if error.findings[0].rule == "C001" and error.hint in {None, CODE_HINT}:
            hint = f"convert reads a component.yaml, KFP v2 IR or a container component FILE.py:FUNCTION; {CODE_HINT}"
            raise InputError(error.message, where=error.where, hint=hint) from None
        raise


def _read_function(path: Path, name: str) -> "ComponentSpec":
    """Return the contract of a container component. Raises InputError for a function of another kind."""
    import os

    from toolkit.errors import InputError
    from toolkit.forms.container_function import container_function_of, is_container_function
    from toolkit.interface.function import function_of
    from toolkit.interface.module import Module

    module = Module.read(path, os.environ)
    if is_container_function(module, name):
        return container_function_of(module, name)
    function = function_of(module, name)
    raise InputError(
        f"{name!r} has no image of its own: it is not a `@dsl.container_component`",
        where=function.where,
        hint=f"make a component of it: comp new {name.replace('_', '-')} --from-function {path}:{name}",
    )


def _write(console: Console, spec: "ComponentSpec", form: str, file: Path, given: Mapping[str, str]) -> str:
    """Return the text in another form. Raises InputError that names the file."""
    from toolkit.errors import InputError, Location

    try:
        if form in {"component", "ir"}:
            spec = _guarded(console, spec, form)
        if form == "component":
            from toolkit.spec.writer import write_component

            if _has_concat(spec):
                console.warn(
                    "KFP 2's server passes the JSON of `concat` to the program; `--to ir` writes it as one text"
                )
            return write_component(spec)
        if form == "ir":
            from toolkit.forms.ir import write_ir
            from toolkit.forms.kfp_settings import left_out
            from toolkit.spec.declared import declared_of

            for name in left_out(declared_of(spec).resources):
                console.warn(f"KFP 2 has no field for {name}, which a step there does without")
            return write_ir(spec)
        return _write_argo(console, spec, form, file, given)
    except InputError as error:
        raise InputError(error.message, where=error.where or Location(path=file), hint=error.hint) from None


def _write_argo(console: Console, spec: "ComponentSpec", form: str, file: Path, given: Mapping[str, str]) -> str:
    """Return a WorkflowTemplate, or a Workflow with the values that are `given`."""
    from toolkit.config.argo import argo_settings_beside
    from toolkit.forms.argo_location import location_of
    from toolkit.forms.argo_step import written
    from toolkit.forms.argo_template import never_given, write_workflow_template
    from toolkit.forms.argo_workflow import workflow
    from toolkit.runners.inputs import check_names, divide

    settings = argo_settings_beside(file)
    if form == "argo":
        text = write_workflow_template(spec, settings)
        if absent := never_given(spec):
            console.warn(f"Argo cannot see which artifacts are given: the step runs without {', '.join(absent)}")
        return text
    check_names(given, [port.name for port in spec.interface.inputs], "input")
    values, places = divide(spec.interface, given, location_of)
    return written(workflow(spec, values=values, artifacts=places, settings=settings))


def _guarded(console: Console, spec: "ComponentSpec", form: str) -> "ComponentSpec":
    """Return the contract as KFP 2's server runs it where a caller leaves out inputs, and say what changed."""
    from toolkit.forms.guards import with_defaults

    guarded = with_defaults(spec, concats=form == "ir")
    if guarded != spec:
        console.say("note: values with a default stand inside isPresent: KFP 2's server fails at one that is left out")
    return guarded


def _has_concat(spec: "ComponentSpec") -> bool:
    """Return whether an argument is a concat."""
    from toolkit.spec.model import ConcatPlaceholder, Container

    container = spec.implementation
    arguments = (*container.command, *container.args) if isinstance(container, Container) else ()
    return any(isinstance(argument, ConcatPlaceholder) for argument in arguments)
