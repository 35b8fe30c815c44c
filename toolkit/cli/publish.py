"""`comp publish`: put a release into a component registry."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import consent, many
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import branch_option, by_option, dry_run_option, registry_option
from toolkit.errors import UsageError
from toolkit.progress import SUBJECT
from toolkit.redaction import without_login

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.api.publishing import Published, Publisher
    from toolkit.collection.work import Done
    from toolkit.collection.workspace import Member
    from toolkit.config.project import Project
    from toolkit.jail.consent import Consent
    from toolkit.registry.publishing.foreign_contract import Chosen
    from toolkit.registry.release import Release


@click.command
@click.argument("targets", nargs=-1, metavar="[FOLDER|FILE|URL]...")
@many.every_option
@many.since_option
@many.jobs_option
@registry_option
@click.option("--namespace", metavar="NAME", help="The namespace of the names; overrides [tool.comp] namespace.")
@by_option
@click.option("--build", is_flag=True, help="Build and push the image first, and pin it.")
@dry_run_option
@branch_option
@click.option("--accept-breaking", is_flag=True, help="Publish even if the version is too low for what changed.")
@click.option("--no-image-check", is_flag=True, help="Do not ask the image's remote whether it has the image.")
@click.option("--name", metavar="NAME", help="Of a FILE or URL: the component's name.  [default: that of its folder]")
@click.option("--version", metavar="X.Y.Z", help="Of a FILE or URL: the version.  [default: that of the contract]")
@click.option("--pin", is_flag=True, help="Of a FILE or URL: pin the image to the digest that its tag has now.")
@click.option("--allow-tags", is_flag=True, help="Of a FILE or URL: publish an image by its tag.")
@many.junit_option
@format_option
@consent.options
@pass_console
def command(
    console: Console,
    /,
    *,
    targets: tuple[str, ...],
    every: bool,
    since: str | None,
    jobs: int | None,
    form: str,
    junit: Path | None,
    registry: str | None,
    namespace: str | None,
    by: str | None,
    build: bool,
    dry_run: bool,
    branch: str | None,
    accept_breaking: bool,
    no_image_check: bool,
    name: str | None,
    version: str | None,
    pin: bool,
    allow_tags: bool,
    allowed: "Consent",
) -> int:
    """Publish the components in FOLDER as immutable releases.

    The version is the project's, and has to allow what changed since the one before it, as `comp breaking` says. The
    image has to be pinned, and on its remote. A release has the contract, README.md, LICENSE, CHANGELOG.md and
    examples/, 1 MB in all; and what [project] and git say of licence, authors, keywords, source and commit. Prints a
    line for each component. Publishing the same again changes nothing.

    A FILE or URL is the contract of a component that someone else made; it is published as it is.
    """
    foreign = [target for target in targets if _is_contract(target)]
    _check_options(foreign, targets, of_folders=every or build or bool(junit), of_files=bool(name or version or pin))
    if allow_tags and not foreign:
        raise _only_for_files()
    from toolkit.api.publishing import Publisher

    publisher = Publisher.of(
        os.environ,
        registry=registry,
        namespace=namespace,
        by=by,
        branch=branch,
        accept_breaking=accept_breaking,
        image_check=not no_image_check,
        dry_run=dry_run,
    )
    if foreign:
        chosen = _chosen(publisher, name=name, version=version, pin=pin, allow_tags=allow_tags)
        done = _reported(console, form, publisher, [publisher.publish_contract(foreign[0], chosen)])
        if form == "json":
            console.json(done.more)
        return done.code
    folders = tuple(map(Path, targets))
    _check_folders(folders)
    asked = many.Asked(folders=folders, every=every, since=since, form=form, junit=junit, jobs=jobs)
    asked.check()
    build_first = allowed if build else None
    if asked.alone:
        return _publish_folder(console, form, publisher, asked.alone, build_first).code

    def work(member: "Member") -> "Done":
        """Publish one component."""
        return _publish_folder(console, form, publisher, member.folder, build_first)

    return many.report_on(console, "comp publish", asked, work)


def _chosen(publisher: "Publisher", *, name: str | None, version: str | None, pin: bool, allow_tags: bool) -> "Chosen":
    """Return what the command line says about a contract that someone else made."""
    from toolkit.registry.publishing.foreign_contract import Chosen

    return Chosen(
        namespace=publisher.namespace,
        published=publisher.published,
        by=publisher.by,
        name=name,
        version=version,
        pin=pin,
        allow_tags=allow_tags,
    )


def _publish_folder(
    console: Console, form: str, publisher: "Publisher", folder: Path, build_first: "Consent | None"
) -> "Done":
    """Publish the components of one folder, and print a line for each."""

    def build(project: "Project") -> None:
        """Build and push the image, or say that it would be."""
        if publisher.dry_run:
            console.say(f"would build and push the image of {project.name}, and pin it")
        elif build_first:
            _build(console, folder, build_first)

    return _reported(console, form, publisher, publisher.publish_folder(folder, build if build_first else None))


def _reported(console: Console, form: str, publisher: "Publisher", releases: "Sequence[Published]") -> "Done":
    """Print a line for each release, and return them for a report."""
    from toolkit.collection.work import Done

    for each in releases:
        if each.new and publisher.dry_run:
            console.say(f"would publish {_described(each.release)} in {each.registry}")
        elif not each.new and not SUBJECT.get():
            console.say(f"{each.release} was there already")
        if form == "text":
            console.data(f"{each.release} {each.release.digest}")
    listed = [{"release": str(each.release), "digest": str(each.release.digest), "new": each.new} for each in releases]
    done = "to publish" if publisher.dry_run else "published"
    return Done(
        result=done if any(each.new for each in releases) else "unchanged",
        digest=str(releases[0].release.digest),
        more={"releases": listed},
    )


def _is_contract(target: str) -> bool:
    """Return whether a target is a contract's file or address, and not a folder."""
    from toolkit.registry.publishing.contract_address import is_address

    return is_address(target) or Path(target).is_file() or target.endswith((".yaml", ".yml"))


def _check_options(foreign: "Sequence[str]", targets: "Sequence[str]", *, of_folders: bool, of_files: bool) -> None:
    """Raise UsageError for options that do not go together."""
    if foreign and (len(targets) > 1 or of_folders):
        raise UsageError(
            f"{without_login(foreign[0])} is published alone, without --all, --build and --junit",
            hint="run comp publish for each",
        )
    if of_files and not foreign:
        raise _only_for_files()


def _check_folders(folders: "Sequence[Path]") -> None:
    """Raise UsageError for a folder that has a contract and no settings, as those that others made often do."""
    from toolkit.registry.release import CONTRACT

    for folder in folders:
        if (folder / CONTRACT).is_file() and not (folder / "pyproject.toml").exists():
            raise UsageError(
                f"{folder} has {CONTRACT} and no pyproject.toml",
                hint=f"comp publish {folder / CONTRACT} publishes the contract as it is; `comp new` makes a component",
            )


def _only_for_files() -> UsageError:
    """Return the error for options about a contract that someone else made."""
    return UsageError(
        "--name, --version, --pin and --allow-tags are for a FILE or URL",
        hint="[project] has the name and the version of a FOLDER, and --build pins its image",
    )


def _described(release: "Release") -> str:
    """Return a release with its files, image and commit."""
    from toolkit.registry.release import CONTRACT

    files = ", ".join((CONTRACT, *(file.path for file in release.files)))
    commit = f", commit {release.revision}" if release.revision else ""
    return f"{release} ({files}; image {release.image}{commit})"


def _build(console: Console, folder: Path, allowed: "Consent") -> None:
    """Build and push the image of a component, and pin it."""
    from toolkit.api.building import run
    from toolkit.collection.relocking import relock
    from toolkit.job.build import Milestone
    from toolkit.job.context import BuildContext, BuildRequest

    def announce(milestone: Milestone) -> None:
        """Say what the build did."""
        words = {"image": "pushed", "pinned": "pinned"}
        if milestone.kind in words:
            value = milestone.value if milestone.kind == "image" else os.path.relpath(milestone.value)
            console.say(f"{words[milestone.kind]} {value}")

    request = BuildRequest(folder=folder, locked=False, push=True, pin="in-place")
    run(request, BuildContext(consent=allowed, relock=relock), announce)
