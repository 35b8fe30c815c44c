"""What provenance says of a Dockerfile: its parameters, and the images that it takes from elsewhere.

Only an engine knows which image a tag was at the time of its build, so what no digest pins is named without one.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packageurl import PackageURL

from toolkit.config.dockerfile import DockerfileSettings
from toolkit.errors import InputError
from toolkit.oci.reference import Reference, parse_reference
from toolkit.provenance.predicate import Dependency
from toolkit.redaction import hide_in_data

# Dockerfile reference, "FROM", and "COPY --from"; a line may go on after a backslash.
_CONTINUED = re.compile(r"\\[ \t]*\n")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(r"^\s*(?:COPY|RUN)\s.*?(?:--from=|,from=)(?P<image>[^\s,]+)", re.IGNORECASE | re.MULTILINE)


def dockerfile_parameters(folder: Path, settings: DockerfileSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a component's build: of secrets and agents the ids alone."""
    arguments = {name: environ.get(name) if value is None else value for name, value in settings.arguments.items()}
    values: dict[str, Any] = {
        "dockerfile": os.path.relpath(settings.path, folder),
        # That of the folder itself is the usual one.
        "context": os.path.relpath(settings.context, folder) if settings.context != folder else None,
        "target": settings.target,
        "buildArgs": {name: hide_in_data(value) for name, value in arguments.items() if value is not None},
        "buildSecrets": [secret.id for secret in settings.secrets],
        "buildSsh": [agent.id for agent in settings.ssh],
    }
    return {key: value for key, value in values.items() if value}


def images_of(settings: DockerfileSettings) -> tuple[Dependency, ...]:
    """Return the images of FROM and COPY, each once; one whose name has a variable in it is left out."""
    text = _CONTINUED.sub(" ", settings.path.read_text("utf-8", "replace"))
    return tuple({str(reference): _dependency(reference) for reference in _references(text)}.values())


def _references(text: str) -> Iterator[Reference]:
    """Yield the references that are no stages."""
    stages = {match["stage"].lower() for match in _FROM.finditer(text) if match["stage"]}
    named = [match["image"] for pattern in (_FROM, _COPY) for match in pattern.finditer(text)]
    for name in named:
        # `scratch` is the empty image, and a number is a stage.
        if "$" in name or name.isdigit() or name.lower() in {*stages, "scratch"}:
            continue
        try:
            yield parse_reference(name.strip("\"'"))
        except InputError:
            continue  # The engine reports it.


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
