"""`comp publish`: put a release into a component registry."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from toolkit.cli import consent, many
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import branch_option, by_option, dry_run_option, published_now, registry_option
from toolkit.errors import UsageError
from toolkit.progress import SUBJECT
from toolkit.redaction import without_login

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.collection.work import Done
    from toolkit.jail.consent import Consent
    from toolkit.registry.publishing.candidate import Candidate
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
    publisher = _Publisher(
        console,
        form,
        _Settings(
            registry=registry,
            namespace=namespace,
            by=by,
            branch=branch,
            accept_breaking=accept_breaking,
            image_check=not no_image_check,
            dry_run=dry_run,
        ),
    )
    if foreign:
        return publisher.publish_contract(foreign[0], name=name, version=version, pin=pin, allow_tags=allow_tags)
    folders = tuple(map(Path, targets))
    _check_folders(folders)
    asked = many.Asked(folders=folders, every=every, since=since, form=form, junit=junit, jobs=jobs)
    asked.check()
    build_first = allowed if build else None
    if asked.alone:
        return publisher.publish_folder(asked.alone, build_first).code
    return many.report_on(
        console, "comp publish", asked, lambda member: publisher.publish_folder(member.folder, build_first)
    )


class _Settings(Struct, frozen=True, kw_only=True):
    """What the command line says about every component."""

    registry: str | None
    namespace: str | None
    by: str | None
    branch: str | None
    accept_breaking: bool
    image_check: bool
    dry_run: bool


class _Publisher:
    """Publishes components, and prints what came of it."""

    def __init__(self, console: Console, form: str, settings: _Settings) -> None:
        from toolkit.registry.publishing.images import Images

        self._console, self._form, self._settings = console, form, settings
        self._published = published_now(os.environ)
        self._images = Images(os.environ)

    def publish_folder(self, folder: Path, build_first: "Consent | None") -> "Done":
        """Publish the components of one folder."""
        from toolkit.config.project import read_project
        from toolkit.registry.publishing.project import candidates_of

        project = read_project(folder, environ=os.environ)
        namespace = self._settings.namespace or project.namespace

        def candidates(*, pinned_later: bool = False) -> "list[Candidate]":
            """Return the releases as the files are now."""
            return candidates_of(
                project,
                namespace=namespace,
                published=self._published,
                by=self._settings.by,
                environ=os.environ,
                pinned_later=pinned_later,
            )

        image_check = self._settings.image_check
        if not build_first:
            return self._publish(candidates(), namespace, folder, image_check=image_check)
        # What would fail after the build fails before it, where that can be known.
        early = candidates(pinned_later=True)
        if self._settings.dry_run:
            self._console.say(f"would build and push the image of {project.name}, and pin it")
            return self._publish(early, namespace, folder, image_check=False)
        _build(self._console, folder, build_first)
        return self._publish(candidates(), namespace, folder, image_check=image_check)

    def publish_contract(
        self, target: str, *, name: str | None, version: str | None, pin: bool, allow_tags: bool
    ) -> int:
        """Publish the contract in a file or at an address."""
        from toolkit.registry.publishing.foreign_contract import Chosen, foreign_candidate

        chosen = Chosen(
            namespace=self._settings.namespace,
            published=self._published,
            name=name,
            version=version,
            by=self._settings.by,
            pin=pin,
            allow_tags=allow_tags,
        )
        candidate = foreign_candidate(target, chosen, self._images, os.environ)
        # A tag may have gone, and its contract be all that is left.
        image_check = self._settings.image_check and not allow_tags
        done = self._publish([candidate], self._settings.namespace, Path(), image_check=image_check)
        if self._form == "json":
            self._console.json(done.more)
        return done.code

    def _publish(
        self, candidates: "Sequence[Candidate]", namespace: str | None, folder: Path, *, image_check: bool
    ) -> "Done":
        """Publish releases, or check that they could be, and print a line for each."""
        from toolkit.collection.releasing import Publication
        from toolkit.collection.work import Done
        from toolkit.registry.named import resolve_one

        settings = self._settings
        place = resolve_one(settings.registry, environ=os.environ, namespace=namespace, folder=folder).place
        publication = Publication(
            place=place,
            environ=os.environ,
            images=self._images if image_check else None,
            accept_breaking=settings.accept_breaking,
            dry_run=settings.dry_run,
            review=settings.branch,
        )
        releases = publication.publish(candidates)
        for release, new in releases:
            if new and settings.dry_run:
                self._console.say(f"would publish {_described(release)} in {place}")
            elif not new and not SUBJECT.get():
                self._console.say(f"{release} was there already")
            if self._form == "text":
                self._console.data(f"{release} {release.digest}")
        listed = [{"release": str(each), "digest": str(each.digest), "new": new} for each, new in releases]
        done = "to publish" if settings.dry_run else "published"
        return Done(
            result=done if any(new for _, new in releases) else "unchanged",
            digest=str(releases[0][0].digest),
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
