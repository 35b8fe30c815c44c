"""The folder that Artifact Hub reads: an "Argo templates" package for each component.

Its layout is that of the page "Argo templates repositories" of Artifact Hub's documentation: a folder for each package,
in it one for each version, with `artifacthub-pkg.yml`, `manifests.yaml` and README.md.
"""

import logging
from pathlib import Path
from typing import Any

from toolkit.errors import CompError
from toolkit.forms.argo_template import write_workflow_template
from toolkit.redaction import clean, without_login
from toolkit.registry.entry import Entry
from toolkit.registry.names import parse_name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, README, Release
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import dumped

log = logging.getLogger(__name__)

FOLDER = "artifact-hub"


def package_files(entry: Entry, registry: Registry) -> dict[str, bytes]:
    """Return the files of a component's package, by their paths; empty, with a warning, if Argo cannot run it.

    Raises OutsideError if the release is damaged.
    """
    release = registry.release(parse_name(entry.name), parse_version(entry.version))
    text = registry.content(release, CONTRACT).decode("utf-8", "replace")
    try:
        manifests = write_workflow_template(clean(parse_component(text, Path(f"{release.name}.yaml"))))
    except CompError as error:
        log.warning("%s is left out of %s: %s", release, FOLDER, error.message)
        return {}
    folder = f"{FOLDER}/{release.name.namespace}-{release.name.name}/{release.version}"
    metadata = clean(_metadata(release, entry))
    files = {
        f"{folder}/artifacthub-pkg.yml": dumped(metadata, sort_keys=False).encode(),
        f"{folder}/manifests.yaml": manifests.encode(),
    }
    if any(file.path == README for file in release.files):
        files[f"{folder}/README.md"] = registry.content(release, README)
    return files


def _metadata(release: Release, entry: Entry) -> dict[str, Any]:
    """Return the package's metadata, without what is not known."""
    data: dict[str, Any] = {
        "version": str(release.version),
        "name": f"{release.name.namespace}-{release.name.name}",
        "displayName": release.title,
        "createdAt": release.published,
        "description": entry.description or release.title,
        "digest": str(release.digest),
        "containersImages": [
            {"name": release.name.name, "image": release.image}
            | ({"platforms": list(release.platforms)} if release.platforms else {})
        ],
        "prerelease": bool(release.version.prerelease),
        "deprecated": entry.deprecated is not None,
    }
    if release.licenses:
        data["license"] = release.licenses
    if release.tags:
        data["keywords"] = list(release.tags)
    if release.source:
        data["links"] = [{"name": "source", "url": without_login(release.source)}]
    if release.by or release.authors:
        data["provider"] = {"name": release.by or release.authors[0]}
    return data
