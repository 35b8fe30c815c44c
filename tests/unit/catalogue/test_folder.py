from pathlib import Path

import pytest

from toolkit.catalogue.folder import TABLE, site_folder
from toolkit.errors import InputError, OutsideError


def build(root: Path, units: dict[str, tuple[str, dict[str, bytes]]]) -> tuple[int, int]:
    """Make a folder of units, and return how many were written and removed."""
    with site_folder(root) as folder:
        for name, (key, files) in units.items():
            if not folder.keep(name, key):
                folder.write(name, key, files)
        return folder.written, len(folder.finish())


def test_a_unit_is_written_again_only_if_its_key_changed(tmp_path: Path) -> None:
    root = tmp_path / "site"
    assert build(root, {"a": ("1", {"c/a.html": b"A"}), "b": ("1", {"c/b.html": b"B"})}) == (2, 0)
    before = (root / "c" / "a.html").stat().st_mtime_ns
    assert build(root, {"a": ("1", {"c/a.html": b"A"}), "b": ("2", {"c/b.html": b"B2"})}) == (1, 0)
    assert (root / "c" / "a.html").stat().st_mtime_ns == before
    assert (root / "c" / "b.html").read_bytes() == b"B2"


def test_a_unit_that_lost_a_file_is_written_again(tmp_path: Path) -> None:
    build(tmp_path, {"a": ("1", {"c/a.html": b"A"})})
    (tmp_path / "c" / "a.html").unlink()
    assert build(tmp_path, {"a": ("1", {"c/a.html": b"A"})}) == (1, 0)


def test_files_of_units_that_are_gone_are_removed_with_their_folders(tmp_path: Path) -> None:
    build(tmp_path, {"a": ("1", {"c/x/a.html": b"A"}), "b": ("1", {"b.html": b"B"})})
    assert build(tmp_path, {"b": ("1", {"b.html": b"B"})}) == (0, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE, "b.html"]


def test_files_of_others_stay(tmp_path: Path) -> None:
    build(tmp_path, {"a": ("1", {"c/a.html": b"A"})})
    (tmp_path / "CNAME").write_text("example.com")
    (tmp_path / "c" / "notes.txt").write_text("mine")
    assert build(tmp_path, {}) == (0, 1)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        TABLE,
        "CNAME",
        "c",
        "c/notes.txt",
    ]


def test_a_folder_of_others_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"has files that are not a catalogue's, such as thesis\.txt"):
        build(tmp_path, {"a": ("1", {"a.html": b"A"})})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_of_others_in_the_way_is_never_replaced(tmp_path: Path) -> None:
    build(tmp_path, {"a": ("1", {"a.html": b"A"})})
    (tmp_path / "b.html").write_text("mine")
    with pytest.raises(InputError, match=r"b\.html is in the way"):
        build(tmp_path, {"a": ("1", {"a.html": b"A"}), "b": ("1", {"b.html": b"B"})})
    assert (tmp_path / "b.html").read_text() == "mine"


def test_a_killed_build_leaves_files_that_the_next_one_knows(tmp_path: Path) -> None:
    build(tmp_path, {"a": ("1", {"a.html": b"A"})})
    with site_folder(tmp_path) as folder:
        folder.write("b", "1", {"b.html": b"B"})
        # No finish: the table does not have it.
    assert build(tmp_path, {"a": ("1", {"a.html": b"A"}), "b": ("1", {"b.html": b"B"})}) == (1, 0)
    # And one that the next build does not want is removed.
    with site_folder(tmp_path) as folder:
        folder.write("c", "1", {"c.html": b"C"})
    build(tmp_path, {"a": ("1", {"a.html": b"A"}), "b": ("1", {"b.html": b"B"})})
    assert not (tmp_path / "c.html").exists()


def test_the_first_build_may_be_killed_too(tmp_path: Path) -> None:
    with site_folder(tmp_path) as folder:
        folder.write("a", "1", {"a.html": b"A"})
    assert build(tmp_path, {"a": ("1", {"a.html": b"A"})}) == (1, 0)


def test_a_link_in_the_folder_leads_nowhere_else(tmp_path: Path) -> None:
    root, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    build(root, {"a": ("1", {"a.html": b"A"})})
    (root / "c").symlink_to(outside)
    with pytest.raises(InputError, match="outside of"):
        build(root, {"b": ("1", {"c/b.html": b"B"})})
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "a/./b", "a/../../x"])
def test_a_table_that_names_files_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    build(tmp_path, {"a": ("1", {"a.html": b"A"})})
    table = (tmp_path / TABLE).read_text()
    (tmp_path / TABLE).write_text(table.replace("a.html", path))
    with pytest.raises(OutsideError, match="is damaged: it names"):
        build(tmp_path, {})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "units": {"a": 1}}', "[" * 100_000])
def test_a_damaged_table_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / TABLE).write_text(text)
    with pytest.raises(OutsideError, match="is damaged"):
        build(tmp_path, {})


def test_a_table_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_text('{"format": 2, "units": {}}')
    with pytest.raises(InputError, match="its format is 2, expected 1"):
        build(tmp_path, {})


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    with pytest.raises(InputError, match="is not a folder"):
        build(tmp_path / "site", {})


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutsideError, match="cannot write the catalogue in"):
        build(tmp_path / "file" / "site", {})


def test_what_a_unit_had_can_be_read_by_the_next_build(tmp_path: Path) -> None:
    build(tmp_path, {"images": ("1", {"data/images.json": b"{}"})})
    with site_folder(tmp_path) as folder:
        assert folder.read("images", "data/images.json") == b"{}"
        assert folder.read("images", "other") is None
        assert folder.read("none", "data/images.json") is None
        assert folder.keep_former("images")
        assert not folder.keep_former("none")
        folder.finish()
    assert (tmp_path / "data" / "images.json").exists()
