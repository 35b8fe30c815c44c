import os
from pathlib import Path

import pytest

import toolkit
from tests.loadable import publish_contract
from toolkit.errors import UsageError

ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull, "SOURCE_DATE_EPOCH": "0"}


def test_components_are_found_and_added(tmp_path: Path) -> None:
    publish_contract(tmp_path / "shared", "1.0.0")
    place = str(tmp_path / "shared")
    found = toolkit.search("train", produces=["Model"], registry=place, environ=ENVIRON)
    assert [(hit.entry.name, hit.entry.version) for hit in found.hits] == [("ml/train", "1.0.0")]
    assert toolkit.search("absent", registry=place, environ=ENVIRON).hits == ()
    (tmp_path / "project").mkdir()
    said: list[str] = []
    (added,) = toolkit.add(
        "ml/train@^1",
        registry=place,
        folder=tmp_path / "project",
        environ=ENVIRON,
        announce=lambda each: said.append(str(each.release)),
    )
    assert (added.changed, said) == (True, ["ml/train@1.0.0"])
    assert added.path.resolve() == tmp_path / "project" / "components" / "ml" / "train" / "component.yaml"
    with pytest.raises(UsageError, match="no component registry is named"):
        toolkit.search("train", folder=tmp_path, environ=ENVIRON)
