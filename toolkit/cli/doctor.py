"""`comp doctor`: what is installed and reachable, what is missing, and why it matters."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.diagnosis import Check


@click.command
@click.argument("component", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@pass_console
def command(console: Console, /, *, component: Path, as_json: bool) -> int:
    """Tell what is installed and reachable, and what is missing.

    Where COMPONENT is the folder of a component, its base and the host of its image are asked for too; otherwise
    the network is left alone. The exit code is 3 when something is missing without which nothing can be built.
    """
    from toolkit import __version__
    from toolkit.cache import Cache
    from toolkit.diagnosis import diagnose

    checks = diagnose(component, Cache.default(), os.environ)
    able = all(check.state == "ok" for check in checks if check.required)
    if as_json:
        found = {"comp": __version__, "ok": able, "checks": [asdict(check) for check in checks]}
        console.data(json.dumps(found, indent=2))
    else:
        console.data(_table(checks))
    return 0 if able else 3


def _table(checks: "Sequence[Check]") -> str:
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.name:<{width}}  {check.detail}")
        if check.state != "ok":
            lines += [f"{'':<8} {'':<{width}}  {text}" for text in (f"why: {check.why}", f"fix: {check.fix}")]
    return "\n".join(lines)
