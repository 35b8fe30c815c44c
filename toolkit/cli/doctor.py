"""`comp doctor`: show what this machine has, what it lacks, and why that matters."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.diagnosis import Check


@click.command
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--cluster", is_flag=True, help="Check the cluster that pipelines run on, in place of this machine.")
@click.option("--context", metavar="NAME", help="With --cluster: the kubeconfig's context.  [default: the current one]")
@click.option(
    "-n", "--namespace", metavar="NAME", help="With --cluster: where pipelines run.  [default: the context's]"
)
@click.option(
    "--account",
    default="default",
    metavar="NAME",
    show_default=True,
    help="With --cluster: whose rights the steps have.",
)
@click.option("--endpoint", metavar="URL", help="With --cluster: the KFP server.  [default: $KF_PIPELINES_ENDPOINT]")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="With --cluster: the file with the token of the KFP server.",
)
@format_option
@click.option("--json", "as_json", is_flag=True, hidden=True)
@pass_console
def command(
    console: Console,
    /,
    *,
    folder: Path,
    cluster: bool,
    context: str | None,
    namespace: str | None,
    account: str,
    endpoint: str | None,
    token_file: Path | None,
    form: str,
    as_json: bool,
) -> int:
    """List the programs and servers that comp finds, and those that are missing.

    If FOLDER is a component's, the hosts of its base and image are tried as well; otherwise the network
    is not used. With --cluster: Kubernetes, Argo, a KFP server, and what the namespace lacks to run pipelines. The exit
    code is 3 if a build, or a run, would fail for something that is missing.
    """
    from toolkit import __version__
    from toolkit.cache.store import Cache
    from toolkit.diagnosis import diagnose

    if not cluster and (context or namespace or endpoint or token_file):
        raise UsageError("--context, --namespace, --endpoint and --token-file go with --cluster", hint="add --cluster")
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist", hint="give the folder of a component, or none")
    if cluster:
        from toolkit.engines.kubernetes import Access
        from toolkit.pipelines.cluster_checks import Where, diagnose_cluster

        where = Where(
            access=Access(context=context, namespace=namespace),
            endpoint=endpoint,
            token_file=token_file,
            image_host=_image_host(folder),
            account=account,
        )
        checks = diagnose_cluster(where, os.environ, Path("~").expanduser())
    else:
        checks = diagnose(folder, Cache.default(), os.environ)
    able = all(check.state == "ok" for check in checks if check.required)
    if as_json or form == "json":
        document = {"comp": __version__, "ok": able, "checks": [to_builtins(check) for check in checks]}
        console.json(document)
    else:
        console.data(_table(checks))
    return 0 if able else 3


def _image_host(folder: Path) -> str | None:
    """Return the host of a component's image; None if FOLDER is not a component, or its image is not named."""
    from toolkit.config.project import read_project
    from toolkit.oci.reference import parse_reference

    try:
        image = read_project(folder, environ=os.environ).image
        return parse_reference(image).host if image else None
    except InputError:
        return None


def _table(checks: "Sequence[Check]") -> str:
    """Return a line for each check, and two more with reason and advice unless it is in order."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.name:<{width}}  {check.detail}")
        if check.state != "ok":
            lines += [f"{'':<8} {'':<{width}}  {text}" for text in (f"why: {check.why}", f"fix: {check.fix}")]
    return "\n".join(lines)
