"""Templates: where they come from, what they ask for, and how a record names them."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.scaffold.template import Template, as_recorded, from_record, opened, rendered, shipped

QUESTIONS = '{"name": "x", "folder": "{{cookiecutter.name}}_dir", "kind": ["a", "b"]}'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    inner = folder / "{{cookiecutter.folder}}"
    inner.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(QUESTIONS)
    (inner / "README.md").write_text("# {{cookiecutter.name}} {{cookiecutter.kind}}\n")
    return folder


def test_built_in_templates() -> None:
    assert set(shipped()) == {
        *("container", "dockerfile", "function", "node", "notebook", "program", "r", "shell", "training")
    }
    with opened("function") as template:
        assert (template.name, template.hooks) == ("function", ())


def test_answers_are_names_given_ones_and_defaults(own: Path) -> None:
    with opened(str(own)) as template:
        assert template.answers("step", "step_folder", {}) == {"name": "step", "folder": "step_folder", "kind": "a"}
        assert template.answers("step", "d", {"kind": "b", "folder": "e"})["folder"] == "e"
        with pytest.raises(InputError, match="does not ask for 'colour'"):
            template.answers("step", "d", {"colour": "red"})
        with pytest.raises(InputError, match="kind is 'c'"):
            template.answers("step", "d", {"kind": "c"})
        assert template.answers_again({"name": "n", "gone": 1}, consent=False)["folder"] == "n_dir"


def test_a_template_is_rendered(own: Path, tmp_path: Path) -> None:
    with opened(str(own)) as template:
        made = rendered(template, template.answers("step", "made", {}), tmp_path / "into", hooks=False)
    assert made == (tmp_path / "into" / "made").resolve()
    assert (made / "README.md").read_text() == "# step a\n"


def test_a_template_in_a_zip_file(own: Path, tmp_path: Path) -> None:
    archive = tmp_path / "own.zip"
    with ZipFile(archive, "w") as written:
        for path in own.rglob("*"):
            written.write(path, Path("repository-main") / path.relative_to(own))
    with opened(str(archive)) as template:
        fetched = template.folder
        assert template.questions["name"] == "x"
    assert not fetched.exists()


@pytest.mark.parametrize("member", ["/etc/passwd", "../outside"])
def test_an_archive_that_writes_outside(tmp_path: Path, member: str) -> None:
    with ZipFile(tmp_path / "own.zip", "w") as written:
        written.writestr(member, "")
    with pytest.raises(InputError, match="writes outside of its folder"), opened(str(tmp_path / "own.zip")):
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "the template 'absent' is missing"),
        ("absent.zip", "the template 'absent.zip' is missing"),
        ("git+--upload-pack=x", "is not an address of a repository"),
    ],
)
def test_a_template_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message), opened(name):
        pass


def test_a_repository_that_cannot_be_cloned(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot fetch the template"), opened(f"git+file://{tmp_path}/absent"):
        pass


def test_a_template_without_a_folder_of_files(tmp_path: Path) -> None:
    template = Template(folder=tmp_path, name="empty", questions={})
    with pytest.raises(InputError, match="it has no folder such as"):
        rendered(template, {}, tmp_path / "into", hooks=False)


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("function", "function"),
        ("git+https://user:secret-word@host.example/t@v1", "git+https://host.example/t@v1"),
        ("/a/template", "../template"),
        ("/a/t.zip::inner", "../t.zip::inner"),
    ],
)
def test_the_name_in_a_record(name: str, recorded: str) -> None:
    folder = Path("/a/step")
    assert as_recorded(name, folder) == recorded
    assert from_record(recorded, folder) == (name if recorded.startswith("..") else recorded)
