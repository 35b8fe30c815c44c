"""What a run makes of names in a contract, whose author may be anyone."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.run import check_run, run_once
from toolkit.runners.runnable import Runnable
from toolkit.runners.staging import collect_outputs, output_paths, side_file
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder


class Writer(Struct, kw_only=True):
    """A runner whose component writes these bytes, and metadata beside every artifact."""

    folder: Path
    written: Mapping[str, bytes] = field(default_factory=dict)
    exit_code: int = 0
    name: str = "writer"

    def run(self, run: Run) -> Outcome:
        """Write every output of the run."""
        paths = output_paths(self.folder, run)
        for name, path in paths.items():
            path.write_bytes(self.written.get(name, name.encode(errors="replace")))
            side_file(path).write_text("{}")
        return collect_outputs(run, paths, self.exit_code)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of a home folder."""
    folder = tmp_path / "home" / "work"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder.parent


def _run(
    tmp_path: Path,
    *names: str,
    wanted: Mapping[str, str] | None = None,
    kind: Kind = Kind.ARTIFACT,
    written: Mapping[str, bytes] | None = None,
    force: bool = False,
) -> Outcome:
    outputs = tuple(Output(name=name, type="", kind=kind) for name in names)
    container = Container(image="a:1", command=("run",))
    spec = ComponentSpec(name="n", description="", interface=Interface(outputs=outputs), implementation=container)
    runner = Writer(folder=tmp_path / "run", written=written or {})
    runnable = Runnable(name="n", spec=spec, image="a:1", runner=runner, environ={"HOME": str(Path.cwd().parent)})
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
    assert done.paths[name].parent == Path("out")
    assert done.paths[name].read_bytes() == name.encode(errors="replace")
    assert _files(home) == {f"work/{done.paths[name]}", f"work/{side_file(done.paths[name])}"}


def test_names_that_are_alike_get_files_of_their_own(tmp_path: Path) -> None:
    names = ("../x", "x", "/x", "X", "x.metadata.json")
    done = _run(tmp_path, *names)
    assert {name: path.read_text() for name, path in done.paths.items()} == {name: name for name in names}
    assert done.paths["x"] == Path("out/x")


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
    assert done.paths == {"model": Path("link/a/m")}
    assert (home / "models" / "a" / "m").read_text() == "model"


@pytest.mark.parametrize("second", ["a", "./a", "a.metadata.json"])
def test_two_outputs_do_not_share_a_path(tmp_path: Path, second: str) -> None:
    with pytest.raises(UsageError, match="the outputs 'x' and 'y' both go to"):
        _run(tmp_path, "x", "y", wanted={"x": "a", "y": second})


def test_a_value_that_is_not_text_or_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="the value of the output 'n' is not UTF-8 text"):
        _run(tmp_path, "n", kind=Kind.PARAMETER, written={"n": b"\xff"})
    monkeypatch.setenv("COMP_LIMIT_OUTPUT_VALUE_SIZE", "10")
    with pytest.raises(InputError, match="the value of the output 'n': the file exceeds the limit of 10 B"):
        _run(tmp_path, "n", kind=Kind.PARAMETER, written={"n": b"x" * 11})


def _runnable(
    tmp_path: Path, *, exit_code: int = 0, written: Mapping[str, bytes] | None = None, type_: str = "Integer"
) -> Runnable:
    outputs = (Output(name="count", type="Integer", kind=Kind.PARAMETER),)
    inputs = (Input(name="n", type=type_, kind=Kind.PARAMETER),)
    container = Container(image="a:1", command=("run", PortPlaceholder(kind="inputPath", port="n")))
    interface = Interface(inputs=inputs, outputs=outputs)
    spec = ComponentSpec(name="n", description="", interface=interface, implementation=container)
    runner = Writer(folder=tmp_path / "run", written=written or {}, exit_code=exit_code)
    return Runnable(name="n", spec=spec, image="a:1", runner=runner, environ={})


def test_a_value_that_the_contract_takes_by_path_is_in_a_file(tmp_path: Path) -> None:
    seen = []

    class Reader(Writer):
        def run(self, run: Run) -> Outcome:
            seen.append(run.artifacts["n"].read_bytes())
            return Outcome(exit_code=0, paths={})

    runnable = replace(_runnable(tmp_path, type_="String"), runner=Reader(folder=tmp_path))
    for text in ("5", "\udcff"):
        assert run_once(runnable, {"n": text}, {}) == Outcome(exit_code=0, paths={})
    assert seen == [b"5", b"\xff"]


def test_a_run_is_checked_by_its_contract_alone(home: Path, tmp_path: Path) -> None:
    spec = _runnable(tmp_path).spec
    check_run(spec, {"n": "5"}, {}, {})
    with pytest.raises(UsageError, match="the component has no input 'm'"):
        check_run(spec, {"m": "5"}, {}, {})
    Path("count.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"count\.txt exists"):
        check_run(spec, {"n": "5"}, {"count": Path("count.txt")}, {})
    check_run(spec, {"n": "5"}, {"count": Path("count.txt")}, {}, force=True)
    assert _files(home) == {"work/count.txt"}
