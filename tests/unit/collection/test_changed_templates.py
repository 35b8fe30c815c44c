"""Templates that lie in the repository of the components made from them."""

from tests.changed_components import after
from tests.repositories import Repo


def test_a_template_in_the_repository(repo: Repo) -> None:
    record = '{"version": 1, "template": "../../templates/own", "answers": {}, "files": {}}'
    repo.commit(
        {
            "steps/a/.comp/scaffold.json": record,
            "steps/b/.comp/scaffold.json": record.replace("own", "other"),
            "templates/own/cookiecutter.json": "{}",
            "templates/own/{{cookiecutter.folder}}/x.py": "",
            "templates/other/cookiecutter.json": "{}",
        }
    )
    assert after(repo, {"templates/own/{{cookiecutter.folder}}/x.py": "x"}) == {"steps/a": ["template"]}
    repo.write({"steps/a/.comp/scaffold.json": "damaged"})
    repo.commit()
    assert after(repo, {"templates/own/cookiecutter.json": '{"x": 1}'}) == {}


def test_a_template_in_an_archive_at_the_top_or_elsewhere(repo: Repo) -> None:
    record = '{{"version": 1, "template": "{}", "answers": {{}}, "files": {{}}}}'
    repo.commit(
        {
            "steps/a/.comp/scaffold.json": record.format("../../own.zip::inside"),
            "steps/b/.comp/scaffold.json": record.format("https://example.com/own.zip"),
            "own.zip": b"1",
        }
    )
    assert after(repo, {"own.zip": b"2"}) == {"steps/a": ["template"]}
    # The whole repository may be a template.
    repo.commit({"cookiecutter.json": "{}", "steps/b/.comp/scaffold.json": record.format("../..")})
    assert after(repo, {"hooks/x.py": ""}) == {"steps/b": ["template"]}


def test_a_folder_that_stopped_being_a_template_made_none(repo: Repo) -> None:
    record = '{"version": 1, "template": "../../own", "answers": {}, "files": {}}'
    repo.commit({"steps/a/.comp/scaffold.json": record, "own/cookiecutter.json": "{}", "own/x": ""})
    assert after(repo, {"own/x": "x", "own/cookiecutter.json": None}) == {}
