"""`comp lock`: pin requirements by hash and the base by digest."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent
from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--upgrade", is_flag=True, help="Take the newest versions and the newest base that are allowed.")
@click.option("--base", metavar="REF", help="The base: a reference, layout:DIR or archive:FILE.")
@click.option("--check", is_flag=True, help="Only tell whether the lock is fresh; exit code 1 when it is not.")
@consent.build_option
@bars.option
@pass_console
def command(
    console: Console, *, folder: Path, upgrade: bool, base: str | None, check: bool, allowed: "Consent", progress: str
) -> None:
    """Write requirements.lock for the component in FOLDER.

    It holds one hashed wheel for each requirement and platform, without addresses, and the base's digest. A base
    from the command line or COMP_BASE is used and not recorded. Without --upgrade a fresh lock stays as it is.
    """
    from toolkit import locking
    from toolkit.config import read_project
    from toolkit.tools import Tools

    project = read_project(folder, overrides={"base": base} if base else {})
    old = locking.existing_lock(project)
    with bars.reporting(console, progress) as report:
        tools = Tools(report=report, consent=allowed)
        bases = locking.open_bases(project, tools, lock=None if upgrade else old)
        lock = locking.refresh_lock(project, bases, tools, upgrade=upgrade, locked=check)
    if lock == old:
        console.say(f"{project.lock.name} is up to date ({len(lock.packages)} packages)")
        return
    before, after = old.packages if old else {}, lock.packages
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            console.say(f"{name}: {before.get(name, 'new')} -> {after.get(name, 'gone')}")
