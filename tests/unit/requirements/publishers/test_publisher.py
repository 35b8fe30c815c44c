import pytest

from toolkit.errors import InputError
from toolkit.requirements.publishers.publisher import Publisher, read_publisher


@pytest.mark.parametrize(
    ("data", "owner", "shown"),
    [
        (
            {"kind": "GitHub", "repository": "Good/Alpha", "workflow": "release.yml", "environment": "pypi"},
            ("GitHub", "good/alpha"),
            "GitHub Good/Alpha (release.yml, environment pypi)",
        ),
        (
            {"kind": "GitLab", "repository": "group/sub/alpha", "workflow_filepath": ".gitlab-ci.yml"},
            ("GitLab", "group/sub/alpha"),
            "GitLab group/sub/alpha (.gitlab-ci.yml)",
        ),
        ({"kind": "Google", "email": "a@b.example"}, ("Google", "a@b.example"), "Google a@b.example"),
        (
            {"kind": "CircleCI", "project_id": "1", "pipeline_definition_id": "2", "vcs_ref": "refs/tags/v1"},
            ("CircleCI", "1"),
            "CircleCI 1 (pipeline_definition_id 2, vcs_ref refs/tags/v1)",
        ),
        ({"kind": "New one", "a": "1", "b": "2"}, ("New one", "a=1", "b=2"), "New one (a 1, b 2)"),
        ({"kind": "GitHub", "workflow": "w.yml"}, ("GitHub", "workflow=w.yml"), "GitHub (w.yml)"),
    ],
)
def test_each_kind_has_an_owner_and_a_name(data: dict[str, object], owner: tuple[str, ...], shown: str) -> None:
    publisher = read_publisher(data)
    assert (publisher.owner, publisher.shown, publisher.to_dict()) == (owner, shown, data)


def test_what_says_nothing_is_left_out() -> None:
    data = {
        "kind": "GitHub",
        "repository": "a/b",
        "workflow": "w.yml",
        "environment": None,
        "claims": {"x": 1},
        "e": "",
    }
    expected = Publisher(kind="GitHub", claims=(("repository", "a/b"), ("workflow", "w.yml")), verified=True)
    assert read_publisher(data, verified=True) == expected


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": 1, "repository": "a/b"},
        {"kind": "Git\nHub", "repository": "a/b"},
        {"kind": "GitHub"},
        {"kind": "GitHub", "repository": "a/b\nalpha==1"},
        {"kind": "GitHub", "repository": "a/b\x1b[31m"},
        {"kind": "GitHub", "repository": "a" * 301},
        {"kind": "GitHub", "a key": "x"},
        {"kind": "GitHub", **{f"key{number}": "x" for number in range(17)}},
    ],
)
def test_what_cannot_be_a_publisher_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read_publisher(data)
