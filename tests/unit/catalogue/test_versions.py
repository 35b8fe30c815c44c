import json
from pathlib import Path

from tests.catalogues import TRAIN, publish
from toolkit.catalogue.versions import COMPARED, LISTED, History, Report, Text, history_of
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT
from toolkit.registry.semver import parse_version

NAME = Name("ml", "train-model")
MORE = TRAIN.replace("outputs:\n", "- {name: seed, type: Integer, default: '1'}\noutputs:\n", 1)
RENAMED = MORE.replace("name: data", "name: table").replace("inputPath: data", "inputPath: table")


def _registry(root: Path, contracts: dict[str, str]) -> Directory:
    registry = Directory.create(root)
    for version, contract in contracts.items():
        publish(registry, str(NAME), version, contract)
    return registry


def _history(registry: Directory, marks: Marks | None = None) -> History:
    """Return the history as the page of the newest version asks for it."""
    release = registry.release(NAME, registry.versions(NAME)[-1])
    return history_of(registry, release, marks or Marks(), Text.of(release, registry.content(release, CONTRACT)))


def test_each_version_says_what_changed_since_the_one_before(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN, "1.0.1": TRAIN, "1.1.0": MORE, "2.0.0": RENAMED})
    rows = _history(registry).rows
    assert [row.version for row in rows] == ["2.0.0", "1.1.0", "1.0.1", "1.0.0"]
    assert [row.report.label if row.report else "" for row in rows] == ["breaks callers", "adds", "another image", ""]
    assert [row.first for row in rows] == [False, False, False, True]
    assert rows[0].report is not None
    assert any("data" in message for _, message in rows[0].report.breaking)


def test_any_two_versions_are_compared(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN, "1.1.0": MORE, "2.0.0": RENAMED, "3.0.0": TRAIN})
    found = json.loads(_history(registry).comparisons or "")
    assert found["versions"] == ["3.0.0", "2.0.0", "1.1.0", "1.0.0"]
    assert [len(row) for row in found["pairs"]] == [3, 2, 1, 0]
    # The first and the last are equal: a change was taken back.
    report = found["reports"][found["pairs"][0][2]]
    assert (report["label"], report["note"]) == ("another image", "Only the image differs.")
    broken = found["reports"][found["pairs"][1][1]]
    assert (broken["bump"], bool(broken["breaking"])) == ("major", True)


def test_a_single_version_is_compared_with_nothing(tmp_path: Path) -> None:
    history = _history(_registry(tmp_path, {"1.0.0": TRAIN}))
    assert history.comparisons is None
    assert history.rows[0].report is None


def test_a_contract_that_cannot_be_read_is_not_compared(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN})
    publish(registry, str(NAME), "1.1.0", MORE)
    history = _history(_Broken(registry))  # type: ignore[arg-type] # all that it asks for
    assert history.rows[0].report == Report(
        bump="none", label="not compared", note="One of the contracts cannot be read."
    )


class _Broken:
    """A registry whose newest contract cannot be read."""

    def __init__(self, registry: Directory) -> None:
        self.versions, self.release, self._registry = registry.versions, registry.release, registry

    def content(self, release: object, path: str) -> bytes:
        del path
        return b"{" if str(release).endswith("1.1.0") else TRAIN.encode()


def test_many_versions_are_listed_and_the_oldest_are_numbers_alone(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {f"1.{number}.0": (TRAIN, MORE)[number % 2] for number in range(LISTED + 3)})
    history = _history(registry)
    assert len(history.rows) == LISTED
    assert history.older == ("1.2.0", "1.1.0", "1.0.0")
    # Each that is listed says what changed in it; only the newest are compared each with each.
    assert {row.report.label for row in history.rows if row.report} == {"adds", "breaks callers"}
    assert None not in [row.report for row in history.rows]
    assert len(json.loads(history.comparisons or "")["versions"]) == COMPARED


def test_a_yank_is_told_with_its_reason(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN})
    yank = Yank(reason="lost a library", at="2026-02-01T00:00:00Z")
    marks = Marks().with_yank(parse_version("1.0.0"), yank)
    assert _history(registry, marks).rows[0].yank == yank


def test_a_long_report_is_cut_in_the_table() -> None:
    items = tuple(("B101", str(number)) for number in range(9))
    short = Report(bump="major", label="breaks callers", breaking=items, others=items, left=2).shortened
    assert (len(short.breaking), len(short.others), short.left) == (6, 0, 14)
