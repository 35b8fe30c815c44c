"""Baselines: what is known, what is stale, and files that are none."""

import json
from pathlib import Path

import pytest

from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.lint.baseline import Entry, Known, read_baseline, write_baseline

TAG = "the image has no digest"
NONE = "not a baseline of comp lint: "
A, B = Entry("a/component.yaml", "C060", TAG), Entry("b/component.yaml", "C060", TAG)


def finding(path: Path, rule: str = "C060", message: str = TAG, line: int = 1) -> Finding:
    return Finding(rule=rule, severity=Severity.WARNING, message=message, where=Location(path=path, line=line))


def known(folder: Path, entries: dict[Entry, int]) -> Known:
    return Known(folder, entries, lambda rule: rule != "C061")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "component.yaml").write_text("")
    return tmp_path


def test_a_file_and_back(tmp_path: Path) -> None:
    entries = {B: 1, A: 2, Entry("a/component.yaml", "C020", "'é' \\udcff"): 1}
    path = tmp_path / "known.json"
    write_baseline(path, entries)
    assert read_baseline(path) == entries
    first = path.read_bytes()
    write_baseline(path, dict(reversed(entries.items())))
    assert path.read_bytes() == first
    assert path.read_text() == (
        '{\n  "version": 1,\n  "findings": {\n    "a/component.yaml": {\n'
        '      "C020": {\n        "\'é\' \\\\udcff": 1\n      },\n'
        f'      "C060": {{\n        "{TAG}": 2\n      }}\n    }},\n'
        f'    "b/component.yaml": {{\n      "C060": {{\n        "{TAG}": 1\n      }}\n    }}\n  }}\n}}\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not a baseline of comp lint: Input data was truncated"),
        (b"[]", "not a baseline of comp lint: Expected `object`, got `array`"),
        (b"{}", "missing required field `version`"),
        (b'{"version": 2, "findings": {}}', "not a baseline of comp lint: Invalid enum value 2"),
        (b'{"version": 1, "findings": {"a": {"C060": {"m": 0}}}}', "Expected `int` >= 1"),
        (b'{"version": 1, "findings": {"a": {"C060": {"m": "1"}}}}', "Expected `int`, got `str`"),
        (b'{"version": 1, "findings": {}, "other": 1}', "unknown field `other`"),
        (b'{"version": 1, "findings": {"\xff": {}}}', NONE),
        (b'{"version": 1, "$schema": ' + b"[" * 100_000, NONE),
        (
            b'{"version": 1, "findings": {"a": {"C060": {"m": 9999999999999999999999}}}}',
            "not a baseline of comp lint: ",
        ),
    ],
)
def test_a_file_that_is_no_baseline(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(text)
    with pytest.raises(InputError, match=message) as caught:
        read_baseline(path)
    assert caught.value.where == Location(path=path)


def test_a_missing_file_and_one_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "known.json"
    with pytest.raises(InputError, match="the baseline is missing"):
        read_baseline(path)
    path.write_text('{"version": 1, "findings": {}}')
    assert read_baseline(path) == {}
    monkeypatch.setenv("COMP_LIMIT_BASELINE_SIZE", "20")
    with pytest.raises(InputError, match="the file exceeds the limit of 20 B"):
        read_baseline(path)


def test_more_findings_than_are_known_are_new(tree: Path) -> None:
    path = tree / "a" / "component.yaml"
    ledger = known(tree, {A: 1})
    first, second = finding(path, line=8), finding(path, line=9)
    other = finding(path, "C061")
    assert ledger.new([first, second, other], [path]) == [second, other]
    assert ledger.known == 1
    assert ledger.stale() == {}
    assert ledger.all() == {A: 2, Entry("a/component.yaml", "C061", TAG): 1}
    assert ledger.remaining() == {A: 1}


def test_paths_are_from_the_folder_of_the_baseline(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "a")
    assert known(tree, {A: 1}).new([finding(Path("component.yaml"))], []) == []
    (tree / "link").symlink_to("a")
    assert known(tree, {A: 1}).new([finding(tree / "link" / "component.yaml")], []) == []
    above = Entry("../a/component.yaml", "C060", TAG)
    assert known(tree / "b", {above: 1}).new([finding(Path("component.yaml"))], []) == []


def test_only_what_was_looked_for_is_stale(tree: Path) -> None:
    path = tree / "a" / "component.yaml"
    off, of_folder = Entry("a/component.yaml", "C061", TAG), Entry("a/component.yaml", "C099", "m")
    ledger = known(tree, {A: 3, B: 1, off: 1, of_folder: 1})
    ledger.new([finding(path)], [path])
    # B was not checked, C061 is off, and one contract alone has no findings about its folder.
    assert ledger.stale() == {A: 2}
    assert ledger.remaining()[A] == 1
    assert set(ledger.remaining()) == {A, B, off, of_folder}
    (tree / "b" / "component.yaml").unlink()
    assert set(ledger.stale()) == {A, B}
    assert B not in ledger.all()


def test_a_components_folder(tree: Path) -> None:
    stale, nested = Entry("a/src/x.py", "F010", "m"), Entry("a/examples/one/src/x.py", "F010", "m")
    for folder in ("a", "a/examples/one"):
        (tree / folder / "src").mkdir(parents=True)
        (tree / folder / "pyproject.toml").write_text("")
    ledger = known(tree, {stale: 1, nested: 1, B: 1})
    ledger.new([], [tree / "a" / "component.yaml"], tree / "a")
    assert ledger.stale() == {stale: 1}


def test_what_cannot_be_read_has_no_stale_entries(tree: Path) -> None:
    path = tree / "a" / "component.yaml"
    code = Entry("a/train.py", "F010", "m")
    ledger = known(tree, {A: 1, code: 1})
    unreadable = finding(path, "C001", "not valid YAML")
    assert ledger.new([unreadable], [path], tree / "a") == [unreadable]
    assert ledger.stale() == {}
    assert ledger.all() == {A: 1, code: 1, Entry("a/component.yaml", "C001", "not valid YAML"): 1}


def test_a_path_with_a_null_character_is_gone(tree: Path) -> None:
    odd = Entry("a\0b", "C060", TAG)
    assert known(tree, {odd: 1}).stale() == {odd: 1}


def test_the_schema_fits(tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    from toolkit.resources import resource

    schema = Draft202012Validator(json.loads(resource("schemas", "lint-baseline.schema.json").read_text()))
    write_baseline(tmp_path / "known.json", {A: 2, B: 1})
    schema.validate(json.loads((tmp_path / "known.json").read_text()))
    assert not schema.is_valid({"version": 2, "findings": {}})
    assert not schema.is_valid({"version": 1, "findings": {"a": {"C060": {"m": 0}}}})
