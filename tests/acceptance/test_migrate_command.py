"""`comp migrate` as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.commands import comp
from tests.migrated_modules import ADD, migrated_module
from tests.migrations import contract

OLD = contract("[{name: Text}]", "[--text, {inputValue: Text}]")
NEW = OLD.replace("{name: Text}", "{name: Text, type: String}")
REPORT = """\
c.yaml:2:10: the input 'Text' without a type is an artifact for KFP 2, which refuses to pass its value [C032]
    written: type: String
c.yaml: callers: the type of 'Text' was missing and is String now [B116]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a contract of KFP 1.8, in which the test runs."""
    (tmp_path / "c.yaml").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_contract_is_rewritten_and_each_change_explained(folder: Path) -> None:
    result = comp("migrate", "c.yaml")
    assert (result.code, result.out) == (0, REPORT)
    first, last = result.err.splitlines()
    assert first.startswith("c.yaml: 1 change; Sum: requires a ")
    assert last == "1 file: 1 rewritten"
    assert (folder / "c.yaml").read_text() == NEW
    again = comp("migrate", "c.yaml")
    assert (again.code, again.out, again.err) == (0, "", "1 file: nothing to change\n")


def test_a_diff_writes_nothing(folder: Path) -> None:
    result = comp("migrate", "c.yaml", "--diff")
    assert result.code == 1
    assert result.out.startswith("--- a/c.yaml\n+++ b/c.yaml\n@@ -1,4 +1,4 @@\n name: Sum\n-inputs: [{name: Text}]\n")
    assert result.err.endswith("1 file: 1 would be rewritten\n")
    assert (folder / "c.yaml").read_text() == OLD


def test_a_check_writes_nothing_and_fails_until_all_is_done(folder: Path) -> None:
    result = comp("migrate", ".", "--check")
    assert (result.code, result.out) == (1, REPORT)
    assert (folder / "c.yaml").read_text() == OLD
    assert comp("migrate", "c.yaml").code == 0
    assert comp("migrate", ".", "--check").code == 0


def test_what_is_left_fails_and_says_what_to_do(folder: Path) -> None:
    (folder / "c.yaml").write_text(contract("[]", "[{outputMetadata: null}]"))
    result = comp("migrate", "c.yaml")
    assert result.code == 1
    why, advice = result.out.splitlines()
    assert why.startswith("c.yaml:4:69: by hand: only KFP 1.8's v2-compatible mode knows outputMetadata, and KFP 2 ")
    assert advice == "    do: pass {executorInput: null}: KFP 2 reads outputs.outputFile, which its JSON names"
    assert result.err == "c.yaml: 1 to do by hand\n1 file: nothing to change\n"
    as_diff = comp("migrate", "c.yaml", "--diff")
    assert (as_diff.code, as_diff.out, as_diff.err) == (1, "", result.out + result.err)


def test_as_json(folder: Path) -> None:
    result = comp("migrate", "*.yaml", "--format", "json")
    [data] = json.loads(result.out)["files"]
    assert (data["path"], data["changed"], data["written"]) == ("c.yaml", True, True)
    assert [change["written"] for change in data["changes"]] == ["type: String"]
    assert (folder / "c.yaml").read_text() == NEW
    assert comp("migrate", "c.yaml", "--format", "json", "--diff").code == 2


def test_files_that_are_not_named_stay(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "d.yaml").write_text(OLD)
    (folder / "values.yaml").write_text("a: 1\n")
    assert comp("migrate", "c.yaml").code == 0
    assert (folder / "other" / "d.yaml").read_text() == OLD
    assert comp("migrate", "other").code == 0
    assert (folder / "other" / "d.yaml").read_text() == NEW
    assert (folder / "values.yaml").read_text() == "a: 1\n"


def test_outputs_at_fixed_paths_are_copied_where_asked(folder: Path) -> None:
    text = contract("[]", "[]", outputs="[{name: a, type: String}]", more=", fileOutputs: {a: /a}")
    (folder / "c.yaml").write_text(text)
    assert comp("migrate", "c.yaml").code == 1
    assert (folder / "c.yaml").read_text() == text
    assert comp("migrate", "c.yaml", "--copy-file-outputs").code == 0
    assert "{outputPath: a}, run]" in (folder / "c.yaml").read_text()


def test_a_link_stays_and_the_others_are_written(folder: Path) -> None:
    (folder / "c.yaml").rename(folder / "a.yaml")
    (folder / "b").mkdir()
    (folder / "b" / "b.yaml").write_text(OLD)
    (folder / "c.yaml").symlink_to("b/b.yaml")
    result = comp("migrate", "c.yaml", "a.yaml")
    assert result.code == 1
    assert "error: c.yaml is a link, and stays as it is\n" in result.err
    assert result.err.endswith("\n2 files: 1 rewritten, 1 not written\n")
    assert (folder / "c.yaml").is_symlink()
    assert (folder / "a.yaml").read_text() == NEW
    assert (folder / "b" / "b.yaml").read_text() == OLD


def test_a_module_of_python_is_rewritten(folder: Path) -> None:
    (folder / "m.py").write_bytes(ADD.replace("\n", "\r\n").encode())
    (folder / "n.py").write_text(ADD)
    result = comp("migrate", "m.py")
    assert (result.code, result.err) == (0, "m.py: 6 changes\n1 file: 1 rewritten\n")
    assert result.out.splitlines()[:4] == [
        "m.py:1:1: what was in kfp.components is in kfp.dsl",
        "    written: from kfp import dsl",
        "m.py:5:2: KFP 2 has no func_to_container_op",
        "    written: dsl.component",
    ]
    assert (folder / "m.py").read_bytes().decode() == migrated_module(ADD).new.text.replace("\n", "\r\n")
    assert (folder / "n.py").read_text() == ADD
    (folder / "m.py").write_bytes(b"\xff")
    assert "m.py: cannot be read: not UTF-8 text [F001]" in comp("migrate", "m.py").out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "error: missing argument 'FOLDER|FILE|GLOB...'"),
        (("missing.yaml",), 1, "error: missing.yaml: the file is missing"),
        (("missing.py",), 1, "error: missing.py: the file is missing"),
        (("*.yml",), 1, "error: no contract matches *.yml"),
        (("empty",), 1, "error: no contract at or below empty"),
    ],
)
def test_what_cannot_be_migrated(folder: Path, words: tuple[str, ...], code: int, message: str) -> None:
    (folder / "empty").mkdir()
    result = comp("migrate", *words)
    assert (result.code, result.out, result.err.splitlines()[0]) == (code, "", message)


def test_a_contract_that_cannot_be_read_is_said_and_the_others_are_written(folder: Path) -> None:
    (folder / "component.yaml").write_text("a: [\n")
    result = comp("migrate", ".")
    assert result.code == 1
    assert "component.yaml:2:1: cannot be read: not valid YAML" in result.out
    assert result.err.endswith("\n2 files: 1 rewritten, 1 cannot be read\n")
    assert comp("migrate", "component.yaml").err.endswith("\n1 file: 1 cannot be read\n")
    assert (folder / "c.yaml").read_text() == NEW
