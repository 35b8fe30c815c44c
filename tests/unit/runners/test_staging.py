"""Outputs on their way from where a component wrote them to where the run wants them."""

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.errors import InputError, OutsideError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.runners.protocol import Run
from toolkit.runners.staging import collect_outputs, command_line, mounted, output_paths, side_file, writable_paths
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    spec = ComponentSpec(
        name="join",
        description="",
        interface=Interface(
            inputs=(
                Input(name="first", type="TSV", kind=Kind.ARTIFACT),
                Input(name="second", type="TSV", kind=Kind.ARTIFACT),
            ),
            outputs=(Output(name="joined", type="Folder", kind=Kind.ARTIFACT),),
        ),
        implementation=Container(image="join:1", command=("join",), args=()),
    )
    table = tmp_path / "table.tsv"
    table.write_text("a\tb\n")
    return Run(
        spec=spec,
        image="join:1",
        values={},
        artifacts={"first": table, "second": table},
        outputs={"joined": tmp_path / "wanted" / "joined"},
    )


@pytest.fixture
def place(run: Run, tmp_path: Path) -> Path:
    """Where the component writes its output."""
    return output_paths(tmp_path / "outputs", run)["joined"]


def _settle(run: Run, place: Path) -> Path:
    collected = collect_outputs(run, {"joined": place}, 0)
    assert collected.paths == run.outputs
    return run.outputs["joined"]


def test_an_output_that_was_not_written_is_not_there(run: Run, place: Path) -> None:
    assert collect_outputs(run, {"joined": place}, 3).paths == {}
    assert collect_outputs(run, {"joined": place}, 3).exit_code == 3


def test_one_file_for_two_inputs_is_mounted_twice(run: Run, tmp_path: Path) -> None:
    inputs, outputs, mounts = mounted(tmp_path, run, reads_all=True)
    assert [mounts[inputs[name]] for name in ("first", "second")] == [(tmp_path / "table.tsv", "ro")] * 2
    assert outputs == {"joined": "/tmp/outputs/0/data"}  # noqa: S108 (a place in the container)
    assert mounts["/tmp/outputs"] == (tmp_path / "outputs", "rw")  # noqa: S108 (likewise)


def test_any_user_may_write_outputs(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    path = writable_paths(folder, run)["joined"]
    assert [part.stat().st_mode & 0o777 for part in (path.parent, folder)] == [0o777, 0o755]


def test_links_in_a_folder_stay_links(run: Run, place: Path) -> None:
    place.mkdir()
    (place / "file").write_text("text")
    (place / "inside").symlink_to("file")
    (place / "outside").symlink_to("/etc/hostname")
    (place / "nowhere").symlink_to("/nowhere/at/all")
    target = _settle(run, place)
    assert (target / "inside").read_text() == "text"
    assert {path.name: str(path.readlink()) for path in target.iterdir() if path.is_symlink()} == {
        "inside": "file",
        "outside": "/etc/hostname",
        "nowhere": "/nowhere/at/all",
    }


@pytest.mark.parametrize("elsewhere", ["/etc/hostname", "/nowhere/at/all", "../../table.tsv"])
def test_an_output_that_links_elsewhere_is_refused(run: Run, place: Path, elsewhere: str) -> None:
    place.symlink_to(elsewhere)
    with pytest.raises(InputError, match=f"the output 'joined' is a link to {elsewhere}, expected"):
        collect_outputs(run, {"joined": place}, 0)
    assert not run.outputs["joined"].exists()


def test_an_output_may_link_to_its_neighbour(run: Run, place: Path) -> None:
    (place.parent / "part-1").write_text("text")
    place.symlink_to("part-1")
    target = _settle(run, place)
    assert not target.is_symlink()
    assert target.read_text() == "text"


def test_a_folder_takes_the_place_of_a_file_and_of_a_folder(run: Run, place: Path) -> None:
    target = run.outputs["joined"]
    target.parent.mkdir()
    target.write_text("old")
    place.mkdir()
    (place / "new").write_text("new")
    for _ in range(2):
        assert [path.name for path in _settle(run, place).iterdir()] == ["new"]
        (target / "old").write_text("old")


def test_what_a_link_names_is_not_emptied(run: Run, place: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    run.outputs["joined"].parent.mkdir()
    run.outputs["joined"].symlink_to(tmp_path / "kept")
    place.mkdir()
    assert not list(_settle(run, place).iterdir())
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_a_place_that_cannot_be_written_is_named(run: Run, place: Path) -> None:
    run.outputs["joined"].parent.write_text("a file where a folder should be")
    place.write_text("text")
    with pytest.raises(OutsideError, match=r"cannot copy the output 'joined' to .*/wanted/joined: "):
        collect_outputs(run, {"joined": place}, 0)


def test_a_link_beside_the_target_is_not_written_through(run: Run, place: Path, tmp_path: Path) -> None:
    target = run.outputs["joined"]
    target.parent.mkdir()
    (target.parent / "joined.metadata.json").symlink_to(tmp_path / "planted")
    place.write_text("text")
    (place.parent / "data.metadata.json").write_text("{}")
    _settle(run, place)
    assert not (tmp_path / "planted").exists()
    assert (target.parent / "joined.metadata.json").read_text() == "{}"
    assert not (target.parent / "joined.metadata.json").is_symlink()


def test_metadata_of_an_earlier_run_goes(run: Run, place: Path) -> None:
    place.write_text("text")
    run.outputs["joined"].parent.mkdir()
    side = run.outputs["joined"].parent / "joined.metadata.json"
    side.write_text("{}")
    _settle(run, place)
    assert [path.name for path in side.parent.iterdir()] == ["joined"]


def test_a_folder_that_became_a_link_is_not_read(run: Run, place: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "data").write_text("secret")
    place.parent.rmdir()
    place.parent.symlink_to(tmp_path / "private")
    with pytest.raises(OutsideError, match=r"cannot copy the output 'joined' to .*: Not a directory"):
        collect_outputs(run, {"joined": place}, 0)


def test_a_loop_of_links_is_refused(run: Run, place: Path) -> None:
    (place.parent / "a").symlink_to("data")
    place.symlink_to("a")
    with pytest.raises(InputError, match="the output 'joined' is a link to"):
        collect_outputs(run, {"joined": place}, 0)


@pytest.mark.parametrize("inside", ["", "folder"])
def test_a_pipe_is_refused(run: Run, place: Path, inside: str) -> None:
    if inside:
        place.mkdir()
    os.mkfifo(place / inside)
    with pytest.raises(InputError, match="is a pipe, expected a file or folder"):
        collect_outputs(run, {"joined": place}, 0)
    assert not list(run.outputs["joined"].parent.iterdir())


def test_folders_without_end_are_refused(run: Run, place: Path) -> None:
    place.joinpath(*["d"] * 500).mkdir(parents=True)
    with pytest.raises(InputError, match="exceeds the limit of 100 items") as refused:
        collect_outputs(run, {"joined": place}, 0)
    assert "COMP_LIMIT_OUTPUT_DEPTH" in (refused.value.hint or "")


def test_a_program_stays_one_without_its_owner_s_rights(run: Run, place: Path) -> None:
    place.write_text("#!/bin/sh\n")
    place.chmod(0o4755)
    assert _settle(run, place).stat().st_mode & 0o7100 == 0o100


def test_a_value_that_is_too_long_goes_through_a_file(run: Run, tmp_path: Path) -> None:
    port = Input(name="text", type="String", kind=Kind.PARAMETER)
    command = ("python", "/opt/comp/launch.py", "join", "--text", PortPlaceholder(kind="inputValue", port="text"))
    spec = replace(
        run.spec, interface=Interface(inputs=(port,)), implementation=Container(image="join:1", command=command)
    )
    text = "x" * 200_000
    long = replace(run, spec=spec, values={"text": text}, artifacts={}, outputs={})
    words = command_line(tmp_path, "/inside", long, input_paths={}, output_paths={})
    assert words == ["python", "/opt/comp/launch.py", "join", "--comp:values", "/inside/values.json"]
    assert json.loads((tmp_path / "values.json").read_text()) == {"text": text}
    short = replace(long, values={"text": "y"})
    assert command_line(tmp_path, "/inside", short, input_paths={}, output_paths={})[-1] == "y"


def test_a_program_of_its_own_takes_no_value_that_is_too_long(run: Run, tmp_path: Path) -> None:
    port = Input(name="text", type="String", kind=Kind.PARAMETER)
    command = ("join", PortPlaceholder(kind="inputValue", port="text"))
    spec = replace(
        run.spec, interface=Interface(inputs=(port,)), implementation=Container(image="join:1", command=command)
    )
    long = replace(run, spec=spec, values={"text": "x" * 200_000}, artifacts={}, outputs={})
    with pytest.raises(InputError, match="the value of 'text' is longer than") as refused:
        command_line(tmp_path, "/inside", long, input_paths={}, output_paths={})
    assert refused.value.hint == "make it an artifact"


def test_metadata_of_an_input_is_mounted_beside_it(run: Run, tmp_path: Path) -> None:
    side_file(tmp_path / "table.tsv").write_text("{}")
    inputs, _, mounts = mounted(tmp_path, run, reads_all=True)
    assert mounts[inputs["first"] + ".metadata.json"] == (tmp_path / "table.tsv.metadata.json", "ro")
