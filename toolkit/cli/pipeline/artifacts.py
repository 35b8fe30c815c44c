"""`comp pipeline artifacts`: what a run on a KFP server has made."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.cli.pipeline import server_options
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.errors import InputError, OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.pipelines.server.artifacts import Artifact
    from toolkit.pipelines.server.client import Server


@click.command
@click.argument("run")
@click.argument("names", nargs=-1, metavar="[STEP|STEP/OUTPUT]...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Download them to FOLDER/STEP/OUTPUT."
)
@click.option("--preview", is_flag=True, help="Print their first lines: metrics, tables, pages, texts.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@format_option
@server_options.options
@pass_console
def command(
    console: Console,
    /,
    *,
    run: str,
    names: tuple[str, ...],
    output: Path | None,
    preview: bool,
    force: bool,
    form: str,
    where: ServerOptions,
) -> None:
    """List the artifacts of RUN, print their first lines, or download them.

    They are those that ML Metadata has, which KFP's pages serve; or else, without metadata, those of the run's pods,
    if a kubeconfig reaches them.
    """
    from toolkit.pipelines.server.artifacts import chosen

    server = where.connect()
    found, unknown = chosen(_artifacts(server, run), names)
    if unknown:
        raise InputError(
            f"the run has no {' and no '.join(unknown)}", hint="`comp pipeline artifacts RUN` lists what it has"
        )
    if output is not None:
        _download(console, server, found, output, force=force)
    if form == "json":
        rows = [
            {"step": artifact.step, "output": artifact.output, "type": artifact.type, "uri": artifact.uri}
            | {"metadata": dict(artifact.metadata)}
            for artifact in found
        ]
        console.json(rows)
    elif preview:
        _preview(console, server, found)
    elif output is None and found:
        console.data("\n".join(columns([(artifact.name, artifact.type, artifact.uri) for artifact in found])))
    elif not found:
        console.say("the run has no artifacts")


def _artifacts(server: "Server", run: str) -> "tuple[Artifact, ...]":
    """Return the artifacts of a run. Raises OutsideError if nothing knows them."""
    from toolkit.pipelines.server.artifacts import pod_artifacts
    from toolkit.pipelines.server.lineage import recorded_artifacts
    from toolkit.pipelines.server.pods import cluster_pods

    # Raises InputError for a run that does not exist, which ML Metadata would not tell from one without artifacts.
    server.run(run)
    recorded = recorded_artifacts(server, run)
    if recorded:
        return recorded
    pods = cluster_pods(server.endpoint.namespace, os.environ)
    if pods is not None:
        try:
            return tuple(pod_artifacts((pod.step, pod.document) for pod in pods.of_run(run)))
        except OutsideError:
            if recorded is None:
                raise
    if recorded is None:
        raise OutsideError(
            f"{server.endpoint.pages} has no ML Metadata, which knows a run's artifacts",
            hint="name the address of KFP's pages with KF_PIPELINES_UI_ENDPOINT, or a kubeconfig with KUBECONFIG",
        )
    return recorded


def _download(
    console: Console, server: "Server", artifacts: "Sequence[Artifact]", folder: Path, *, force: bool
) -> None:
    """Write each artifact to a file or a folder below a folder."""
    from toolkit.pipelines.server.contents import contents
    from toolkit.system.atomic import replacing
    from toolkit.system.paths import plain_parts

    steps = plain_parts([artifact.step for artifact in artifacts])
    outputs = plain_parts([artifact.output for artifact in artifacts])
    paths = [folder / steps[artifact.step] / outputs[artifact.output] for artifact in artifacts]
    for path in paths:
        if path.exists() and not force:
            raise UsageError(f"{path} exists", hint="--force overwrites it")
    for artifact, path in zip(artifacts, paths, strict=True):
        for content in contents(server, artifact, os.environ):
            with replacing(path / content.path) as file:
                for chunk in content.chunks():
                    file.write(chunk)
        console.say(f"wrote {path}")


def _preview(console: Console, server: "Server", artifacts: "Sequence[Artifact]") -> None:
    """Print the first lines of each artifact below its name."""
    from toolkit.pipelines.server.contents import head

    parts = []
    for artifact in artifacts:
        try:
            lines = head(server, artifact, os.environ) or "(no text)"
        except (InputError, OutsideError) as error:
            # A step that failed has made only some of its artifacts.
            lines = f"({error.message})"
        parts.append("\n".join([f"{artifact.name} ({artifact.type})", *(f"  {line}" for line in lines.splitlines())]))
    if parts:
        console.data("\n\n".join(parts))
