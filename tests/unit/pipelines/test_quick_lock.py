"""The answer without another process: the same that comp gives, or none."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loadable import IMAGE, contract, publish_contract
from toolkit.pipelines.locked_load import LoadRequest, load_release
from toolkit.pipelines.quick_lock import quick_answer
from toolkit.registry.consuming.adding import add

ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull, "COMP_LOCKED": "1"}


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lock ml/train 1.0.0, as `~1.0` asked for."""
    folder = tmp_path_factory.mktemp("quick")
    publish_contract(folder / "shared", "1.0.0")
    add(["ml/train@~1.0"], folder=folder, environ=ENVIRON, registry=str(folder / "shared"))
    return folder / "components.lock"


def test_what_is_plain_is_answered(lock: Path) -> None:
    digest = json.loads(lock.read_text())["components"]["ml/train"]["digest"]
    for selector in ("", "@1.0.0", "@~1.0", f"@{digest}", f"@1.0.0#{digest}", "@*"):
        answer = quick_answer(lock, f"ml/train{selector}")
        assert answer, selector
        assert (answer["version"], answer["digest"], answer["text"]) == ("1.0.0", digest, contract("1.0.0").decode())
        assert answer["copy"] == str(lock.parent / "components" / "ml" / "train" / "component.yaml")


@pytest.mark.parametrize(
    "request_", ["train", "ml/train@^1", "ml/train@2.0.0", "ml/absent", "shared:ml/train", "", "@"]
)
def test_what_takes_thought_is_not(lock: Path, request_: str) -> None:
    assert quick_answer(lock, request_) is None


@given(
    name=st.sampled_from(["train", "ml/train", "nlp/train", "x:ml/train"]),
    selector=st.sampled_from(["", "@", "@*", "@^1", "@~1.0", "@1.0.0", "@1", "@2.0.0", "@x", "@1.0.0#x", "@sha256:1"]),
)
def test_an_answer_is_that_of_comp(lock: Path, name: str, selector: str) -> None:
    answer = quick_answer(lock, name + selector)
    if answer is None:
        return
    load = load_release(LoadRequest(request=name + selector, folders=(lock.parent,)), ENVIRON)
    assert (answer["text"], answer["name"]) == (load.text, str(load.entry.name))
    assert (answer["version"], answer["digest"]) == (str(load.entry.version), str(load.entry.digest))
    assert (answer["copy"], answer["image"]) == (str(load.copy), load.image)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2, "components": {}}', '{"version": 1, "components": {"ml/train": 3}}', "[" * 99999],
)
def test_a_lock_of_another_form_is_left_to_comp(tmp_path: Path, text: str) -> None:
    (tmp_path / "components.lock").write_text(text)
    assert quick_answer(tmp_path / "components.lock", "ml/train") is None


@pytest.mark.parametrize("change", ["edited", "missing", "folder", "mirrored", "absent"])
def test_a_copy_that_is_not_the_release_is_left_to_comp(tmp_path: Path, lock: Path, change: str) -> None:
    document = json.loads(lock.read_text())
    copy = tmp_path / document["components"]["ml/train"]["path"]
    copy.parent.mkdir(parents=True)
    if change != "missing":
        copy.write_bytes(contract("other" if change == "edited" else "1.0.0"))
    if change == "folder":
        copy.unlink()
        copy.mkdir()
    if change == "mirrored":
        document["images"] = {IMAGE: "b"}
    if change == "absent":
        del document["components"]["ml/train"]["path"]
    (tmp_path / "components.lock").write_text(json.dumps(document))
    assert quick_answer(tmp_path / "components.lock", "ml/train@1.0.0") is None
