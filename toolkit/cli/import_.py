"""`comp import`: publish contracts that others made."""

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.failures import near
from toolkit.cli.registry_options import branch_option, by_option, dry_run_option, published_now, registry_option
from toolkit.errors import InputError, UsageError
from toolkit.redaction import hide, without_login
from toolkit.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toolkit.collection.found_contracts import Found
    from toolkit.collection.importing import Imported
    from toolkit.registry.place import Place
    from toolkit.registry.protocol import Registry
    from toolkit.registry.publishing.candidate import Candidate

# Lines of advice behind a list of refusals.
_MOST_HINTS = 3


@click.command
@click.argument("place", metavar="FOLDER|GIT")
@registry_option
@click.option("--namespace", required=True, metavar="NAME", help="The namespace of the names.")
@click.option("--at", "commit", metavar="COMMIT", help="A branch, a tag or a commit.  [default: the files, or HEAD]")
@click.option("--source", metavar="URL", help="The repository's address, for the records.  [default: its origin]")
@click.option(
    "--history", is_flag=True, help="Publish every version that git has of a contract, counted from 0.0.1 on."
)
@click.option("--pin", is_flag=True, help="Name each image by the digest that its tag has now.")
@click.option("--allow-tags", is_flag=True, help="Publish contracts whose images have a tag and no digest.")
@by_option
@branch_option
@dry_run_option
@format_option
@pass_console
def command(
    console: Console,
    /,
    *,
    place: str,
    registry: str | None,
    namespace: str,
    commit: str | None,
    source: str | None,
    history: bool,
    pin: bool,
    allow_tags: bool,
    by: str | None,
    branch: str | None,
    dry_run: bool,
    form: str,
) -> int:
    """Publish every contract below a folder, or of a git repository.

    With --at or --history, and for a bare repository, the commits of FOLDER count and not its files. GIT is an address,
    such as https://HOST/REPOSITORY.git. A contract gets the name of its folder, or its title. Its version is the one in
    its annotations, or else the next after those that the registry has. Prints a line for each release. What cannot be
    published is listed with the reason, and the exit code is then 1. Importing the same again changes nothing.
    """
    from toolkit.collection.importing import Request, import_all
    from toolkit.registry.named import resolve_one
    from toolkit.registry.publishing.images import Images

    if pin and allow_tags:
        raise UsageError("--pin and --allow-tags do not go together", hint="leave one of them out")
    request = Request(
        namespace=namespace,
        published=published_now(os.environ),
        by=by,
        tags="pin" if pin else "allow" if allow_tags else "refuse",
        history=history,
    )
    target = resolve_one(registry, environ=os.environ, namespace=namespace).place
    found = _found(place, commit, history=history)
    if source:
        found = replace(found, source=without_login(source))
    reading, publish = _opened(target, branch, dry_run=dry_run)
    outcomes = []
    for outcome in import_all(found, request, reading, publish, Images(os.environ)):
        outcomes.append(outcome)
        if outcome.candidate and form == "text":
            console.data(f"{outcome.candidate.release} {outcome.candidate.release.digest}")
    if form == "json":
        console.json({"contracts": [_as_data(outcome) for outcome in outcomes]})
    _print_problems(console, outcomes)
    console.say(_sums(outcomes, dry_run=dry_run))
    return 1 if any(outcome.problem for outcome in outcomes) else 0


def _found(place: str, commit: str | None, *, history: bool) -> "Found":
    """Return the contracts that a place has."""
    from toolkit.collection.committed_contracts import contracts_at_commit, is_repository_address, repository_at
    from toolkit.collection.found_contracts import contracts_in_folder

    folder = Path(place)
    is_bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    if not (is_repository_address(place) or commit or history or is_bare):
        if not folder.is_dir():
            raise InputError(f"{place} is not a folder", hint="give a folder, or a repository's address")
        return contracts_in_folder(folder, os.environ)
    with repository_at(place, commit, os.environ, history=history) as repository:
        return contracts_at_commit(repository, commit, history=history)


def _opened(place: "Place", branch: str | None, *, dry_run: bool) -> "tuple[Registry, Callable[[Candidate], bool]]":
    """Return the registry to read, and what adds a release to it, which in a dry run does nothing."""
    from toolkit.registry.opening import open_writable
    from toolkit.registry.publishing.unmade import open_or_unmade

    if dry_run:
        return open_or_unmade(place, os.environ, review=branch), lambda _: True
    opened = open_writable(place, environ=os.environ, review=branch)
    return opened, lambda candidate: opened.publish(candidate.release, candidate.contents)


def _print_problems(console: Console, outcomes: "Sequence[Imported]") -> None:
    """List what could not be published, with the place and the reason."""
    for outcome in outcomes:
        if outcome.problem:
            where = getattr(outcome.problem, "where", None) or outcome.path
            console.say(f"{near(str(where))}: {outcome.problem.message}")
    # The same advice holds for many, so that it stands once.
    hints = Counter(outcome.problem.hint for outcome in outcomes if outcome.problem and outcome.problem.hint)
    for hint, count in hints.most_common(_MOST_HINTS):
        console.say(f"hint for {count} of these: {hint}")


def _sums(outcomes: "Sequence[Imported]", *, dry_run: bool) -> str:
    """Return how many contracts came to what, in words."""
    new = sum(outcome.new for outcome in outcomes)
    there = sum(outcome.candidate is not None for outcome in outcomes) - new
    refused = sum(outcome.problem is not None for outcome in outcomes)
    done = "to publish" if dry_run else "published"
    contracts = len({outcome.path for outcome in outcomes})
    rules = Counter(outcome.rule for outcome in outcomes if outcome.problem and outcome.rule)
    by_rule = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    listed = f" ({by_rule})" if by_rule else ""
    return f"{counted(contracts, 'contract')}: {new} {done}, {there} there already, {refused} refused{listed}"


def _as_data(outcome: "Imported") -> dict[str, Any]:
    """Return an outcome as JSON data."""
    release = outcome.candidate.release if outcome.candidate else None
    problem = outcome.problem
    return {
        "path": outcome.path,
        "release": str(release) if release else None,
        "digest": str(release.digest) if release else None,
        "new": outcome.new,
        "rule": outcome.rule,
        "problem": hide(problem.message) if problem else None,
        "hint": hide(problem.hint) if problem and problem.hint else None,
    }
