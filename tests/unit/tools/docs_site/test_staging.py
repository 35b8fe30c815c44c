"""The sources of a site: docs/ and the files that it links to."""

from pathlib import Path, PurePosixPath

from tools.docs_site.staging import ALWAYS, place, stage


def _repository(folder: Path) -> Path:
    files = {
        **dict.fromkeys(ALWAYS, "# A page\n"),
        "docs/index.md": "[code](../samples/a.py) [all](../samples) [other](how/b.md#x) [log](../CHANGELOG.md#y)\n",
        "docs/how/b.md": "```text\n[not](../../samples/a.py)\n```\n[up](../index.md) [gone](../../gone.md)\n",
        "samples/a.py": "print()\n",
        "samples/b.bin": "",
        "SECURITY.md": "[start](docs/index.md)\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_links_out_of_docs_lead_to_pages_of_the_site(tmp_path: Path) -> None:
    source = tmp_path / "source"
    stage(_repository(tmp_path / "repository"), source)
    assert (source / "index.md").read_text() == (
        "[code](repository/samples/a.py.md) [all](repository/samples/index.md) [other](how/b.md#x) "
        "[log](repository/CHANGELOG.md#y)\n"
    )
    assert (source / "repository" / "samples" / "a.py.md").read_text() == "# samples/a.py\n\n```python\nprint()\n```\n"
    assert (source / "repository" / "samples" / "index.md").read_text() == "# samples/\n\n- [a.py](a.py.md)\n"
    assert (source / "repository" / "SECURITY.md").read_text() == "[start](../index.md)\n"


def test_code_and_broken_links_stay_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "source"
    stage(_repository(tmp_path / "repository"), source)
    text = (source / "how" / "b.md").read_text()
    assert text == "```text\n[not](../../samples/a.py)\n```\n[up](../index.md) [gone](../../gone.md)\n"


def test_a_file_has_one_place(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    assert place(root, PurePosixPath("docs/how/b.md")) == PurePosixPath("how/b.md")
    assert place(root, PurePosixPath("CHANGELOG.md")) == PurePosixPath("repository/CHANGELOG.md")
