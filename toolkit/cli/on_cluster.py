"""The options of commands that run components on a cluster."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("-n", "--namespace", metavar="NAME", help="The namespace for argo.  [default: the context's]"),
    click.option(
        "--kubeconfig",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The access to a cluster.  [env var: KUBECONFIG]",
    ),
    click.option("--context", metavar="NAME", help="The context of the kubeconfig.  [default: the current one]"),
    click.option("--keep", is_flag=True, help="Leave the workflow on the cluster, even after Ctrl-C."),
)


def options(command: _Command) -> _Command:
    """Add the options to a command; it gets them combined as `on_cluster`."""

    @wraps(command)
    def with_cluster(
        *arguments: object,
        namespace: str | None,
        kubeconfig: Path | None,
        context: str | None,
        keep: bool,
        **rest: object,
    ) -> object:
        """Call the command with the user's choices."""
        from toolkit.engines.kubernetes import Access
        from toolkit.runners.on_cluster import OnCluster

        access = Access(kubeconfig=kubeconfig, context=context, namespace=namespace)
        return command(*arguments, on_cluster=OnCluster(access=access, keep=keep), **rest)

    with_options = cast("_Command", with_cluster)
    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options
