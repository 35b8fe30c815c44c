import os
from pathlib import Path

import pytest

from tests.loadable import contract, publish_contract
from toolkit.errors import InputError
from toolkit.pipelines.stub_sources import stub_components
from toolkit.pipelines.stubs import StubComponent
from toolkit.registry.consuming.adding import add

ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lock ml/train 1.0.0; the registry has a newer one too, and ml/other."""
    monkeypatch.chdir(tmp_path)
    publish_contract(tmp_path / "shared", "1.0.0")
    publish_contract(tmp_path / "shared", "1.0.0", name="other")
    add(["train@1.0.0"], folder=tmp_path, environ=ENVIRON, registry="shared")
    publish_contract(tmp_path / "shared", "1.1.0")
    return tmp_path


def found(*names: str, beside: str = ".", registry: str | None = None) -> list[StubComponent]:
    return list(stub_components(names, folder=Path(), beside=Path(beside), environ=ENVIRON, registry=registry))


def test_without_names_it_is_the_lock() -> None:
    (component,) = found()
    assert component.request == f"ml/train@1.0.0#{component.digest}"
    assert (component.spec.name, component.where) == ("Train model", Path("components/ml/train/component.yaml"))


def test_a_name_of_the_lock_keeps_its_version() -> None:
    assert [each.request for each in found("train", "ml/train@1.0.0")] == [each.request for each in found()]
    with pytest.raises(InputError, match=r"ml/train is locked at 1\.0\.0, which 'train@\^2' does not allow"):
        found("train@^2")


def test_another_name_is_a_release() -> None:
    (component,) = found("other@^1", registry="shared")
    assert component.request == f"ml/other@1.0.0#{component.digest}"
    assert "other" not in Path("components.lock").read_text()


def test_a_contract_is_loaded_by_its_path_from_the_module() -> None:
    Path("own", "sub").mkdir(parents=True)
    Path("own", "component.yaml").write_bytes(contract("0.0.1"))
    assert [each.request for each in found("own")] == ["./own/component.yaml"]
    assert [each.request for each in found("own/component.yaml", beside="own/sub")] == ["../component.yaml"]
    with pytest.raises(InputError, match=r"absent\.yaml does not exist"):
        found("absent.yaml")


def test_a_lock_without_components_is_an_error() -> None:
    Path("components.lock").unlink()
    with pytest.raises(InputError, match=r"components\.lock has no components") as caught:
        found()
    assert "comp add" in (caught.value.hint or "")
