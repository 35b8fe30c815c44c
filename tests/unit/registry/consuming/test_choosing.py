"""The registry that a name comes from: two of them, where the second is an attacker's with a higher version."""

import os
import shutil
from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import parse_request
from toolkit.registry.place import parse_place

INTERNAL = 'internal = { place = "internal", namespaces = ["ml"] }\npublic = "public"'
OPEN = 'internal = "internal"\npublic = "public"'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a registry with ml/train 1.0.0, and an attacker's with 99.0.0; the project's settings name both."""
    monkeypatch.chdir(tmp_path)
    publish(Directory.create(tmp_path / "internal"), release("1.0.0"))
    publish(Directory.create(tmp_path / "public"), release("99.0.0"))
    return tmp_path


def registries(settings: str, text: str | None = None) -> Registries:
    Path("pyproject.toml").write_text(f"[tool.comp.registries]\n{settings}\n")
    return Registries.of(text, environ={"COMP_REGISTRIES_FILE": os.devnull})


def found(chosen: Registries, request: str = "ml/train", **bound: str) -> str:
    places = {name.replace("_", "/"): parse_place(place) for name, place in bound.items()}
    each = chosen.find(parse_request(request), places)
    return f"{each.place.short} {each.release}"


@pytest.mark.parametrize("request_", ["ml/train", "train", "ml/train@^1", "ml/train@^99"])
def test_a_name_in_two_registries_is_an_error_whatever_is_asked(request_: str) -> None:
    with pytest.raises(InputError, match=r"ml/train is in 2 registries: internal \(internal\), public \(pub") as caught:
        found(registries(OPEN), request_)
    assert caught.value.hint == (
        "choose one: `internal:ml/train`, --registry internal, or namespaces = […] of the registry that it belongs to"
    )


def test_a_namespace_is_looked_up_where_it_belongs() -> None:
    assert found(registries(INTERNAL)) == "internal ml/train@1.0.0"
    assert found(registries(INTERNAL), "train") == "internal ml/train@1.0.0"
    with pytest.raises(InputError, match=r"no release of ml/train matches \^99"):
        found(registries(INTERNAL), "ml/train@^99")


def test_a_name_of_a_namespace_is_never_taken_from_elsewhere(folder: Path) -> None:
    publish(Directory.create(folder / "public"), release("1.0.0", name="absent"))
    with pytest.raises(InputError, match="internal has no component ml/absent"):
        found(registries(INTERNAL), "ml/absent")
    with pytest.raises(InputError, match="have no component absent"):
        found(registries(INTERNAL), "absent")


def test_a_locked_name_comes_from_where_it_was_added() -> None:
    assert found(registries(OPEN), ml_train="internal") == "internal ml/train@1.0.0"
    assert found(registries(OPEN), "train", ml_train="internal") == "internal ml/train@1.0.0"
    assert found(registries(OPEN), ml_train="./public") == "public ml/train@99.0.0"


def test_another_registry_of_the_command_line_is_refused_for_a_locked_name() -> None:
    with pytest.raises(InputError, match=r"ml/train was added from internal, and --registry is ./public") as caught:
        found(registries(OPEN, "./public"), ml_train="internal")
    assert caught.value.hint == "leave --registry out; or `comp remove ml/train` first, to take it from there"


def test_a_renamed_registry_is_noticed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The name stays, and stands for another place."""
    chosen = registries('internal = "public"')
    assert found(chosen, ml_train="internal") == "internal ml/train@1.0.0"
    assert "ml/train was added from internal, which is not among the configured registries" in caplog.text
    shutil.rmtree(folder / "internal")
    with pytest.raises(InputError, match="internal is not a component registry"):
        found(registries('internal = "public"'), ml_train="internal")


def test_a_request_may_name_the_registry() -> None:
    assert found(registries(OPEN), "public:ml/train") == "public ml/train@99.0.0"
    assert found(registries(OPEN), "internal:train", ml_train="public") == "internal ml/train@1.0.0"
    with pytest.raises(InputError, match="no registry called 'other' is configured"):
        found(registries(OPEN), "other:ml/train")


def test_two_names_of_one_place_are_one_registry(folder: Path) -> None:
    assert found(registries(f'first = "internal"\nagain = "{folder / "internal"}"')) == "first ml/train@1.0.0"


def test_a_named_registry_is_the_only_one_that_is_asked() -> None:
    assert found(registries(INTERNAL, "public")) == "public ml/train@99.0.0"


@pytest.mark.parametrize("settings", [OPEN, INTERNAL])
def test_a_registry_that_cannot_be_asked_is_never_passed_over(folder: Path, settings: str) -> None:
    shutil.rmtree(folder / "internal")
    with pytest.raises(CompError, match="internal is not a component registry"):
        found(registries(settings))
    with pytest.raises(CompError, match="internal is not a component registry"):
        list(registries(settings).entries())


def test_entries_leave_out_what_is_anothers(folder: Path) -> None:
    publish(Directory.create(folder / "public"), release("1.0.0", namespace="web"))
    listed = [(place.short, entry.name) for place, entry in registries(INTERNAL).entries()]
    assert listed == [("internal", "ml/train"), ("public", "web/train")]
    listed = [(place.short, entry.name) for place, entry in registries(OPEN).entries()]
    assert listed == [("internal", "ml/train"), ("public", "ml/train"), ("public", "web/train")]
    assert [entry.name for _, entry in registries(INTERNAL, "public").entries()] == ["ml/train", "web/train"]


def test_no_registry_is_for_the_namespace() -> None:
    with pytest.raises(InputError, match="no configured registry is for the namespace of web/train"):
        found(registries('internal = { place = "internal", namespaces = ["ml"] }'), "web/train")


def test_settings_without_registries_are_enough_for_a_lock(folder: Path) -> None:
    chosen = Registries.of(None, environ={"COMP_REGISTRIES_FILE": os.devnull}, folder=folder, required=False)
    assert found(chosen, ml_train="internal") == "./internal ml/train@1.0.0".removeprefix("./")


def test_a_server_that_does_not_answer_is_never_passed_over(folder: Path) -> None:
    """Otherwise an attacker who keeps a server busy chooses the registry."""
    Path("pyproject.toml").write_text(
        '[tool.comp.registries]\npublic = "public"\ninternal = "http://127.0.0.1:9/components"\n'
    )
    environ = {"COMP_REGISTRIES_FILE": os.devnull, "COMP_CACHE_DIR": str(folder / "cache")}
    chosen = Registries.of(None, environ=environ)
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:9"):
        chosen.find(parse_request("ml/train"))
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:9"):
        list(chosen.entries())


def test_the_advice_for_an_unknown_name_can_be_typed_as_it_is() -> None:
    with pytest.raises(InputError) as configured:
        found(registries(INTERNAL), "zzz")
    assert configured.value.hint == "`comp search` lists the components"
    with pytest.raises(InputError) as named:
        found(registries("", "./public"), "zzz")
    assert named.value.hint == "`comp search --registry ./public` lists the components"
