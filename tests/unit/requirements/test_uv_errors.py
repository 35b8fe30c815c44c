"""uv's errors, each with its own hint."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, resolved, small_wheel
from toolkit.errors import InputError, OutsideError
from toolkit.python.target import Target
from toolkit.requirements.uv_errors import warn_of_pip_settings


def test_a_contradiction_is_explained(index: PackageIndex, debian: Target) -> None:
    assert index.port
    with pytest.raises(InputError) as caught:
        resolved(["beta", "alpha>=2"], debian)
    assert caught.value.message.startswith("the requirements cannot be resolved for linux/amd64, Python 3.11.2: ")
    assert "beta" in caught.value.message
    assert "alpha<2" in caught.value.message
    assert caught.value.message.endswith("unsatisfiable.")


def test_an_unknown_package_is_an_input_error(index: PackageIndex, debian: Target) -> None:
    assert index.port
    with pytest.raises(InputError, match="nothing-like-this"):
        resolved(["nothing-like-this"], debian)


def test_a_package_without_a_fitting_wheel_is_named(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    index.files["old-1.0-cp39-cp39-manylinux_2_17_x86_64.whl"] = small_wheel("old", "1.0")
    with pytest.raises(InputError) as caught:
        resolved(["old==1.0"], debian, indexes=replace(HERE, where=tmp_path / "pyproject.toml"))
    assert "old 1.0 has no wheel for linux/amd64, Python 3.11, glibc 2.36" in caught.value.message
    assert "another version" in str(caught.value.hint)


def test_an_unreachable_index_is_an_outside_error(
    debian: Target, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert index.port
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:s3cret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(OutsideError, match="the package index cannot be reached") as caught:
        resolved(["alpha"], debian)
    assert "s3cret" not in caught.value.message


def test_a_refused_user_is_named_without_the_password(
    debian: Target, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.user = "ada:right"
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url.replace("right", "s3cret"))
    with pytest.raises(OutsideError, match=r"refuses this user \(401\): .*alpha") as caught:
        resolved(["alpha"], debian)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("required", "words", "hint"),
    [
        (["nowhere"], "nowhere was not found", "check how nowhere is written"),
        (["alpha==9"], r"no version of alpha==9", "no such version of alpha; change it in `dependencies`"),
        (["beta", "alpha>=2"], r"beta depend on alpha<2", "these exclude each other"),
        (["newer"], r"requires Python >=3\.12", "a base whose Python is >=3.12"),
    ],
)
def test_each_reason_has_its_own_hint(
    index: PackageIndex, debian: Target, tmp_path: Path, required: list[str], words: str, hint: str
) -> None:
    index.files["newer-1.0-py3-none-any.whl"] = small_wheel("newer", "1.0", python=">=3.12")
    with pytest.raises(InputError, match=words) as caught:
        resolved(required, debian, indexes=replace(HERE, listed=tmp_path / "more.txt"))
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


def test_indexes_of_pip_are_named_if_nothing_is_found(
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
    warn_of_pip_settings({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "UV_INDEX": "x"})
    assert caplog.text == ""
    warn_of_pip_settings({"PIP_EXTRA_INDEX_URL": "x", "HOME": str(tmp_path)})
    assert "PIP_EXTRA_INDEX_URL is not read: uv resolves, and UV_INDEX names an index for it" in caplog.text
