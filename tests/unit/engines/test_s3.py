"""A bucket of a store that speaks S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes_double import BUCKET, Double, serving
from toolkit.engines.s3 import Keys, Place, Store
from toolkit.errors import OutsideError


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    double = Double()
    with serving(double, tmp_path):
        yield double


@pytest.fixture
def store(double: Double) -> Store:
    return Store(Place(bucket=BUCKET, endpoint=f"http://127.0.0.1:{double.port}"), Keys(access="a", secret="b"), {})


def test_an_object_goes_and_comes_back(store: Store, double: Double, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0bytes" * 100_000)
    store.upload(tmp_path / "file", "folder/a b#?%20")
    assert double.objects == {"folder/a b#?%20": b"\0bytes" * 100_000}
    store.download("folder/a b#?%20", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"\0bytes" * 100_000
    assert b"".join(store.chunks("folder/a b#?%20")) == b"\0bytes" * 100_000


def test_keys_are_those_of_an_object_or_of_a_folder(store: Store, double: Double) -> None:
    double.objects = dict.fromkeys(("run/model", "run/table/1", "run/table/2", "run/tables/1"), b"")
    assert store.keys_below("run/model") == ("run/model",)
    assert store.keys_below("run/table") == ("run/table/1", "run/table/2")
    assert store.keys_below("run/missing") == ()


def test_deleting_takes_all_and_misses_nothing(store: Store, double: Double) -> None:
    double.objects = {"a": b"", "b": b"", "c": b""}
    store.delete(["a", "missing", "b"])
    assert list(double.objects) == ["c"]


def test_a_failure_names_the_object_the_bucket_and_the_server(store: Store, double: Double, tmp_path: Path) -> None:
    where = f"of the bucket {BUCKET} at http://127.0.0.1:{double.port}: "
    with pytest.raises(OutsideError, match=f"cannot download missing {where}") as caught:
        store.download("missing", tmp_path / "back")
    assert "COMP_S3_ENDPOINT" in (caught.value.hint or "")
    with pytest.raises(OutsideError, match=f"cannot download missing {where}"):
        list(store.chunks("missing"))
    double.refusals = {f"/{BUCKET}": (403, "no")}
    with pytest.raises(OutsideError, match=f"cannot list run {where}"):
        store.keys_below("run")
    with pytest.raises(OutsideError, match=f"cannot upload key {where}"):
        store.upload(tmp_path / "kubeconfig", "key")
    with pytest.raises(OutsideError, match=f"cannot delete key {where}"):
        store.delete(["key"])


def test_keys_are_not_shown() -> None:
    assert "hidden" not in repr(Keys(access="hidden", secret="hidden", session="hidden"))


@pytest.mark.parametrize(
    ("place", "environ", "region"),
    [
        (Place(bucket="b", region="eu-west-1"), {"AWS_REGION": "eu-west-2"}, "eu-west-1"),
        (Place(bucket="b"), {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2"),
        (Place(bucket="b"), {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        (Place(bucket="b"), {}, "us-east-1"),
    ],
)
def test_the_region(place: Place, environ: dict[str, str], region: str) -> None:
    assert Store(place, None, environ).client.meta.region_name == region
