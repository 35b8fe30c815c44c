"""Files on their way through Argo's store."""

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes_double import BUCKET, NAMESPACE, Double, serving
from toolkit.config.argo import ArgoSettings
from toolkit.engines.kubernetes import Access, Cluster
from toolkit.engines.s3 import Keys, Place, Store
from toolkit.errors import InputError, OutsideError
from toolkit.limits import LAYER_SIZE
from toolkit.runners.argo_files import Upload, fetch, open_store, send

OWN_KEYS = {"COMP_S3_ACCESS_KEY": "a", "COMP_S3_SECRET_KEY": "b"}
OUTPUT = {"name": "model", "s3": {"key": "out"}}


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    double = Double()
    with serving(double, tmp_path):
        yield double


@pytest.fixture
def store(double: Double) -> Store:
    return Store(Place(bucket=BUCKET, endpoint=f"http://127.0.0.1:{double.port}"), Keys(access="a", secret="b"), {})


def _opened(double: Double, folder: Path, environ: dict[str, str], **changes: Any) -> Store:  # noqa: ANN401 (Argo's own)
    """Return the store of a workflow whose repository has these changes."""
    status = double.repository()
    status["artifactRepositoryRef"]["artifactRepository"]["s3"] |= changes
    cluster = Cluster.connect(Access(kubeconfig=folder / "kubeconfig"), {})
    return open_store({"status": status}, cluster, ArgoSettings(s3_endpoint=changes.get("s3_endpoint")), environ)


def _tar(**files: bytes) -> bytes:
    """Return an archive as Argo makes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def test_the_repository_names_the_bucket_and_its_secret_the_keys(double: Double, tmp_path: Path) -> None:
    store = _opened(double, tmp_path, {})
    assert store.place == Place(bucket=BUCKET, endpoint=f"http://127.0.0.1:{double.port}")
    secret = f"GET /api/v1/namespaces/{NAMESPACE}/secrets/store"
    assert double.asked.count(secret) == 2
    # The user's own keys come first, and then the secret is not asked for.
    _opened(double, tmp_path, OWN_KEYS)
    assert double.asked.count(secret) == 2
    # A secret that may not be read leaves the search to the store's client.
    double.refusals = {"/api/v1/namespaces/ml/secrets": (403, "no")}
    _opened(double, tmp_path, {})


@pytest.mark.parametrize(
    ("environ", "changes", "endpoint"),
    [
        ({}, {"endpoint": "minio:9000"}, "http://minio:9000"),
        ({}, {"endpoint": "minio:9000", "insecure": False}, "https://minio:9000"),
        ({}, {"endpoint": "s3.amazonaws.com"}, None),
        ({}, {"s3_endpoint": "http://set:1"}, "http://set:1"),
        ({"COMP_S3_ENDPOINT": "http://own:1"}, {"s3_endpoint": "http://set:1"}, "http://own:1"),
    ],
)
def test_the_address_of_this_machine_comes_first(
    double: Double, tmp_path: Path, environ: dict[str, str], changes: dict[str, Any], endpoint: str | None
) -> None:
    assert _opened(double, tmp_path, OWN_KEYS | environ, **changes).place.endpoint == endpoint


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ({"archiveLogs": True, "gcs": {"bucket": "b"}}, "is gcs, and comp reads S3 alone"),
        ({}, "Argo has no artifact repository for this namespace"),
    ],
)
def test_another_store_or_none(double: Double, tmp_path: Path, repository: object, message: str) -> None:
    assert double.port
    cluster = Cluster.connect(Access(kubeconfig=tmp_path / "kubeconfig"), {})
    status = {"artifactRepositoryRef": {"artifactRepository": repository}}
    with pytest.raises(OutsideError, match=message):
        open_store({"status": status}, cluster, ArgoSettings(), {})


def test_a_file_travels_as_it_is_and_a_folder_as_an_archive(store: Store, double: Double, tmp_path: Path) -> None:
    (tmp_path / "file.tgz").write_bytes(b"bytes")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "a").write_text("x")
    (tmp_path / "link").symlink_to("folder")
    file, folder = Upload(path=tmp_path / "file.tgz", key="1"), Upload(path=tmp_path / "link", key="2")
    send(store, file)
    send(store, folder)
    assert double.objects["1"] == b"bytes"
    assert file.place == {"s3": {"key": "1"}, "archive": {"none": {}}}
    assert folder.place == {"s3": {"key": "2"}, "archive": {"tar": {}}}
    # What Argo unpacks comes back as the same folder.
    fetch(store, {"name": "folder", "s3": {"key": "2"}}, tmp_path / "back")
    assert not (tmp_path / "back").is_symlink()
    assert (tmp_path / "back" / "deep" / "a").read_text() == "x"


def test_an_output_takes_its_place(store: Store, double: Double, tmp_path: Path) -> None:
    double.objects["out"] = _tar(model=b"made")
    fetch(store, OUTPUT, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"made"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (_tar(a=b"", b=b""), OutsideError, "the archive out has 2 entries, expected one"),
        (_tar(**{"../away": b"x"}), InputError, "the output 'model' cannot be unpacked: .*outside the destination"),
        (b"no archive", InputError, "the output 'model' cannot be unpacked: Not a gzipped file"),
        (_tar(model=os.urandom(100_000))[:50_000], InputError, "'model' cannot be unpacked: Compressed file ended"),
        (_tar(model=b"x")[:15], InputError, "the output 'model' cannot be unpacked"),
        # The checksum and the size are the last eight bytes.
        (_tar(model=b"x")[:-8] + bytes(8), InputError, "the output 'model' cannot be unpacked: CRC check failed"),
        (_tar(model=b"x")[:-8], InputError, "the output 'model' cannot be unpacked: Compressed file ended"),
    ],
)
def test_an_archive_that_is_not_argo_s(
    store: Store, double: Double, tmp_path: Path, data: bytes, error: type[Exception], message: str
) -> None:
    double.objects["out"] = data
    with pytest.raises(error, match=message):
        fetch(store, OUTPUT, tmp_path / "target")
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / "away").exists()


def test_an_archive_is_bounded_by_what_it_unpacks_to(
    store: Store, double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAYER_SIZE.variable, "1000")
    double.objects["out"] = _tar(**{"model/a": bytes(600), "model/b": bytes(600)})
    with pytest.raises(InputError, match="the output 'model': the size of the files exceeds the limit") as caught:
        fetch(store, OUTPUT, tmp_path / "target")
    assert LAYER_SIZE.variable in (caught.value.hint or "")
    assert not (tmp_path / "target").exists()


def test_an_output_without_an_object(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="the output 'model' is not in the store"):
        fetch(store, {"name": "model"}, tmp_path / "target")
    with pytest.raises(OutsideError, match=f"cannot download out of the bucket {BUCKET} at http://127"):
        fetch(store, OUTPUT, tmp_path / "target")
