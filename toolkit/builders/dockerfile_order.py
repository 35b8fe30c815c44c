"""From the plan of a Dockerfile to the order that an engine gets, and from its failure to an error."""

import calendar
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_context import ignore_file
from toolkit.builders.ignore import NAME as IGNORE
from toolkit.builders.step_surroundings import Surroundings, surroundings
from toolkit.config.dockerfile import BuildSecret, SshAgent
from toolkit.dockerfile.prepared import Prepared, prepared
from toolkit.dockerfile.stages import chosen_stage, stages_of
from toolkit.engines.image_build import Failure, ImageBuild
from toolkit.errors import CompError, InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.system import temporary
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign

log = logging.getLogger(__name__)

# What comp adds to each step; and how each engine says that a program failed.
_OURS = re.compile(r"--mount=type=secret,id=comp-[a-z]+,\S+ ")
_CODE = re.compile(r".*(exit code|exit status):? (\d+)", re.DOTALL)
_HINT = "`-v` prints all that the steps print"
# The engines' words, and what to do about them.
_HINTS = {
    "exec format error": "this machine runs no programs for {platform}:"
    " apt-get install qemu-user-static binfmt-support",
    "no space left on device": "`docker system df` and `buildah images` show what engines keep; `comp cache prune`"
    " removes what comp keeps",
    "short-name": "name the image with its server: docker.io/library/NAME, or HOST/NAME",
    "insufficient UIDs": "without root, buildah needs ranges of users: usermod --add-subuids 100000-165535"
    " --add-subgids 100000-165535 USER",
}
# The same of failures in no step: a base that cannot be had.
_BASE_HINTS = {
    **dict.fromkeys(
        # Of buildah, and of docker with and without BuildKit.
        ("pinging container registry", "failed to do request", "failed to resolve source metadata", "/v2/"),
        "without access to a remote: --build-arg BASE=$(comp base) builds on a base from Debian packages,"
        " where the Dockerfile has `ARG BASE` and `FROM $BASE`",
    ),
    "invalid reference format": "FROM takes a base on this disk from a build argument alone: `ARG BASE` and"
    " `FROM $BASE` with --build-arg BASE=layout:DIR",
}


@contextmanager
def ordered(plan: DockerfilePlan, environ: Mapping[str, str], mounts: str | None) -> Iterator[ImageBuild]:
    """Return the order of a plan, whose files are removed in the end.

    `mounts` is the folder in the container where its steps see files of this machine, None for an engine that cannot
    mount any. Raises InputError with a line for what no engine builds.
    """
    with temporary.folder("dockerfile") as folder:
        given = surroundings(environ, mounts or "", folder, mounted=mounts is not None)
        declared = {name: value for name, value in given.arguments.items() if name not in plan.arguments}
        copy = prepared(_text(plan.dockerfile), plan.dockerfile, [*declared], given.mounts(mounts or ""))
        try:
            chosen_stage(stages_of(copy.copy, plan.arguments), plan.target)
        except InputError as error:
            raise _in_original(error, plan, copy) from None
        (folder / "Dockerfile").write_text(copy.text, encoding="utf-8")
        yield ImageBuild(
            dockerfile=folder / "Dockerfile",
            prepared=copy,
            context=plan.context,
            ignore=_ignore(plan, folder),
            platform=str(plan.platform),
            target=plan.target,
            arguments={**declared, **plan.arguments},
            predefined=given.predefined,
            secrets=(*(_secret(each, folder) for each in plan.secrets), *_files(given, folder)),
            ssh=tuple(map(_agent, plan.ssh)),
            epoch=_epoch(plan.created),
            folder=folder,
        )


def failed(failure: Failure, plan: DockerfilePlan, engine: str) -> CompError:
    """Return the error of a build that failed: with the step's line, and the end of its output."""
    where = Location(path=plan.dockerfile, line=failure.line)
    # The step itself is in the line that the error names.
    why = _CODE.sub(r"\1 \2", _OURS.sub("", failure.message))
    # With `-v` all lines stand above already.
    is_printed = log.isEnabledFor(logging.DEBUG)
    shown = "" if is_printed else "".join(f"\n  {_OURS.sub('', line)}" for line in failure.output)
    words = " ".join((failure.message, *failure.output)).lower()
    hints = _HINTS if failure.line else {**_HINTS, **_BASE_HINTS}
    known = next((hint for key, hint in hints.items() if key.lower() in words), None)
    hint = known and known.format(platform=plan.platform)
    if failure.is_outside:
        return OutsideError(f"{engine} cannot build the image: {why}{shown}", where=where, hint=hint)
    return InputError(f"the step failed: {why}{shown}", where=where, hint=hint or (None if is_printed else _HINT))


def _in_original(error: InputError, plan: DockerfilePlan, copy: Prepared) -> InputError:
    """Return an error about the copy as one about the Dockerfile itself."""
    line = copy.origin(error.where.line) if error.where and error.where.line else None
    return InputError(error.message, where=Location(path=plan.dockerfile, line=line), hint=error.hint)


def _text(path: Path) -> str:
    """Return the text of a Dockerfile. Raises InputError if it is not UTF-8."""
    try:
        return read_foreign(path, SETTINGS_SIZE).decode("utf-8-sig")
    except OSError as error:
        raise cannot(f"cannot read {path}", error) from error
    except UnicodeDecodeError:
        raise InputError("not a text in UTF-8", where=Location(path=path)) from None


def _ignore(plan: DockerfilePlan, folder: Path) -> Path | None:
    """Return the file of patterns that counts.

    BuildKit looks for them beside the Dockerfile that it is given, which is a copy.
    """
    found = ignore_file(plan.dockerfile, plan.context)
    if found is None or found == plan.context / IGNORE:
        return found
    copy = folder / f"Dockerfile{IGNORE}"
    copy.write_bytes(found.read_bytes())
    return copy


def _secret(secret: BuildSecret, folder: Path) -> str:
    """Return a secret in docker's words, in which a path may hold no comma: so a link stands for it."""
    if secret.file is None:
        return f"id={secret.id},env={secret.variable}"
    return f"id={secret.id},src={_linked(secret.id, secret.file, folder)}"


def _files(given: Surroundings, folder: Path) -> Iterator[str]:
    """Yield the files of this machine in docker's words for secrets."""
    for identity, path in given.files.items():
        yield f"id={identity},src={_linked(identity, path, folder) if ',' in str(path) else path}"


def _linked(identity: str, path: Path, folder: Path) -> Path:
    """Return a link to a file, with a plain name."""
    link = folder / f"secret-{identity}"
    link.symlink_to(path.absolute())
    return link


def _agent(agent: SshAgent) -> str:
    """Return an ssh agent in docker's words."""
    return f"{agent.id}={agent.socket}" if agent.socket else agent.id


def _epoch(created: str | None) -> str | None:
    """Return a time as seconds since 1970."""
    return str(calendar.timegm(time.strptime(created, "%Y-%m-%dT%H:%M:%SZ"))) if created else None
