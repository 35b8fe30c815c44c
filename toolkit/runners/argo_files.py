"""The files of a run by Argo, on their way through its store of artifacts: inputs to it, outputs from it."""

import logging
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.argo import ArgoSettings
from toolkit.engines.kubernetes import Cluster
from toolkit.engines.s3 import Keys, Place, Store
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.oci.blob import compression_errors, gunzip, read_chunks
from toolkit.oci.contents import members, opened_tar
from toolkit.system import temporary
from toolkit.system.os_errors import cannot

log = logging.getLogger(__name__)

_AMAZON = "s3.amazonaws.com"


class Upload(Struct, frozen=True, kw_only=True):
    """A file or folder on its way to a key of the store."""

    path: Path
    key: str

    @property
    def place(self) -> dict[str, Any]:
        """The place in Argo's form. A file stays as it is, even if it is an archive; a folder travels as one."""
        return {"s3": {"key": self.key}, "archive": {"tar": {}} if self.path.is_dir() else {"none": {}}}


def open_store(
    workflow: Mapping[str, Any], cluster: Cluster, settings: ArgoSettings, environ: Mapping[str, str]
) -> Store:
    """Return the store that Argo chose for a workflow. Raises OutsideError if it is not S3, or unknown."""
    chosen = (workflow.get("status") or {}).get("artifactRepositoryRef") or {}
    repository = chosen.get("artifactRepository") or {}
    bucket = repository.get("s3") or {}
    if not bucket.get("bucket"):
        kinds = [kind for kind in repository if kind != "archiveLogs"]
        raise OutsideError(
            f"Argo's artifact repository is {kinds[0]}, and comp reads S3 alone"
            if kinds
            else "Argo has no artifact repository for this namespace, so no files can come or go",
            hint="see https://argo-workflows.readthedocs.io/en/latest/configure-artifact-repository/",
        )
    return Store(_place(bucket, settings, environ), _keys(bucket, cluster, environ), environ)


def _place(bucket: Mapping[str, Any], settings: ArgoSettings, environ: Mapping[str, str]) -> Place:
    """Return the bucket as this machine reaches it: pods may know its server by another address."""
    own = environ.get("COMP_S3_ENDPOINT") or settings.s3_endpoint
    host = bucket.get("endpoint") or _AMAZON
    theirs = None if host == _AMAZON else f"{'http' if bucket.get('insecure') else 'https'}://{host}"
    return Place(bucket=bucket["bucket"], endpoint=own or theirs, region=bucket.get("region"))


def _keys(bucket: Mapping[str, Any], cluster: Cluster, environ: Mapping[str, str]) -> Keys | None:
    """Return the credentials: the user's own for this, else the repository's secret; None to let boto3 look."""
    access, secret = environ.get("COMP_S3_ACCESS_KEY"), environ.get("COMP_S3_SECRET_KEY")
    if access and secret:
        return Keys(access=access, secret=secret)
    named = [bucket.get(key) for key in ("accessKeySecret", "secretKeySecret", "sessionTokenSecret")]
    if not named[0] or not named[1]:
        return None
    try:
        texts = [cluster.secret(each["name"], each["key"]) if each else None for each in named]
    except RemoteError as error:
        # Many users may not read secrets; their own credentials may open the store as well.
        log.debug("the repository's secret cannot be read: %s", error.message)
        return None
    return Keys(access=texts[0] or "", secret=texts[1] or "", session=texts[2])


def send(store: Store, upload: Upload) -> None:
    """Bring an input to the store."""
    if not upload.path.is_dir():
        store.upload(upload.path, upload.key)
        return
    with temporary.folder("argo") as folder:
        archive = folder / "data.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            # Argo unpacks the one entry of an archive to the input's path.
            tar.add(upload.path.resolve(), "data")
        store.upload(archive, upload.key)


def fetch(store: Store, artifact: Mapping[str, Any], target: Path) -> None:
    """Bring an output to `target`, whose folder exists. Raises InputError for an archive that cannot be unpacked."""
    key = (artifact.get("s3") or {}).get("key")
    if not key:
        raise OutsideError(f"the output {artifact.get('name')!r} is not in the store")
    with temporary.folder("argo") as folder:
        archive, unpacked = folder / "data.tgz", folder / "unpacked"
        store.download(key, archive)
        unpacked.mkdir()
        _unpack(archive, unpacked, f"the output {artifact.get('name')!r}")
        entries = list(unpacked.iterdir())
        if len(entries) != 1:
            raise OutsideError(f"the archive {key} has {len(entries)} entries, expected one")
        shutil.move(entries[0], target)


def _unpack(archive: Path, folder: Path, what: str) -> None:
    """Unpack Argo's archive. Raises InputError for one that is broken, too large, or leads out of the folder."""
    # ValueError is for a path that no system call takes.
    broken: tuple[type[Exception], ...] = (tarfile.TarError, ValueError, *compression_errors())
    try:
        with archive.open("rb", buffering=0) as packed, gunzip(packed) as plain:
            with opened_tar(fileobj=plain, mode="r|") as tar:
                tar.extractall(folder, members(tar), filter="data")
            # The checksum stands behind the end of the tar.
            for _ in read_chunks(plain):
                pass
    except InputError as error:
        raise InputError(f"{what}: {error.message}", hint=error.hint) from None
    except broken as error:
        raise InputError(f"{what} cannot be unpacked: {error}") from error
    except OSError as error:
        raise cannot(f"cannot unpack {what}", error) from error
