"""The options that name a KFP server, for all commands that speak to one."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import click
from msgspec import Struct

from toolkit.cli.console import tell

if TYPE_CHECKING:
    from datetime import datetime

    from toolkit.pipelines.server.client import Server

_Command = TypeVar("_Command", bound=Callable[..., Any])

_endpoint = click.option(
    "--endpoint", metavar="URL", help="The KFP server.  [default: $KF_PIPELINES_ENDPOINT, or in a pod KFP's own]"
)
_namespace = click.option(
    "-n", "--namespace", metavar="NAME", help="Your namespace, on a server of several users.  [default: KFP's setting]"
)
_token = click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file with the token, read for every request.  [default: $COMP_KFP_TOKEN, $KF_PIPELINES_SA_TOKEN_PATH]",
)


class ServerOptions(Struct, frozen=True, kw_only=True):
    """What the options say."""

    endpoint: str | None
    namespace: str | None
    token_file: Path | None

    def connect(self) -> "Server":
        """Make the client of the server, without a request."""
        from toolkit.http.hosts import is_loopback
        from toolkit.pipelines.server.client import connect
        from toolkit.pipelines.server.endpoint import find_endpoint

        found = find_endpoint(
            self.endpoint, self.namespace, self.token_file, environ=os.environ, home=Path("~").expanduser()
        )
        server = connect(found, os.environ)
        parts = urlsplit(found.url)
        if parts.scheme == "http" and not is_loopback(parts.netloc) and found.credentials.current_token():
            tell(f"warning: the token goes to {parts.netloc} without encryption")
        return server


def options(command: _Command) -> _Command:
    """Add the options to a command, which gets them as `where`."""

    @wraps(command)
    def with_server(
        *arguments: object, endpoint: str | None, namespace: str | None, token_file: Path | None, **rest: object
    ) -> object:
        where = ServerOptions(endpoint=endpoint, namespace=namespace, token_file=token_file)
        return command(*arguments, where=where, **rest)

    return _endpoint(_namespace(_token(cast("_Command", with_server))))


def day(time: "datetime | None") -> str:
    """Return a time for a table; empty if it is not known."""
    return "" if time is None else f"{time.astimezone():%Y-%m-%d %H:%M}"
