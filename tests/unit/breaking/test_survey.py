from pathlib import Path

from tests.versions_of_contracts import contract
from toolkit.breaking.change import Category
from toolkit.breaking.earlier import open_earlier
from toolkit.breaking.survey import as_data, survey


def test_a_collection(tmp_path: Path) -> None:
    old = {"same": contract(), "changed": contract("{name: a}"), "unread": "name: [", "gone": contract(name="Gone")}
    new = {"same": contract(), "changed": contract(), "unread": contract(), "added": contract(), "broken": "name: ["}
    for side, texts in {"old": old, "new": new}.items():
        for name, text in texts.items():
            (tmp_path / side / name).mkdir(parents=True)
            (tmp_path / side / name / "component.yaml").write_text(text)
    earlier, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=tmp_path / "new", registry=None)
    contracts = sorted((tmp_path / "new").rglob("component.yaml"))
    found = survey(contracts, earlier, category=Category.PIPELINE, folders=[tmp_path / "new"])
    assert [each.name for each in found.comparisons] == ["Train"]
    assert found.unchanged == 1
    assert [path.parent.name for path in found.added] == ["added"]
    assert [path.parent.name for path, _ in found.unreadable] == ["unread"]
    assert [finding.rule for finding in found.findings] == ["C001", "B305"]
    assert found.is_breaking
    data = as_data(found)
    (component,) = data["components"]
    assert (component["required_bump"], component["declared_bump"]) == ("major", None)
    assert component["changes"][0]["breaks_compiling_in"] == ["1.8", "2"]
    assert [finding["rule"] for finding in data["findings"]] == ["C001", "B305"]


def test_one_of_two_components_of_one_name_is_gone(tmp_path: Path) -> None:
    for name, text in {"old/a": contract(), "old/b": contract(), "new/a": contract("{name: x}")}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "component.yaml").write_text(text)
    earlier, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=tmp_path / "new", registry=None)
    found = survey([tmp_path / "new/a/component.yaml"], earlier, category=Category.PIPELINE, folders=[tmp_path / "new"])
    assert [finding.where.path for finding in found.findings] == [tmp_path / "new/b/component.yaml"]
