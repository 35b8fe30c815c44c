from pathlib import Path

import pytest

from tests.releases import IMAGE, publish, real_contract, real_release, release
from toolkit.errors import InputError
from toolkit.registry.folder.directory import Directory
from toolkit.supply.released import names_release, released_image


@pytest.mark.parametrize(
    ("name", "is_release"),
    [
        ("ml/train@^1", True),
        ("train@1.2.3", True),
        ("shared:ml/train@^1", True),
        ("ml/train:1", False),
        ("ml/train", False),
        (f"ml/train@sha256:{'a' * 64}", False),
        ("host.example:5000/ml/train@^1", False),
        (".", False),
        ("here/train@1", False),
    ],
)
def test_a_version_marks_a_release(
    name: str, *, is_release: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "train@1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert names_release(name) is is_release


def test_the_image_and_the_contract_are_those_of_the_release(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path / "shared")
    for version in ("1.0.0", "1.2.0", "2.0.0"):
        publish(registry, real_release(version), content=real_contract(version))
    unpinned = real_contract("3.0.0").replace(b"@sha256:" + b"0" * 64, b":3")
    publish(registry, release("3.0.0", content=unpinned), content=unpinned)
    environ = {"HOME": str(tmp_path)}
    found = released_image("ml/train@^1", str(tmp_path / "shared"), environ)
    assert (found.release, found.image) == ("ml/train@1.2.0", IMAGE)
    assert found.contract.description == "Fit a model, version 1.2.0"
    with pytest.raises(InputError, match="which is not pinned"):
        released_image("ml/train@3.0.0", str(tmp_path / "shared"), environ)
