"""Contracts of others in a folder."""

from pathlib import Path

from tests.contracts import contract
from tests.repositories import ENVIRON
from toolkit.collection.found_contracts import contracts_in_folder, folder_of


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_contracts_and_the_files_beside_them(tmp_path: Path) -> None:
    write(tmp_path, a__component_yaml=contract(), a__README_md="# A\n", b__sql_yaml=contract(), b__values_yaml="x: 1\n")
    write(tmp_path, LICENSE="free", README_md="# All\n", top_yaml=contract(), c__component_yaml="not: [a contract")
    found = contracts_in_folder(tmp_path, ENVIRON)
    assert {path: versions[0].files for path, versions in found.contracts.items()} == {
        "a/component.yaml": {"LICENSE": b"free", "README.md": b"# A\n"},
        "b/sql.yaml": {"LICENSE": b"free"},
        "c/component.yaml": {"LICENSE": b"free"},
        "top.yaml": {},
    }
    assert found.contracts["b/sql.yaml"][0].data == contract().encode()
    assert found.source is None


def test_a_file_that_cannot_be_published_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    write(folder, a__component_yaml=contract())
    (tmp_path / "secret").write_text("x")
    (folder / "a" / "README.md").symlink_to(tmp_path / "secret")
    assert contracts_in_folder(folder, ENVIRON).contracts["a/component.yaml"][0].files == {}


def test_a_contract_behind_a_link_that_leads_out_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    write(tmp_path, mine_yaml=contract())
    write(folder, a__component_yaml=contract())
    (folder / "b.yaml").symlink_to(tmp_path / "mine.yaml")
    (folder / "c.yaml").symlink_to("a/component.yaml")
    assert [*contracts_in_folder(folder, ENVIRON).contracts] == ["a/component.yaml", "c.yaml"]


def test_a_large_file_keeps_no_contract_from_being_found(tmp_path: Path) -> None:
    write(tmp_path, a__component_yaml=contract())
    with (tmp_path / "data.yaml").open("wb") as stream:
        stream.truncate(4_000_001)
    assert [*contracts_in_folder(tmp_path, ENVIRON).contracts] == ["a/component.yaml"]


def test_folders_of_paths() -> None:
    assert [*map(folder_of, ("a/b/c.yaml", "c.yaml"))] == ["a/b", ""]
