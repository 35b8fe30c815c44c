"""Many contracts: what one says about a type counts for all; files are written with care."""

from pathlib import Path

import pytest

from tests.migrations import contract
from toolkit.errors import InputError
from toolkit.migration.together import migrate_together, write

TAKER = contract("[{name: x, type: URI}]", "[{inputValue: x}]")
MAKER = contract("[]", "[{outputPath: y}]", outputs="[{name: y, type: URI}]")


def _written(folder: Path, **texts: str) -> list[Path]:
    """Write contracts, and return their paths."""
    paths = [folder / f"{name}.yaml" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def test_types_change_in_all_of_them(tmp_path: Path) -> None:
    paths = _written(tmp_path, maker=MAKER, taker=TAKER)
    assert [outcome.is_changed for outcome in migrate_together(paths, {})] == [True, True]
    assert [outcome.is_changed for outcome in migrate_together(paths[:1], {})] == [False]


def test_one_that_cannot_be_read_keeps_no_other_from_it(tmp_path: Path) -> None:
    paths = _written(tmp_path, broken="a: [", taker=TAKER)
    broken, taken = migrate_together(paths, {})
    assert [finding.rule for finding in broken.findings] == ["C001"]
    assert (broken.migrated, broken.is_changed, broken.is_done) == (None, False, False)
    assert (taken.is_changed, taken.is_done) == (True, True)


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    [path] = _written(tmp_path, taker=TAKER)
    path.chmod(0o666)
    [outcome] = migrate_together([path], {})
    write(outcome)
    assert "type: String" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o666
    assert [each.name for each in tmp_path.iterdir()] == ["taker.yaml"]


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    [path] = _written(tmp_path, maker=MAKER)
    [outcome] = migrate_together([path], {})
    path.unlink()
    write(outcome)
    assert not path.exists()


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    [path] = _written(tmp_path, taker=TAKER)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    [outcome] = migrate_together([link], {})
    with pytest.raises(InputError, match="is a link, and stays as it is"):
        write(outcome)
    assert path.read_text() == TAKER


def test_a_file_that_changed_meanwhile_stays(tmp_path: Path) -> None:
    [path] = _written(tmp_path, taker=TAKER)
    [outcome] = migrate_together([path], {})
    path.write_text(MAKER)
    with pytest.raises(InputError, match="has changed since it was read"):
        write(outcome)
    assert path.read_text() == MAKER
