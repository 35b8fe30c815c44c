"""What a web server can do for a registry, on servers that can more or less."""

from pathlib import Path

import pytest

from tests.releases import publish, release
from tests.web_registry import Handler, serving
from toolkit.errors import InputError
from toolkit.registry.ability import Ability
from toolkit.registry.folder.directory import Directory
from toolkit.registry.place import Place
from toolkit.registry.web.trials import try_web


def tried(place: Place, home: Path) -> dict[str, Ability]:
    environ = {"HOME": str(home), "COMP_CACHE_DIR": str(home / "cache")}
    return {each.name: each for each in try_web(place, environ)}


def test_an_ordinary_server_serves(tmp_path: Path) -> None:
    publish(Directory.create(tmp_path / "shared"), release())
    with serving(tmp_path / "shared") as site:
        found = tried(site.place, tmp_path)
    assert {name for name, each in found.items() if each.state != "yes"} == {"writing"}
    assert found["missing files"].found == "status 404 for a file that is not there"
    assert found["catalogue"].found == "1 component"


def test_a_server_that_has_a_page_for_everything_is_not_fit(tmp_path: Path) -> None:
    Directory.create(tmp_path / "shared")

    def page(handler: Handler) -> None:
        handler.answer(200, b"<!doctype html><title>App</title>")

    with serving(tmp_path / "shared") as site:
        site.faults = {"/No/Component": page, "/catalog.jsonl.gz": page}
        found = tried(site.place, tmp_path)
    assert [each.name for each in found.values() if each.needed and each.state == "no"] == [
        "missing files",
        "catalogue",
    ]
    assert "is a web page, not a file of a registry" in found["catalogue"].found


def test_an_address_without_a_registry_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with serving(tmp_path / "other") as site, pytest.raises(InputError, match="is not a component registry"):
        tried(site.place, tmp_path)
