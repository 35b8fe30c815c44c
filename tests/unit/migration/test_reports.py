"""Reports on migrated contracts."""

from pathlib import Path

from tests.migrations import contract
from toolkit.migration.reports import as_data, as_lines, diff, summary
from toolkit.migration.together import Outcome, migrate_together

TEXT = contract("[{name: x}, {name: y}]", "[{inputValue: x}, {inputValue: y}, {inputPath: y}]")


def _outcome(folder: Path, text: str) -> Outcome:
    """Return the outcome of a contract."""
    path = folder / "c.yaml"
    path.write_text(text)
    [outcome] = migrate_together([path], {})
    return outcome


def test_every_change_has_its_reason_and_every_rest_its_advice(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, TEXT)
    path = tmp_path / "c.yaml"
    assert list(as_lines(outcome)) == [
        f"{path}:2:10: the input 'x' without a type is an artifact for KFP 2, which refuses to pass its value [C032]",
        "    written: type: String",
        f"{path}:2:21: by hand: the input 'y' is passed by value and by path, and KFP 2 allows one of them [C032]",
        "    do: declare a second input, or let the program write the value into a file",
        f"{path}: callers: the type of 'x' was missing and is String now [B116]",
    ]
    assert summary(outcome).startswith(f"{path}: 1 change, 1 to do by hand; Sum: requires a ")


def test_a_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, TEXT.rstrip("\n"))
    path = tmp_path / "c.yaml"
    assert diff(outcome) == (
        f"--- a/{path}\n+++ b/{path}\n@@ -1,4 +1,4 @@\n name: Sum\n"
        "-inputs: [{name: x}, {name: y}]\n+inputs: [{name: x, type: String}, {name: y}]\n"
        f" outputs: []\n {TEXT.splitlines()[3]}\n\\ No newline at end of file\n"
    )


def test_as_data(tmp_path: Path) -> None:
    data = as_data(_outcome(tmp_path, TEXT), written=True)
    assert (data["changed"], data["written"], data["findings"]) == (True, True, [])
    [change], [left] = data["changes"], data["by_hand"]
    assert (change["kind"], change["line"], change["column"], change["rule"]) == ("value-type", 2, 10, "C032")
    assert (left["kind"], left["do"][:7]) == ("value-and-path", "declare")
    assert data["callers"]["category"] == "strict"
    assert [each["rule"] for each in data["callers"]["breaking"]] == ["B116"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, "name: [\n")
    path = tmp_path / "c.yaml"
    [line] = as_lines(outcome)
    assert line.startswith(f"{path}:2:1: cannot be read: not valid YAML")
    assert summary(outcome) == f"{path}: cannot be read"
    assert diff(outcome) == ""
    assert as_data(outcome, written=False)["findings"][0]["rule"] == "C001"


def test_nothing_to_do(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, contract())
    assert list(as_lines(outcome)) == []
    assert summary(outcome) == f"{tmp_path / 'c.yaml'}: nothing to do"
    assert as_data(outcome, written=False)["callers"] is None
