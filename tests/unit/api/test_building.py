"""`toolkit.build` and `toolkit.push` with a small base: nothing of it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import toolkit
from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote, serving
from toolkit.errors import InputError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"COMP_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_component(tmp_path / "component", small_base(tmp_path / "base"), settings="bytecode = false")


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as served:
        yield served


def test_a_build_returns_the_image_and_prints_nothing(
    folder: Path, environ: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = toolkit.build(folder, output=f"layout:{tmp_path / 'out'}", environ=environ)
    assert first.image == first.digest
    assert (first.digest[:7], first.changed, first.pinned) == ("sha256:", True, ())
    assert first.written
    assert (tmp_path / "out" / "oci-layout").is_file()
    again = toolkit.build(str(folder), environ=environ)
    assert (again.image, toolkit.build(folder, environ=environ).changed) == (first.image, False)
    assert capfd.readouterr() == ("", "")


def test_a_push_pins_the_contract(folder: Path, environ: dict[str, str], remote: FakeRemote) -> None:
    reported: list[object] = []
    pushed = toolkit.push(folder, image=f"{remote.host}/ml/count", environ=environ, progress=reported.append)
    assert pushed.image == f"{remote.host}/ml/count@{pushed.digest}"
    assert pushed.image in (folder / "component.yaml").read_text()
    assert [path.name for path in pushed.pinned] == ["component.yaml"]
    assert pushed.sent > 0
    assert reported


def test_a_push_attaches_provenance_as_it_is_called(folder: Path, environ: dict[str, str], remote: FakeRemote) -> None:
    name = f"{remote.host}/ml/count"
    toolkit.push(folder, image=name, provenance=False, environ=environ | {"COMP_PROVENANCE": "true"})
    assert not remote.called("PUT", "/manifests/sha256")
    toolkit.push(folder, image=name, provenance=True, environ=environ)
    assert remote.called("PUT", "/manifests/sha256")


def test_what_is_wrong_is_raised(folder: Path, environ: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        toolkit.push(folder, environ=environ)
    assert (caught.value.exit_code, bool(caught.value.hint)) == (1, True)
