"""`comp lock`: pin requirements by hash and the base by digest."""

from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--upgrade", is_flag=True, help="Take the newest versions and the newest base that are allowed.")
@click.option("--base", metavar="REF", help="The base: a reference, layout:DIR or archive:FILE.")
@pass_console
def command(console: Console, *, folder: Path, upgrade: bool, base: str | None) -> None:
    """Write requirements.lock for the component in FOLDER.

    It holds one hashed wheel for each requirement, without addresses, and the base's digest. A base from the
    command line or COMP_BASE is used and not recorded. Without --upgrade a fresh lock stays as it is.
    """
    from toolkit import job
    from toolkit.config import read_project

    project = read_project(folder, overrides={"base": base} if base else {})
    old = job.existing_lock(project)
    opened = job.open_base(project, job.Tools(), lock=None if upgrade else old)
    lock = job.refresh_lock(project, opened, upgrade=upgrade)
    if lock == old:
        console.say(f"{job.LOCK_NAME} is up to date ({len(lock.pins)} packages)")
        return
    before = {pin.name: pin.version for pin in old.pins} if old else {}
    after = {pin.name: pin.version for pin in lock.pins}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            console.say(f"{name}: {before.get(name, 'new')} -> {after.get(name, 'gone')}")
