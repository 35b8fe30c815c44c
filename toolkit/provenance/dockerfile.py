"""What provenance says of a Dockerfile: its parameters, and the images that it takes from elsewhere.

Only an engine knows which image a tag was at the time of its build, so what no digest pins is named without one.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from packageurl import PackageURL

from toolkit.config.dockerfile import DockerfileSettings
from toolkit.config.project import is_on_disk
from toolkit.dockerfile.model import Dockerfile, Stage
from toolkit.dockerfile.reader import read_dockerfile
from toolkit.dockerfile.stages import copied_from, stages_of
from toolkit.errors import InputError
from toolkit.oci.reference import Reference, parse_reference
from toolkit.provenance.predicate import Dependency
from toolkit.redaction import hide_in_data

# Of these variables each platform of a build has its own value.
_PLATFORM = re.compile(r"\$\{?(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\b")


def dockerfile_parameters(folder: Path, settings: DockerfileSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a component's build: of secrets and agents the ids alone."""
    values: dict[str, Any] = {
        "dockerfile": os.path.relpath(settings.path, folder),
        # That of the folder itself is the usual one.
        "context": os.path.relpath(settings.context, folder) if settings.context != folder else None,
        "target": settings.target,
        "buildArgs": {name: hide_in_data(value) for name, value in _arguments(settings, environ).items()},
        "buildSecrets": [secret.id for secret in settings.secrets],
        "buildSsh": [agent.id for agent in settings.ssh],
    }
    return {key: value for key, value in values.items() if value}


def images_of(settings: DockerfileSettings, environ: Mapping[str, str]) -> tuple[Dependency, ...]:
    """Return the images of FROM, COPY and mounts, each once; one that differs between platforms is left out.

    Raises InputError for what is not a Dockerfile.
    """
    dockerfile = read_dockerfile(settings.path)
    names = _names(dockerfile, stages_of(dockerfile, _arguments(settings, environ)))
    return tuple({str(reference): _dependency(reference) for reference in _references(names)}.values())


def _arguments(settings: DockerfileSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the build arguments that have a value."""
    values = {name: environ.get(name) if value is None else value for name, value in settings.arguments.items()}
    return {name: value for name, value in values.items() if value is not None}


def _names(dockerfile: Dockerfile, stages: Sequence[Stage]) -> Iterator[str]:
    """Yield what stages are built on and take files from, but for other stages."""
    lines = {each.line: each.text for each in dockerfile.instructions}
    for stage in stages:
        if stage.parent is None and not _PLATFORM.search(lines[stage.line]):
            yield stage.base
    yield from copied_from(stages)


def _references(names: Iterable[str]) -> Iterator[Reference]:
    """Yield the references among names; the engine reports what is none."""
    for name in names:
        # An engine replaces no variable after `--from=`; the place of a base on this disk means nothing elsewhere.
        if name.lower() != "scratch" and "$" not in name and not is_on_disk(name):
            with suppress(InputError):
                yield parse_reference(name)


def _dependency(reference: Reference) -> Dependency:
    """Return an image as a dependency."""
    url = PackageURL(
        type="oci",
        name=reference.repository.rpartition("/")[2],
        version=str(reference.digest) if reference.digest else None,
        qualifiers={"repository_url": reference.name, **({"tag": reference.tag} if reference.tag else {})},
    )
    digest = {"sha256": reference.digest.hex} if reference.digest else {}
    return Dependency(name=f"FROM {reference.familiar}", uri=url.to_string(), digest=digest)
