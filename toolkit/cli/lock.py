"""`comp lock`: pin requirements by hash and the base by digest."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent, many
from toolkit.cli.console import Console, pass_console
from toolkit.collection.relocking import relock
from toolkit.errors import UsageError
from toolkit.progress import SUBJECT
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.collection.work import Done
    from toolkit.collection.workspace import Member, Workspace
    from toolkit.jail.consent import Consent
    from toolkit.job.context import BuildContext
    from toolkit.requirements.lock import Lock


@click.command
@many.options
@click.option("--upgrade", is_flag=True, help="Take the newest versions and the newest base that are allowed.")
@click.option("--base", metavar="REF", help="The base: a reference, layout:DIR or archive:FILE.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if the lock is stale.")
@click.option(
    "--accept-publisher",
    "accepted",
    metavar="NAME",
    multiple=True,
    help="Take a package although another publisher uploads it now; `:all:` for all packages.",
)
@consent.build_option
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    asked: many.Asked,
    upgrade: bool,
    base: str | None,
    check: bool,
    accepted: Sequence[str],
    allowed: "Consent",
    progress: str,
) -> int:
    """Write requirements.lock for the component in FOLDER.

    It holds one hashed wheel for each requirement and platform, without addresses, and the base's digest. A base
    from the command line or COMP_BASE is used and not recorded. Without --upgrade a fresh lock stays as it is.

    Where the index attests who published a file (PEP 740), the lock records it. A new version by another publisher is
    refused until it is accepted.

    Components whose [tool.comp.workspace] has lock = "shared" have one lock, comp.lock beside that file.
    """
    from packaging.utils import canonicalize_name

    from toolkit.job.context import BuildContext

    if check and upgrade:
        raise UsageError("--check and --upgrade do not go together", hint="leave one out")
    if check and accepted:
        raise UsageError("--check and --accept-publisher do not go together", hint="leave one out")
    names = frozenset(name if name == ":all:" else canonicalize_name(name) for name in accepted)
    with bars.showing(console, progress) as shown:
        context = BuildContext(report=shown.report, consent=allowed, relock=relock, accepted_publishers=names)
        if asked.alone:
            _lock(console, asked.alone, context, base, upgrade=upgrade, check=check)
            return 0
        workspace = asked.workspace()
        if workspace and workspace.settings.lock == "shared":
            return _lock_together(console, asked, workspace, context, base, upgrade=upgrade, check=check)
        return many.report_on(
            console,
            "comp lock",
            asked,
            lambda member: _lock(console, member.folder, context, base, upgrade=upgrade, check=check),
            shown=shown,
            inner_first=True,
        )


def _lock_together(
    console: Console,
    asked: many.Asked,
    workspace: "Workspace",
    context: "BuildContext",
    base: str | None,
    *,
    upgrade: bool,
    check: bool,
) -> int:
    """Write the lock that a collection shares, and print what changed for each component."""
    from toolkit.collection.locking import lock_together
    from toolkit.collection.workspace import read_workspace

    if base:
        raise UsageError(
            "--base is for one component, and these share a lock", hint="set COMP_BASE, or base in the settings"
        )
    # The whole collection, also if FOLDER has a part of it: all agree on the versions.
    locks = lock_together(read_workspace(workspace.root, context.environ), context, upgrade=upgrade, check=check)

    def locked(member: "Member") -> "Done":
        """Print what changed, and lock a component that takes no part, since its repository is another one."""
        if member.folder not in locks.after:
            return _lock(console, member.folder, context, None, upgrade=upgrade, check=check)
        return _changes(console, locks.path.name, locks.before.get(member.folder), locks.after[member.folder])

    return many.report_on(console, "comp lock", asked, locked)


def _lock(
    console: Console, folder: Path, context: "BuildContext", base: str | None, *, upgrade: bool, check: bool
) -> "Done":
    """Lock one component, and print what changed."""
    from toolkit.collection.work import Done
    from toolkit.config.project import read_project
    from toolkit.job.lock import existing_lock, locked_bases

    project = read_project(folder, environ=os.environ, overrides={"base": base} if base else {})
    if project.is_dockerfile_alone:
        if not SUBJECT.get():
            console.say("nothing to lock: the Dockerfile installs what it needs")
        return Done(result="nothing to lock")
    old = existing_lock(project)
    _, lock = locked_bases(project, context, upgrade=upgrade, locked=check)
    return _changes(console, project.lock_file.name, old, lock)


def _changes(console: Console, name: str, old: "Lock | None", lock: "Lock") -> "Done":
    """Print how a lock differs from the one before."""
    from toolkit.collection.work import Done
    from toolkit.requirements.lock import system_versions

    if lock == old:
        if not SUBJECT.get():
            console.say(f"{name} is up to date ({_packages(lock)})")
        return Done(result="up to date")
    if old is None:
        console.say(f"locked {_packages(lock)}")
        _say_publishers(console, lock)
        return Done(result="locked")
    _say_changes(console, old.packages, lock.packages)
    _say_changes(console, system_versions(old), system_versions(lock), kind="Debian's ")
    if lock.publishers != old.publishers:
        _say_publishers(console, lock)
    return Done(result="locked")


def _say_changes(console: Console, before: Mapping[str, str], after: Mapping[str, str], kind: str = "") -> None:
    """Print which packages of a kind were added, removed and changed."""
    for package in sorted(before.keys() | after.keys()):
        if package not in after:
            console.say(f"removed {kind}{package} {before[package]}")
        elif package not in before:
            console.say(f"added {kind}{package} {after[package]}")
        elif before[package] != after[package]:
            console.say(f"{kind}{package}: {before[package]} -> {after[package]}")


def _say_publishers(console: Console, lock: "Lock") -> None:
    """Print how many packages have a publisher, and how far that is to be believed."""
    published = {
        pin.name: publisher for pins in lock.pins.values() for pin in pins if (publisher := lock.publisher(pin))
    }
    if not published:
        return
    verified = sum(publisher.verified for publisher in published.values())
    rest = len(published) - verified
    words = [f"{verified} verified"] if verified else []
    words += [f"{rest} by the word of the index alone"] if rest else []
    console.say(f"publishers of {len(published)} of {_packages(lock)} recorded: {', '.join(words)}")


def _packages(lock: "Lock") -> str:
    """Return how many packages a lock has, in words."""
    from toolkit.requirements.lock import system_versions

    debian = len(system_versions(lock))
    more = f" and {counted(debian, 'Debian package')}" if debian else ""
    return f"{counted(len(lock.packages), 'package')}{more}"
