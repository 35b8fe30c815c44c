"""What the commands share that run a pipeline on this machine, or draw it."""

from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli.run import pairs

RUNNERS = ["docker", "buildah", "process"]
runner_option = click.option(
    "--runner", type=click.Choice(RUNNERS), help="The runner of every step.  [default: the first that works]"
)
runner_or_kfp_option = click.option(
    "--runner",
    type=click.Choice([*RUNNERS, "kfp"]),
    help="The runner of every step; kfp is kfp's own, by docker.  [default: the first of the others that works]",
)
jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many steps run at a time.  [default: one for each processor]",
)
component_option = click.option(
    "--component",
    "components",
    multiple=True,
    metavar="NAME=FOLDER",
    help="The folder with a component's code, which is built or run as it is now.",
)
function_option = click.option("--function", metavar="NAME", help="The pipeline, if a Python file has several.")
python_option = click.option(
    "--python",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A Python with kfp 2, to compile with.  [default: comp's own]",
)


def folders(components: Sequence[str]) -> dict[str, Path]:
    """Return the folders that `--component` names. Raises UsageError for another form."""
    return {name: Path(folder) for name, folder in pairs(components, "--component", "NAME=FOLDER").items()}
