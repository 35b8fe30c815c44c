"""The components of a compiled pipeline, with the contracts that they came from."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.pipelines import Json, dag, executed, pipeline, ports, task
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.pipelines.kfp_process import Answer, Loaded
from toolkit.pipelines.used import declared_executors, used_components

CONTAINER: Json = {"image": "host/one:1", "command": ["one"]}
CONTRACT = """name: One
metadata:
  annotations:
    version: 1.2.0
implementation:
  container:
    image: host/one:1
    command: [one]
"""


def document(*, env: bool = False) -> Json:
    """Return a pipeline of two steps that run one container, and one of the pipeline's own code."""
    container = {**CONTAINER, "env": [{"name": "A", "value": "b"}]} if env else CONTAINER
    parts = {name: executed(name, ports(x="int?")) for name in ("one", "one-2", "own")}
    executors = {"one": {"container": container}, "one-2": {"container": CONTAINER}}
    return pipeline(dag({name: task(name) for name in parts}), parts, executors)


def answer(*loaded: Loaded) -> Answer:
    return Answer(function="p", functions=("p",), ir="", manifest=None, line=None, defaults={}, loaded=loaded)


def loaded(source: str | None, text: str = CONTRACT, containers: Sequence[Json] = (CONTAINER,)) -> Loaded:
    return Loaded(source=source, text=text, containers=tuple(containers))


def test_a_component_is_listed_once_with_its_contract(tmp_path: Path) -> None:
    contract = tmp_path / "parts" / "one.yaml"
    contract.parent.mkdir()
    contract.write_text(CONTRACT)
    # The pipeline may set variables of a step.
    one, own = used_components(tmp_path / "p.py", document(env=True), answer(loaded(str(contract))))
    assert one.contract == contract
    entry = one.locked({"host/one:1": "host/one@sha256:1"})
    assert (entry.name, entry.source, entry.version, entry.release) == ("one", "parts/one.yaml", "1.2.0", None)
    assert (entry.image, entry.digest) == ("host/one@sha256:1", str(Digest.of(CONTRACT.encode())))
    assert (own.contract, own.entry.source, own.entry.image) == (None, "p.py", "image:1")


def test_a_contract_of_an_address_or_text_has_no_file(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    address, _ = used_components(path, document(), answer(loaded("https://ada:secret@host/one.yaml")))
    assert address.contract is None
    assert address.entry.source.endswith("host/one.yaml")
    assert "secret" not in address.entry.source
    text, _ = used_components(path, document(), answer(loaded(None, "not: a contract")))
    assert (text.entry.source, text.entry.version) == ("p.py", None)


def test_own_code_is_known_by_interface_and_container(tmp_path: Path) -> None:
    before = used_components(tmp_path / "p.py", document(), answer())
    assert [one.entry.name for one in before] == ["one", "own"]
    changed = document()
    changed["deploymentSpec"]["executors"]["exec-own"]["container"]["args"] = ["x"]
    after = used_components(tmp_path / "p.py", changed, answer())
    assert after[0] == before[0]
    assert after[1].entry.digest != before[1].entry.digest


@pytest.mark.parametrize("place", ["component.yaml", "components/one.yaml"])
def test_a_component_of_a_folder_needs_a_pushed_image(tmp_path: Path, place: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.comp]\nbase = 'x'\n")
    contract = tmp_path / place
    contract.parent.mkdir(exist_ok=True)
    contract.write_text(CONTRACT)
    one, own = used_components(tmp_path / "p.py", document(), answer(loaded(str(contract))))
    own.check_image()
    with pytest.raises(InputError, match="one has no pushed image") as caught:
        one.check_image()
    assert "comp build --push" in (caught.value.hint or "")
    (tmp_path / "pyproject.toml").write_text("[tool.comp.defaults]\n")
    one.check_image()


def test_a_copy_of_a_release_is_not_edited(tmp_path: Path) -> None:
    contract = tmp_path / "one.yaml"
    contract.write_text(CONTRACT)
    lock = tmp_path / "components.lock"
    entry = '{"version": 1, "components": {"one": {"path": "one.yaml", "version": "1.2.0", "digest": "%s"}}}'
    lock.write_text(entry % Digest.of(CONTRACT.encode()))
    one, _ = used_components(tmp_path / "p.py", document(), answer(loaded(str(contract))))
    assert (one.entry.version, one.entry.release) == ("1.2.0", "one@1.2.0")
    edited = loaded(str(contract), CONTRACT + "# edited\n")
    with pytest.raises(InputError, match=r"this copy of one 1\.2\.0 was edited"):
        used_components(tmp_path / "p.py", document(), answer(edited))


def test_only_contracts_declare() -> None:
    assert declared_executors(document(), answer()) == {}
    assert declared_executors(document(), answer(loaded(None))).keys() == {"exec-one", "exec-one-2"}
