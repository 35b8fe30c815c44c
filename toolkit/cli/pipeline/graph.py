"""`comp pipeline graph`: a pipeline as one offline page, or as SVG."""

from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline.local_options import function_option, python_option
from toolkit.errors import UsageError

_FORMS = (".html", ".svg")


@click.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="page.html or graph.svg."
)
@click.option(
    "--run",
    "ran",
    metavar="RUN",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of a local run, whose states and times are shown.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that comp has not drawn.")
@function_option
@python_option
@format_option
@pass_console
def command(
    console: Console,
    /,
    *,
    file: Path,
    output: Path | None,
    ran: Path | None,
    force: bool,
    function: str | None,
    python: Path | None,
    form: str,
) -> None:
    """Draw the pipeline in FILE, compiled YAML or Python, as one HTML page that needs no network.

    It shows the steps with their images, the ports and types that connect them, nested pipelines, conditions and loops
    as frames, what differs from the lock, and after a run the state and time of each step. Without -o the page goes
    beside FILE; an output that ends in .svg is the picture alone.
    """
    from toolkit.pipelines.page import Shown, is_drawn, page, svg
    from toolkit.pipelines.run_record import read_run
    from toolkit.pipelines.source import open_pipeline
    from toolkit.system.atomic import write_text

    target = output or file.with_suffix(".html")
    if target.suffix not in _FORMS:
        raise UsageError(f"{target} is neither .html nor .svg", hint="name the output so: -o graph.html")
    if target.exists() and not (force or is_drawn(target)):
        raise UsageError(f"{target} exists, and comp has not drawn it", hint="choose another name, or add --force")
    run = read_run(ran) if ran else None
    source = open_pipeline(file, function=function, python=python)
    if run is not None and run.pipeline != source.pipeline.name:
        raise UsageError(
            f"{ran} is a run of {run.pipeline}, not of {source.pipeline.name}", hint="name a run of this pipeline"
        )
    changed = source.changed()
    beside = Shown(run=run, changed=changed, changes=(*source.changes, *dict.fromkeys(changed.values())))
    write_text(target, (svg if target.suffix == ".svg" else page)(source.pipeline, beside))
    console.result(form, "", {"output": str(target)})
    console.say(f"wrote {target}")
