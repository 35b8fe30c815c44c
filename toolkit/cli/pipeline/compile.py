"""`comp pipeline compile`: a pipeline's Python file to KFP 2 IR, every image by digest."""

import json
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import UsageError

_MANIFEST = ("pipeline_name", "pipeline_display_name", "pipeline_version_name", "pipeline_version_display_name")


@click.command
@click.argument("pipeline", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: stdout]",
)
@click.option("--function", metavar="NAME", help="The pipeline or component to compile, if the file has several.")
@click.option("--pipeline-parameters", "parameters", metavar="JSON", help="Values of the pipeline's inputs.")
@click.option("--disable-type-check", is_flag=True, help="Connect ports whatever their types.")
@click.option(
    "--disable-execution-caching-by-default",
    "disable_caching",
    is_flag=True,
    envvar="KFP_DISABLE_EXECUTION_CACHING_BY_DEFAULT",
    help="Steps are cached only where the pipeline sets it.",
)
@click.option("--kubernetes-manifest-format", "manifest", is_flag=True, help="Write a PipelineVersion manifest.")
@click.option("--pipeline-name", metavar="TEXT", help="The manifest's Pipeline.")
@click.option("--pipeline-display-name", metavar="TEXT", help="The Pipeline's name for people.")
@click.option("--pipeline-version-name", metavar="TEXT", help="The manifest's PipelineVersion.")
@click.option("--pipeline-version-display-name", metavar="TEXT", help="The PipelineVersion's name for people.")
@click.option("--namespace", metavar="TEXT", help="The manifest's namespace.")
@click.option("--include-pipeline-manifest", is_flag=True, help="Write the Pipeline's manifest too.")
@click.option(
    "--python",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A Python that has kfp 2.  [default: $COMP_KFP_PYTHON, else comp's own]",
)
@click.option("--locked", is_flag=True, help="Fail if components or images differ from the lock.")
@click.option("--upgrade", is_flag=True, help="Ask the registries for every tag again.")
@click.option("--allow-tags", is_flag=True, help="Keep tags that the lock does not have.")
@click.option(
    "--no-push", is_flag=True, help="For runs on this machine: load the images of functions into docker; keep tags."
)
@pass_console
def command(
    console: Console,
    /,
    *,
    pipeline: Path,
    output: Path | None,
    function: str | None,
    parameters: str | None,
    disable_type_check: bool,
    disable_caching: bool,
    manifest: bool,
    python: Path | None,
    locked: bool,
    upgrade: bool,
    allow_tags: bool,
    no_push: bool,
    **manifest_options: str | bool | None,
) -> None:
    """Compile the pipeline in FILE to KFP 2 IR.

    kfp's own compiler does it, in a process of its own. Then every image is named by digest: that of PIPELINE.lock,
    else the one that its tag has now. The lock lists each component and image that the pipeline uses. What the file
    prints goes to stderr.
    """
    from toolkit.pipelines.compile import CompileOptions, compile_pipeline, update_lock
    from toolkit.system.atomic import write_text

    given = [name for name, value in manifest_options.items() if value]
    if given and not manifest:
        raise UsageError(
            f"--{given[0].replace('_', '-')} needs --kubernetes-manifest-format", hint="add it, or leave this out"
        )
    if output is not None and output.suffix not in {".yaml", ".yml"}:
        raise UsageError(f"--output {output}: a pipeline is written as YAML", hint="give it a name like pipeline.yaml")
    if locked and upgrade:
        raise UsageError("--locked and --upgrade do not go together", hint="leave one out")
    compiled = compile_pipeline(
        pipeline,
        function=function,
        parameters=_parameters(parameters),
        python=python,
        options=CompileOptions(
            type_check=not disable_type_check,
            disable_caching=disable_caching,
            manifest=manifest_options if manifest else None,
            locked=locked,
            upgrade=upgrade,
            allow_tags=allow_tags,
            images="docker" if no_push else "push",
        ),
    )
    for change in compiled.changes:
        console.say(f"changed: {change}")
    # What is compiled for this machine says nothing about other runs.
    if not no_push and (path := update_lock(compiled)) is not None:
        console.say(f"wrote {path}")
    if output is None:
        console.document(compiled.text)
        return
    write_text(output, compiled.text)
    console.say(f"wrote {output}")


def _parameters(text: str | None) -> dict[str, object]:
    """Read `--pipeline-parameters`. Raises UsageError unless it is a JSON object."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"--pipeline-parameters is not JSON: {error}", hint="""write it as '{"epochs": 3}'"""
        ) from None
    if not isinstance(values, dict):
        raise UsageError("--pipeline-parameters is not a JSON object", hint="""write it as '{"epochs": 3}'""")
    return values
