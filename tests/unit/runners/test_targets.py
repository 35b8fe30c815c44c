from pathlib import Path

import pytest

from toolkit.errors import UsageError
from toolkit.interface.model import Kind, Output
from toolkit.runners.targets import check_targets, output_targets, resolved_parent

MODEL = Output(name="model", type="Model", kind=Kind.ARTIFACT)
SCORE = Output(name="score", type="Float", kind=Kind.PARAMETER)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _check(targets: dict[str, Path], *, force: bool = False, home: str = "/nowhere") -> None:
    ports = [port for port in (MODEL, SCORE) if port.name in targets]
    check_targets(ports, targets, {"HOME": home}, force=force)


def test_artifacts_go_to_out_and_values_to_a_temporary_folder(tmp_path: Path) -> None:
    targets = output_targets([MODEL, SCORE], {}, tmp_path / "values")
    assert targets == {"model": Path("out/model"), "score": tmp_path / "values" / "score"}


def test_a_path_of_the_users_is_taken_as_it_is(tmp_path: Path) -> None:
    targets = output_targets([MODEL, SCORE], {"model": Path("../m"), "score": Path("s")}, tmp_path)
    assert targets == {"model": Path("../m"), "score": Path("s")}


def test_links_are_followed_in_the_folder_only(here: Path) -> None:
    (here / "models").mkdir()
    (here / "link").symlink_to("models")
    (here / "models" / "m").symlink_to("/etc/hostname")
    assert resolved_parent(here / "link" / "m") == here / "models" / "m"


@pytest.mark.parametrize("existing", ["m", "m.metadata.json"])
def test_a_target_that_exists_needs_force(here: Path, existing: str) -> None:
    _check({"model": Path("m")})
    (here / existing).write_text("mine")
    with pytest.raises(UsageError, match=f"^{existing} exists$"):
        _check({"model": Path("m")})
    _check({"model": Path("m")}, force=True)


def test_metadata_lies_beside_artifacts_alone(here: Path) -> None:
    (here / "s.metadata.json").write_text("mine")
    _check({"score": Path("s")})


@pytest.mark.parametrize("target", [".", "..", "/"])
def test_folders_that_hold_this_one_are_not_written_over(target: str) -> None:
    with pytest.raises(UsageError, match="cannot be the target of an output"):
        _check({"model": Path(target)}, force=True)


def test_the_home_folder_is_not_written_over(here: Path) -> None:
    (here / "home").mkdir()
    with pytest.raises(UsageError, match="cannot be the target of an output"):
        _check({"model": Path("home")}, force=True, home=str(here / "home"))
    _check({"model": Path("home")}, force=True)
