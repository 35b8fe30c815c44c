"""What `--registry` and the settings mean, as places."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from toolkit.errors import CompError, InputError, UsageError
from toolkit.registry.named import (
    NamedPlace,
    UnknownRegistryError,
    by_name,
    configured_places,
    resolve,
    resolve_one,
    responsible,
)
from toolkit.registry.place import parse_place

NONE = {"COMP_REGISTRIES_FILE": os.devnull}


def settings(folder: Path, text: str, own: str = "") -> Mapping[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.comp.registries]\n{text}\n")
    if not own:
        return NONE
    (folder / "own.toml").write_text(f"[registries]\n{own}\n")
    return {"COMP_REGISTRIES_FILE": str(folder / "own.toml")}


def test_a_relative_folder_counts_from_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = settings(tmp_path / "repository", 'team = "../team"\nfar = "/srv/components"\nmine = "~/mine"')
    (tmp_path / "repository" / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "repository" / "deep")
    found = configured_places(Path.cwd(), {**environ, "HOME": "/home/ada"})
    assert [each.place.address for each in found] == ["../../team", "/srv/components", "/home/ada/mine"]
    assert found[0].identity == str(tmp_path / "team")


def test_a_name_comes_before_a_folder_and_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = settings(tmp_path, 'shared = "https://components.example/"')
    (tmp_path / "shared").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [str(each) for each in resolve("shared", environ=environ)] == ["shared (https://components.example)"]
    assert [str(each) for each in resolve("./shared", environ=environ)] == ["./shared"]
    assert [str(each) for each in resolve("other", environ=environ)] == ["other"]
    assert [each.short for each in resolve("oci://h/x", environ=environ)] == ["oci://h/x"]
    assert [each.name for each in resolve(None, environ=environ)] == ["shared"]


def test_a_misspelt_name_is_no_new_folder(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'shared = "https://components.example"')
    with pytest.raises(UnknownRegistryError, match="'shraed' is neither a configured registry nor a folder") as caught:
        resolve("shraed", environ=environ, folder=tmp_path)
    assert caught.value.hint == "did you mean 'shared'?"
    (tmp_path / "pyproject.toml").unlink()
    assert str(resolve("shraed", environ=NONE, folder=tmp_path)[0]) == "shraed"


def test_without_any_registry(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no component registry is named"):
        resolve(None, environ=NONE, folder=tmp_path)


@pytest.mark.parametrize(
    "place", ["https://ann:pw@h/x", "git+https://token123@h/x.git", "oci://ann:pw@h/x", "git+ssh://ann:pw@h/x"]
)
def test_a_login_in_a_file_is_refused_and_not_printed(tmp_path: Path, place: str) -> None:
    environ = settings(tmp_path, f'shared = "{place}"')
    with pytest.raises(InputError, match="the place of the registry 'shared' has a login in it") as caught:
        configured_places(tmp_path, environ)
    assert "ann" not in f"{caught.value.message} {caught.value.hint}"


def test_the_user_of_a_server_with_keys_is_no_login(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'shared = "git+ssh://git@h/x.git#main"')
    assert [str(each.place) for each in configured_places(tmp_path, environ)] == ["git+ssh://git@h/x.git#main"]


def test_one_name_for_two_places_is_an_error(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'shared = "https://a.example"', own='shared = "https://b.example"')
    with pytest.raises(InputError, match=re.escape("'shared' is https://b.example here, and https://a.example in ")):
        configured_places(tmp_path, environ)
    own = 'shared = { place = "https://a.example", namespaces = ["nlp"] }'
    environ = settings(tmp_path, 'shared = { place = "https://a.example/", namespaces = ["ml"] }', own=own)
    assert [each.namespaces for each in configured_places(tmp_path, environ)] == [("ml", "nlp")]


def test_an_unknown_scheme_in_a_file_has_a_place(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'shared = "ftp://h/x"')
    with pytest.raises(CompError, match="ftp:// is not a component registry") as caught:
        configured_places(tmp_path, environ)
    assert str(caught.value.where).endswith("pyproject.toml:2:1")


def places(**namespaces: tuple[str, ...]) -> tuple[NamedPlace, ...]:
    return tuple(
        NamedPlace(place=parse_place(f"https://{name}.example"), name=name, namespaces=patterns)
        for name, patterns in namespaces.items()
    )


def test_namespaces_bind_in_both_directions() -> None:
    found = places(public=(), ml=("ml", "nlp-*"), vision=("vision",))
    assert [each.name for each in responsible(found, "ml")] == ["ml"]
    assert [each.name for each in responsible(found, "nlp-tools")] == ["ml"]
    assert [each.name for each in responsible(found, "mlx")] == ["public"]
    assert responsible(found[1:], "other") == ()


def test_publishing_needs_one_registry(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'a = "https://a"\nb = { place = "https://b", namespaces = ["ml"] }\nc = "https://c"')
    assert resolve_one(None, environ=environ, namespace="ml", folder=tmp_path).name == "b"
    assert resolve_one("c", environ=environ, namespace="ml", folder=tmp_path).name == "c"
    with pytest.raises(UsageError, match="several component registries are configured") as caught:
        resolve_one(None, environ=environ, namespace="nlp", folder=tmp_path)
    assert caught.value.hint == "choose one with --registry: a, c"


def test_publishing_where_no_registry_is_for_the_namespace(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'b = { place = "https://b", namespaces = ["ml"] }')
    with pytest.raises(UsageError, match="no configured registry is for the namespace nlp"):
        resolve_one(None, environ=environ, namespace="nlp", folder=tmp_path)


def test_a_name_that_is_not_configured() -> None:
    with pytest.raises(UnknownRegistryError, match="no registry called 'pubic' is configured") as caught:
        by_name("pubic", places(public=()))
    assert caught.value.hint == "did you mean 'public'?"
