"""Resolving with the real uv against a small index on loopback."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.package_index import PackageIndex, resolved, small_wheel
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.python.indexes import Indexes
from toolkit.python.pin import Pin, SourceDistribution
from toolkit.python.refusals import told_of_pip
from toolkit.python.resolve import locate, resolve
from toolkit.python.target import Target
from toolkit.redaction import without_login


def versions(pins: tuple[Pin, ...]) -> dict[str, str]:
    return {pin.name: pin.version for pin in pins}


def test_no_requirements_need_no_uv(debian: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert resolved([], debian) == ()


def test_pins_are_whole_and_in_order_of_name(index: PackageIndex, debian: Target) -> None:
    pins = resolved(["beta"], debian)
    assert versions(pins) == {"alpha": "1.0", "beta": "1.5"}
    for pin in pins:
        data = index.files[pin.filename]
        assert pin.sha256 == hashlib.sha256(data).hexdigest()
        assert pin.url == f"http://127.0.0.1:{index.port}/files/{pin.filename}"


def test_constraints_narrow_and_add_nothing(index: PackageIndex, debian: Target) -> None:
    assert index.port
    assert versions(resolved(["alpha"], debian)) == {"alpha": "2.0"}
    assert versions(resolved(["alpha"], debian, constraints=["alpha<2", "beta==1.5"])) == {"alpha": "1.0"}


def test_what_the_base_has_counts_and_is_not_pinned(
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


def test_the_targets_best_wheel_is_taken(index: PackageIndex, debian: Target) -> None:
    data = small_wheel("fast", "1.0")
    for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "cp311-cp311-linux_armv7l"):
        index.files[f"fast-1.0-{tag}.whl"] = data
    index.files["fast-1.0-1-cp311-cp311-manylinux_2_28_x86_64.whl"] = data
    index.files["fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"] = data
    index.files["fast-1.0-cp311-cp311-musllinux_1_1_x86_64.whl"] = data
    (best,) = resolved(["fast"], debian)
    assert best.filename == "fast-1.0-1-cp311-cp311-manylinux_2_28_x86_64.whl"
    (older,) = resolved(["fast"], replace(debian, libc_version="2.27"))
    assert older.filename == "fast-1.0-cp311-abi3-manylinux_2_17_x86_64.whl"
    (musl,) = resolved(["fast"], replace(debian, libc="musl", libc_version="1.2"))
    assert musl.filename == "fast-1.0-cp311-cp311-musllinux_1_1_x86_64.whl"


def test_markers_are_the_targets(index: PackageIndex, debian: Target) -> None:
    index.files["gamma-1.0-py3-none-any.whl"] = small_wheel(
        "gamma", "1.0", requires="alpha ; platform_machine == 'aarch64' and python_full_version < '3.11.5'"
    )
    assert versions(resolved(["gamma"], debian)) == {"gamma": "1.0"}
    arm = replace(debian, platform=Platform("linux", "arm64"))
    assert versions(resolved(["gamma"], arm)) == {"alpha": "2.0", "gamma": "1.0"}
    assert versions(resolved(["gamma"], replace(arm, version="3.11.7"))) == {"gamma": "1.0"}


def test_every_fitting_wheel_is_located(index: PackageIndex, debian: Target) -> None:
    (pin,) = resolved(["alpha<2"], debian)
    for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64", "cp39-cp39-win_amd64"):
        index.files[f"alpha-1.0-{tag}.whl"] = small_wheel("alpha", "1.0", content=tag)
    found = locate([pin], debian)
    assert sorted(one.filename for one in found) == [
        "alpha-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "alpha-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "alpha-1.0-py3-none-any.whl",
    ]


def test_settings_of_uv_beside_the_project_count(tmp_path: Path, debian: Target, quiet_uv: None) -> None:
    del quiet_uv
    (tmp_path / "wheels here").mkdir()
    path = tmp_path / "wheels here" / "alpha-1.0-py3-none-any.whl"
    path.write_bytes(small_wheel("alpha", "1.0"))
    project = tmp_path / "project" / "pyproject.toml"
    project.parent.mkdir()
    project.write_text('[tool.uv]\nno-index = true\nfind-links = ["../wheels here"]\n')
    (pin,) = resolved(["alpha"], debian, indexes=Indexes(where=project))
    assert pin.url == path.as_uri()
    assert [one.url for one in locate([pin], debian, indexes=Indexes(where=project))] == [path.as_uri()]


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("alpha==", "not a requirement: 'alpha=='"),
        ("-r other.txt", "not a requirement: '-r other.txt'"),
    ],
)
def test_what_is_no_requirement_is_refused(debian: Target, tmp_path: Path, requirement: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        resolved([requirement], debian, indexes=Indexes(where=tmp_path / "pyproject.toml"))
    assert words in caught.value.message
    assert str(caught.value.where) == str(tmp_path / "pyproject.toml")
    assert "s3cret" not in caught.value.message
    assert caught.value.hint


def test_a_contradiction_is_explained(index: PackageIndex, debian: Target) -> None:
    assert index.port
    with pytest.raises(InputError) as caught:
        resolved(["beta", "alpha>=2"], debian)
    assert caught.value.message.startswith("the requirements cannot be resolved for linux/amd64, Python 3.11.2: ")
    assert "beta" in caught.value.message
    assert "alpha<2" in caught.value.message
    assert caught.value.message.endswith("unsatisfiable.")


def test_an_unknown_package_is_the_users_error(index: PackageIndex, debian: Target) -> None:
    assert index.port
    with pytest.raises(InputError, match="nothing-like-this"):
        resolved(["nothing-like-this"], debian)


def test_a_package_without_a_fitting_wheel_is_named(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    index.files["old-1.0-cp39-cp39-manylinux_2_17_x86_64.whl"] = small_wheel("old", "1.0")
    with pytest.raises(InputError) as caught:
        resolved(["old==1.0"], debian, indexes=Indexes(where=tmp_path / "pyproject.toml"))
    assert "old 1.0 has no wheel for linux/amd64, Python 3.11, glibc 2.36" in caught.value.message
    assert "another version" in str(caught.value.hint)


def test_a_package_with_sources_only_is_found_without_a_look_into_it(index: PackageIndex, debian: Target) -> None:
    index.files["source-1.0.tar.gz"] = b"not even looked at"
    (found,) = resolve(["source"], debian)
    assert isinstance(found, SourceDistribution)
    assert found.filename == "source-1.0.tar.gz"


def test_an_index_that_is_not_there_is_outside(
    debian: Target, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert index.port
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:s3cret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(OutsideError, match="the package index cannot be reached") as caught:
        resolved(["alpha"], debian)
    assert "s3cret" not in caught.value.message


def test_a_refused_user_is_told_without_the_password(
    debian: Target, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.user = "ada:right"
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url.replace("right", "s3cret"))
    with pytest.raises(OutsideError, match=r"refuses this user \(401\): .*alpha") as caught:
        resolved(["alpha"], debian)
    assert "s3cret" not in caught.value.message


def test_credentials_are_taken_out_of_text() -> None:
    text = "got https://ada:s3cret@example.com/a and http://token@h/b, mail me@example.com"
    assert without_login(text) == "got https://example.com/a and http://h/b, mail me@example.com"


@pytest.mark.parametrize(
    ("required", "words", "hint"),
    [
        (["nowhere"], "nowhere was not found", "check how nowhere is written"),
        (["alpha==9"], r"no version of alpha==9", "the index has no such version of alpha; change what `dependencies`"),
        (["beta", "alpha>=2"], r"beta depend on alpha<2", "these exclude each other"),
        (["newer"], r"requires Python >=3\.12", "a base whose Python is >=3.12"),
    ],
)
def test_each_reason_has_its_own_hint(
    index: PackageIndex, debian: Target, tmp_path: Path, required: list[str], words: str, hint: str
) -> None:
    index.files["newer-1.0-py3-none-any.whl"] = small_wheel("newer", "1.0", python=">=3.12")
    with pytest.raises(InputError, match=words) as caught:
        resolved(required, debian, indexes=Indexes(listed=tmp_path / "more.txt"))
    assert hint in (caught.value.hint or "")
    if required not in (["nowhere"], ["newer"]):
        assert "`dependencies` in [project] or more.txt" in (caught.value.hint or "")


def test_offline_and_refused(index: PackageIndex, debian: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    index.files["fresh-1.0-py3-none-any.whl"] = small_wheel("fresh", "1.0")
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(OutsideError, match="uv is set to work offline") as caught:
        resolved(["fresh"], debian)
    monkeypatch.delenv("UV_OFFLINE")
    assert "UV_OFFLINE" in (caught.value.hint or "")
    index.refuses = True
    with pytest.raises(OutsideError, match=r"refuses this user \(403\)"):
        resolved(["fresh"], debian)


def test_pips_indexes_are_named_where_nothing_is_found(
    index: PackageIndex,
    debian: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert index.port
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://u:p@host/simple\n")
    with pytest.raises(InputError) as caught:
        resolved(["nowhere"], debian)
    assert (caught.value.hint or "").endswith(
        f"; index-url of {tmp_path}/pip.conf is not read here, UV_DEFAULT_INDEX is"
    )
    told_of_pip({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "UV_INDEX": "x"})
    assert caplog.text == ""
    told_of_pip({"PIP_EXTRA_INDEX_URL": "x", "HOME": str(tmp_path)})
    assert "PIP_EXTRA_INDEX_URL is not read: uv resolves, and UV_INDEX names an index for it" in caplog.text
