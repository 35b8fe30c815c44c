import json
from pathlib import Path

from tests.catalogues import TRAIN, publish
from toolkit.catalogue.versions import COMPARED, LISTED, Report, history_of
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

NAME = Name("ml", "train-model")
MORE = TRAIN.replace("outputs:\n", "- {name: seed, type: Integer, default: '1'}\noutputs:\n", 1)
RENAMED = MORE.replace("name: data", "name: table").replace("inputPath: data", "inputPath: table")


def _registry(root: Path, contracts: dict[str, str]) -> Directory:
    registry = Directory.create(root)
    for version, contract in contracts.items():
        publish(registry, str(NAME), version, contract)
    return registry


def test_each_version_says_what_changed_since_the_one_before(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN, "1.0.1": TRAIN, "1.1.0": MORE, "2.0.0": RENAMED})
    rows = history_of(registry, NAME, Marks()).rows
    assert [row.version for row in rows] == ["2.0.0", "1.1.0", "1.0.1", "1.0.0"]
    assert [row.report.label if row.report else "" for row in rows] == ["breaks callers", "adds", "another image", ""]
    assert [row.first for row in rows] == [False, False, False, True]
    assert rows[0].report is not None
    assert any("data" in message for _, message in rows[0].report.breaking)


def test_any_two_versions_are_compared(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN, "1.1.0": MORE, "2.0.0": RENAMED, "3.0.0": TRAIN})
    found = json.loads(history_of(registry, NAME, Marks()).comparisons or "")
    assert found["versions"] == ["3.0.0", "2.0.0", "1.1.0", "1.0.0"]
    assert [len(row) for row in found["pairs"]] == [3, 2, 1, 0]
    # The first and the last are equal: a change was taken back.
    report = found["reports"][found["pairs"][0][2]]
    assert (report["label"], report["note"]) == ("another image", "Only the image differs.")
    broken = found["reports"][found["pairs"][1][1]]
    assert (broken["bump"], bool(broken["breaking"])) == ("major", True)


def test_a_single_version_is_compared_with_nothing(tmp_path: Path) -> None:
    history = history_of(_registry(tmp_path, {"1.0.0": TRAIN}), NAME, Marks())
    assert history.comparisons is None
    assert history.rows[0].report is None


def test_a_contract_that_cannot_be_read_is_not_compared(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN})
    publish(registry, str(NAME), "1.1.0", MORE)
    history = history_of(_Broken(registry), NAME, Marks())  # type: ignore[arg-type] # all that it asks for
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


def test_old_versions_are_numbers_alone(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {f"1.{number}.0": TRAIN for number in range(LISTED + 3)})
    history = history_of(registry, NAME, Marks())
    assert len(history.rows) == LISTED
    assert history.older == ("1.2.0", "1.1.0", "1.0.0")
    assert [row.report is not None for row in history.rows[:COMPARED]] == [True] * (COMPARED - 1) + [False]


def test_a_yank_is_told_with_its_reason(tmp_path: Path) -> None:
    registry = _registry(tmp_path, {"1.0.0": TRAIN})
    yank = Yank(reason="lost a library", at="2026-02-01T00:00:00Z")
    marks = Marks().with_yank(parse_version("1.0.0"), yank)
    assert history_of(registry, NAME, marks).rows[0].yank == yank


def test_a_long_report_is_cut_in_the_table() -> None:
    items = tuple(("B101", str(number)) for number in range(9))
    short = Report(bump="major", label="breaks callers", breaking=items, others=items, left=2).shortened
    assert (len(short.breaking), len(short.others), short.left) == (6, 0, 14)
