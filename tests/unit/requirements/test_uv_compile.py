"""Calls of uv: constraints, packages of the base, markers and settings."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, resolved, small_wheel
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target
from toolkit.requirements.indexes import IndexPin
from toolkit.requirements.pin import Pin
from toolkit.requirements.resolve import locate
from toolkit.requirements.uv_compile import index_addresses


def versions(pins: tuple[Pin, ...]) -> dict[str, str]:
    return {pin.name: pin.version for pin in pins}


def test_no_requirements_need_no_uv(debian: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert resolved([], debian) == ()


def test_packages_of_the_base_count_and_are_not_pinned(
    index: PackageIndex, debian: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "delta-1.0-py3-none-any.whl").write_bytes(small_wheel("delta", "1.0"))
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    index.files["gamma-1.0-py3-none-any.whl"] = small_wheel("gamma", "1.0", requires="torch-like>=2")
    present = {"torch-like": "2.1.0+cu118", "alpha": "1.0"}
    assert versions(resolved(["gamma", "beta", "torch-like"], debian, present=present)) == {
        "beta": "1.5",
        "gamma": "1.0",
    }
    with pytest.raises(InputError, match=r"alpha==1\.0"):
        resolved(["alpha>=2"], debian, present=present)


def test_markers_are_compared_with_the_target(index: PackageIndex, debian: Target) -> None:
    index.files["gamma-1.0-py3-none-any.whl"] = small_wheel(
        "gamma", "1.0", requires="alpha ; platform_machine == 'aarch64' and python_full_version < '3.11.5'"
    )
    assert versions(resolved(["gamma"], debian)) == {"gamma": "1.0"}
    arm = replace(debian, platform=Platform("linux", "arm64"))
    assert versions(resolved(["gamma"], arm)) == {"alpha": "2.0", "gamma": "1.0"}
    assert versions(resolved(["gamma"], replace(arm, version="3.11.7"))) == {"gamma": "1.0"}


def test_settings_of_uv_beside_the_project_count(tmp_path: Path, debian: Target, quiet_uv: None) -> None:
    del quiet_uv
    (tmp_path / "wheels here").mkdir()
    path = tmp_path / "wheels here" / "alpha-1.0-py3-none-any.whl"
    path.write_bytes(small_wheel("alpha", "1.0"))
    project = tmp_path / "project" / "pyproject.toml"
    project.parent.mkdir()
    project.write_text('[tool.uv]\nno-index = true\nfind-links = ["../wheels here"]\n')
    (pin,) = resolved(["alpha"], debian, indexes=replace(HERE, where=project))
    assert pin.url == path.as_uri()
    assert [one.url for one in locate([pin], debian, Cache.default(), replace(HERE, where=project))] == [path.as_uri()]


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("alpha==", "not a requirement: 'alpha=='"),
        ("-r other.txt", "not a requirement: '-r other.txt'"),
    ],
)
def test_an_invalid_requirement_is_refused(debian: Target, tmp_path: Path, requirement: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        resolved([requirement], debian, indexes=replace(HERE, where=tmp_path / "pyproject.toml"))
    assert words in caught.value.message
    assert str(caught.value.where) == str(tmp_path / "pyproject.toml")
    assert "s3cret" not in caught.value.message
    assert caught.value.hint


def test_the_index_of_each_version_is_known(index: PackageIndex, debian: Target) -> None:
    pins = resolved(["beta"], debian)
    assert index_addresses(pins, debian, Cache.default(), HERE) == {"alpha": index.url, "beta": index.url}
    index.user = "me:secret"
    # Without the login, which is looked up for each request.
    private = replace(HERE, environ={**HERE.environ, "UV_DEFAULT_INDEX": index.url})
    assert "secret" not in str(index_addresses(pins, debian, Cache.default(), private))


def test_files_by_links_are_on_no_index(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    name = "gamma-1.0-py3-none-any.whl"
    (tmp_path / name).write_bytes(small_wheel("gamma", "1.0"))
    linked = replace(HERE, environ={**HERE.environ, "UV_FIND_LINKS": str(tmp_path)})
    assert index.port
    pins = resolved(["gamma"], debian, indexes=linked)
    addresses = index_addresses(pins, debian, Cache.default(), linked)
    assert not any(address.startswith("http") for address in addresses.values())


def test_the_index_is_known_whatever_the_settings_of_uv(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.uv.pip]\ngenerate-hashes = true\nemit-index-url = true\nannotation-style = 'split'\n"
    )
    hashed = replace(HERE, where=tmp_path / "pyproject.toml")
    pinned = IndexPin(table={"name": "mine", "url": index.url})
    for indexes in (hashed, replace(hashed, pinned={"alpha": (pinned,)})):
        pins = resolved(["beta"], debian, indexes=indexes)
        assert index_addresses(pins, debian, Cache.default(), indexes) == {"alpha": index.url, "beta": index.url}
