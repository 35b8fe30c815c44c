"""What a run makes of names in a contract, whose author may be anyone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Interface, Kind, Output
from toolkit.runners.protocol import Job, Outcome
from toolkit.runners.staging import outcome, output_paths, side_file
from toolkit.running import Done, Runnable, run_once
from toolkit.spec.model import ComponentSpec, Container


@dataclass(kw_only=True, slots=True)
class Writer:
    """A runner whose component writes these bytes, and metadata beside every artifact."""

    folder: Path
    written: Mapping[str, bytes] = field(default_factory=dict)
    name: str = "writer"

    def run(self, job: Job) -> Outcome:
        """Write every output of the job."""
        paths = output_paths(self.folder, job)
        for name, path in paths.items():
            path.write_bytes(self.written.get(name, name.encode(errors="replace")))
            side_file(path).write_text("{}")
        return outcome(job, paths, 0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of a home folder."""
    folder = tmp_path / "home" / "work"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.chdir(folder)
    return folder.parent


def _run(
    tmp_path: Path,
    *names: str,
    wanted: Mapping[str, str] | None = None,
    kind: Kind = Kind.ARTIFACT,
    written: Mapping[str, bytes] | None = None,
    force: bool = False,
) -> Done:
    outputs = tuple(Output(name=name, type="", kind=kind) for name in names)
    container = Container(image="a:1", command=("run",))
    spec = ComponentSpec(name="n", description="", interface=Interface(outputs=outputs), implementation=container)
    runner = Writer(folder=tmp_path / "run", written=written or {})
    runnable = Runnable(name="n", spec=spec, image="a:1", runner=runner)
    return run_once(runnable, {}, {name: Path(path) for name, path in (wanted or {}).items()}, force=force)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


@pytest.mark.parametrize("name", ["../../x", "/home/u/.bash_profile", "..", ".bashrc", "a/b", "", "a" * 300, "\ud800"])
@pytest.mark.parametrize("kind", Kind)
def test_a_name_that_is_a_path_stays_in_its_folder(home: Path, tmp_path: Path, name: str, kind: Kind) -> None:
    if name.startswith("/"):
        name = str(home / ".bash_profile")
    done = _run(tmp_path, name, kind=kind)
    if kind is Kind.PARAMETER:
        assert (done.values, _files(home)) == ({name: name.encode(errors="replace").decode()}, set())
        return
    assert done.artifacts[name].parent == Path("out")
    assert done.artifacts[name].read_bytes() == name.encode(errors="replace")
    assert _files(home) == {f"work/{done.artifacts[name]}", f"work/{side_file(done.artifacts[name])}"}


def test_names_that_are_alike_get_files_of_their_own(tmp_path: Path) -> None:
    names = ("../x", "x", "/x", "X", "x.metadata.json")
    done = _run(tmp_path, *names)
    assert {name: path.read_text() for name, path in done.artifacts.items()} == {name: name for name in names}
    assert done.artifacts["x"] == Path("out/x")


def test_a_link_in_the_place_of_out_is_not_followed(home: Path, tmp_path: Path) -> None:
    (home / ".ssh").mkdir()
    Path("out").symlink_to(home / ".ssh")
    with pytest.raises(UsageError, match=r"out is a link to .*, expected a folder") as refused:
        _run(tmp_path, "authorized_keys")
    assert refused.value.hint == "say where the output goes: -o 'authorized_keys=PATH'"
    assert _files(home) == {"work/out"}


@pytest.mark.parametrize("planted", ["x", "x.metadata.json"])
def test_a_link_that_leads_nowhere_is_something(home: Path, tmp_path: Path, planted: str) -> None:
    Path("out").mkdir()
    Path("out", planted).symlink_to(home / ".bash_profile")
    with pytest.raises(UsageError, match=f"out/{planted} exists"):
        _run(tmp_path, "x")
    _run(tmp_path, "x", force=True)
    assert _files(home) == {"work/out/x", "work/out/x.metadata.json"}
    assert not Path("out", planted).is_symlink()


def test_a_path_of_the_user_s_may_lead_through_links(home: Path, tmp_path: Path) -> None:
    (home / "models").mkdir()
    Path("link").symlink_to(home / "models")
    done = _run(tmp_path, "model", wanted={"model": "link/a/m"})
    assert done.artifacts == {"model": Path("link/a/m")}
    assert (home / "models" / "a" / "m").read_text() == "model"


@pytest.mark.parametrize("second", ["a", "./a", "a.metadata.json"])
def test_two_outputs_do_not_share_a_path(tmp_path: Path, second: str) -> None:
    with pytest.raises(UsageError, match="the outputs 'x' and 'y' both go to"):
        _run(tmp_path, "x", "y", wanted={"x": "a", "y": second})


def test_a_value_that_is_no_text_or_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="the value of the output 'n' is not UTF-8 text"):
        _run(tmp_path, "n", kind=Kind.PARAMETER, written={"n": b"\xff"})
    monkeypatch.setenv("COMP_LIMIT_OUTPUT_VALUE_SIZE", "10")
    with pytest.raises(InputError, match="the value of the output 'n': the file exceeds the limit of 10 B"):
        _run(tmp_path, "n", kind=Kind.PARAMETER, written={"n": b"x" * 11})
