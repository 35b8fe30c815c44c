"""`comp build`: build the image, push it, pin the contract."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from msgspec.structs import replace

from toolkit.cli import bars, consent, many, watching
from toolkit.cli.ci_reports import image_outputs, output_file_option, write_outputs
from toolkit.cli.console import Console, pass_console
from toolkit.cli.keyless import configured_trust, keyless_signer
from toolkit.collection.relocking import relock
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.collection.workspace import Member
    from toolkit.jail.consent import Consent
    from toolkit.job.build import Milestone
    from toolkit.job.context import BuildContext, BuildRequest
    from toolkit.signing.signatures import Signer
    from toolkit.watching.snapshot import Change


@click.command
@many.options
@click.option("--push", is_flag=True, help="Push the image, print its reference by digest, pin it.")
@click.option("--image", metavar="REF", help="Where the image goes; overrides [tool.comp] image.")
@click.option("--base", metavar="REF", help="The base: a reference, layout:DIR or archive:FILE.")
@click.option("--pin", metavar="in-place|FILE|none", help="Where a push writes the digest.  [default: in-place]")
@click.option("-o", "--output", metavar="layout:DIR|archive:FILE|docker", help="Also put the image there.")
@click.option(
    "--builder",
    type=click.Choice(["auto", "oci", "docker", "buildah"]),
    default="auto",
    help="oci is comp's own; auto takes it where it can.  [default: auto, or COMP_BUILDER]",
)
@click.option("--target", metavar="STAGE", help="Of a Dockerfile: the stage to build.  [default: the last]")
@click.option("--build-arg", "arguments", metavar="NAME[=VALUE]", multiple=True, help="Of a Dockerfile: an argument.")
@click.option(
    "--secret",
    "secrets",
    metavar="id=ID[,src=FILE|,env=NAME]",
    multiple=True,
    help="Of a Dockerfile: a secret for its steps alone.",
)
@click.option("--ssh", metavar="ID[=SOCKET]", multiple=True, help="Of a Dockerfile: an ssh agent, such as default.")
@click.option("--locked", is_flag=True, help="Fail rather than change the lock.")
@click.option(
    "--sign",
    "key",
    metavar="KEY",
    type=click.Path(path_type=Path),
    help="Sign the pushed image with a private key, as `comp sign` does.",
)
@click.option(
    "--sign-keyless",
    "keyless",
    is_flag=True,
    help="Sign the pushed image with an identity, as `comp sign --keyless` does.",
)
@click.option(
    "--provenance/--no-provenance",
    default=None,
    help="Attach to the pushed image how it was built; signed with --sign.  [default: as the settings say]",
)
@click.option("--dry-run", is_flag=True, help="Print the layers and what the remote has of them; change nothing.")
@output_file_option
@watching.option
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    asked: many.Asked,
    push: bool,
    image: str | None,
    base: str | None,
    pin: str | None,
    output: str | None,
    builder: str,
    target: str | None,
    arguments: tuple[str, ...],
    secrets: tuple[str, ...],
    ssh: tuple[str, ...],
    locked: bool,
    key: Path | None,
    keyless: bool,
    provenance: bool | None,
    dry_run: bool,
    output_file: Path | None,
    watch: bool,
    allowed: "Consent",
    progress: str,
) -> int:
    """Build the image of the component in FOLDER, or of many.

    Prints one line on stdout: with --push the reference by digest, else the image's digest. A push also
    sets the tags <version> and sha-<12 hex digits>, and writes the reference into component.yaml. The first
    build writes requirements.lock; later ones install exactly what it says. For several platforms the digest is
    that of the index of their images. With --watch each build prints its line; the exit code after Ctrl-C is 130.

    For many components each line begins with the component's name, a table follows on stderr, and the exit code is
    the worst of theirs: 4, 3, 2, 1, 0. If one fails, the others are built all the same.

    Outputs for --output-file: image (as on stdout) and digest. For many components: images, a JSON object by name.
    """
    from toolkit.config.dockerfile import parse_options
    from toolkit.job.context import BuildContext, BuildRequest

    _check_push(push=push, pin=pin, signs=bool(key or keyless), provenance=provenance)
    if watch and dry_run:
        raise UsageError("--dry-run does not go with --watch: it builds nothing", hint="leave one of them out")
    if watch and (asked.form == "json" or asked.junit):
        named = "--format json" if asked.form == "json" else "--junit"
        raise UsageError(f"{named} does not go with --watch: it reports at the end", hint="leave one of them out")
    _check_output(output)
    if asked.one is None:
        _check_for_many(image, pin, output)
    given = {"image": image, "base": base, "provenance": None if provenance is None else str(provenance).lower()}
    request = BuildRequest(
        folder=asked.one or Path(),
        overrides={key: value for key, value in given.items() if value},
        builder=builder,
        dockerfile=parse_options(target, arguments, secrets, ssh, Path.cwd()),
        locked=locked,
        output=output,
        push=push,
        pin=pin or "in-place",
        key=_signer(console, key, keyless=keyless),
    )
    if dry_run:
        from toolkit.cli.preview import print_preview

        return print_preview(console, request, asked, progress)
    context = BuildContext(consent=allowed, relock=relock)
    if watch and asked.one is None:
        _watch_many(console, request, context, asked, progress)
    if asked.alone is None:
        asked = replace(asked, output_file=output_file)
        return _build_many(console, request, context, asked, progress, asked.members())
    if watch:
        _watch(console, request, context, progress)
    _build(console, request, context, progress, output_file=output_file)
    if context.cache.tally.counts():
        console.detail(str(context.cache.tally))
    return 0


def _check_push(*, push: bool, pin: str | None, signs: bool, provenance: bool | None) -> None:
    """Raise UsageError for options that need a push."""
    if pin and not push:
        raise UsageError("--pin needs --push: only a pushed image has a reference", hint="add --push")
    if signs and not push:
        raise UsageError("--sign needs --push: signatures lie beside the image on its remote", hint="add --push")
    if provenance and not push:
        raise UsageError("--provenance needs --push: it lies beside the image on its remote", hint="add --push")


def _signer(console: Console, key: Path | None, *, keyless: bool) -> "Signer | None":
    """Return what signs, before anything is built: the key of --sign, or the identity of --sign-keyless."""
    if key and keyless:
        raise UsageError("--sign and --sign-keyless do not go together", hint="`comp sign` adds a second signature")
    if keyless:
        return keyless_signer(console, configured_trust())
    if key is None:
        return None
    from toolkit.cli.sign import passphrase
    from toolkit.signing.keys import read_private_key

    return read_private_key(key, passphrase)


def _build(
    console: Console,
    request: "BuildRequest",
    context: "BuildContext",
    progress: str,
    *,
    whole: bool = False,
    again: bool = False,
    output_file: Path | None = None,
) -> None:
    """Build once, and print each milestone as it is reached; `whole` is that of `build`.

    `again` says that a file was changed just now: inputs that were built before are then those of an earlier state.
    """
    from toolkit.api.building import run

    with ExitStack() as shown:

        def announce(milestone: "Milestone") -> None:
            """Print a milestone as it is reached: a pin that fails later must not hide the image's digest."""
            if milestone.kind == "image":
                shown.close()  # A result does not stand among bars.
                write_outputs(output_file, image_outputs(milestone.value))
            if milestone.kind == "unchanged" and again:
                console.say("the same as in an earlier build")
            else:
                _print_milestone(console, milestone)

        report = shown.enter_context(bars.reporting(console, progress))
        run(request, replace(context, report=report), announce, whole=whole)


def _watch(console: Console, request: "BuildRequest", context: "BuildContext", progress: str) -> NoReturn:
    """Build now, and after every change of what a build reads."""
    from toolkit.watching.sources import sources_of_build

    # The first build does every step, also without changes: the second one finds modules imported, and a connection.
    whole = True

    def again() -> Callable[[], None]:
        """Build, and say how long it took; nothing goes on after it."""
        nonlocal whole, context
        began = time.monotonic()
        done = watching.attempt(lambda: _build(console, request, context, progress, whole=whole, again=not whole))
        if done:
            console.say(f"built in {watching.seconds_since(began)}")
            whole = False
        # What one build found out about bases and servers may be otherwise for the next.
        context = context.again(connected=done)
        return lambda: None

    # An image or a pin in the folder would otherwise have the next build begin.
    written = [] if request.pin in {"in-place", "none"} else [Path(request.pin)]
    if request.output and request.output != "docker":
        written.append(Path(request.output.partition(":")[2]))
    watching.watch(
        console,
        request.folder,
        lambda: sources_of_build(request.folder, request.overrides, context.environ).without(written),
        again,
    )


def _watch_many(
    console: Console, request: "BuildRequest", context: "BuildContext", asked: many.Asked, progress: str
) -> NoReturn:
    """Build every component now, and those that read a changed file after every change."""
    from toolkit.watching.members import MemberSources
    from toolkit.watching.sources import sources_of_build

    sources = MemberSources(lambda folder: sources_of_build(folder, request.overrides, context.environ))
    due = sources.add(member.folder for member in asked.members())

    def again() -> Callable[[], None]:
        """Build the components that are due, and those that were added meanwhile."""
        nonlocal context

        def build_due() -> None:
            """List the components again, as their settings are now."""
            members = asked.members()
            due.extend(sources.add(member.folder for member in members))
            chosen = [member for member in members if member.folder in due]
            if chosen:
                _build_many(console, request, context, asked, progress, chosen)

        done = watching.attempt(build_due)
        context = context.again(connected=done)
        return lambda: None

    def note(changes: "Sequence[Change]") -> None:
        """Take what the change concerns as due."""
        due[:] = sources.concerned(changes)

    watching.watch(console, request.folder, sources.read, again, note=note)


def _build_many(
    console: Console,
    request: "BuildRequest",
    context: "BuildContext",
    asked: many.Asked,
    progress: str,
    members: "Sequence[Member]",
) -> int:
    """Build the components in the same way, report on each as it ends, and return the exit code."""
    from toolkit.collection.building import MemberRequest, build_many

    def announce(milestone: "Milestone") -> None:
        """Print a place that was written to; the rest is in the report."""
        if milestone.kind == "written":
            _print_milestone(console, milestone)
        elif milestone.kind == "pinned":
            console.detail(f"pinned {os.path.relpath(milestone.value)}")

    requests = [MemberRequest(member=member, request=replace(request, folder=member.folder)) for member in members]
    with bars.showing(console, progress) as shown:
        report = many.Report(console, "comp build", members, asked, shown)
        context = replace(context, report=shown.report)
        for outcome in build_many(requests, context, jobs=asked.at_once, announce=announce):
            report.add(outcome)
    return report.end(context.cache.tally)


def _check_for_many(image: str | None, pin: str | None, output: str | None) -> None:
    """Raise UsageError for options that name a place for one image."""
    if image:
        raise UsageError("--image names the image of one component", hint="set COMP_IMAGE_PREFIX=HOST/PATH instead")
    if pin not in {None, "in-place", "none"}:
        raise UsageError(f"--pin {pin} is a file for one component", hint="use --pin in-place or none")
    if output not in {None, "docker"}:
        raise UsageError(f"--output {output} is a place for one image", hint="use --push, or build one at a time")


def _print_milestone(console: Console, milestone: "Milestone") -> None:
    """Print the image on stdout, all else on stderr."""
    if milestone.kind == "image":
        console.data(milestone.value)
    elif milestone.kind == "unchanged":
        console.say("nothing has changed")
    elif milestone.kind == "written":
        console.say(f"wrote {milestone.value}")
    else:
        console.say(f"pinned {os.path.relpath(milestone.value)}")


def _check_output(output: str | None) -> None:
    """Raise UsageError for a place that cannot be written to, before anything is built."""
    scheme, _, rest = (output or "docker").partition(":")
    if scheme not in {"layout", "archive", "docker"} or bool(rest) == (scheme == "docker"):
        raise UsageError(f"invalid --output {output}", hint="write layout:DIR, archive:FILE or docker")
