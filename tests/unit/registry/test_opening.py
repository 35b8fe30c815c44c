import os
from pathlib import Path

import pytest

from tests.web_registry import serving
from toolkit.errors import InputError, UsageError
from toolkit.registry.names import Name
from toolkit.registry.opening import open_registry, open_writable
from toolkit.registry.place import parse_place


def test_a_folder_is_opened_and_made(tmp_path: Path) -> None:
    place = parse_place(str(tmp_path / "shared"))
    with pytest.raises(InputError, match="is not a component registry"):
        open_registry(place, environ={})
    assert open_writable(place, environ={}).place == place
    assert open_registry(place, environ={}).names() == []


def test_only_a_git_registry_has_branches(tmp_path: Path) -> None:
    place = parse_place(str(tmp_path / "shared"))
    with pytest.raises(UsageError, match="shared has no branches"):
        open_writable(place, environ={}, review="topic")
    assert not (tmp_path / "shared").exists()


def test_a_registry_on_a_server_is_opened_without_asking_it(tmp_path: Path) -> None:
    place = parse_place("oci://registry.example.com/team")
    environ = {"COMP_CACHE_DIR": str(tmp_path)}
    assert open_registry(place, environ=environ).place == place
    assert open_writable(place, environ=environ).place == place
    with pytest.raises(UsageError, match="oci://team has no host: 'team' has no dot and no port"):
        open_registry(parse_place("oci://team"), environ=environ)


def test_a_web_server_is_read_and_not_written_to(tmp_path: Path) -> None:
    folder = open_writable(parse_place(str(tmp_path / "shared")), environ={})
    assert folder.names() == []
    with serving(tmp_path / "shared") as site:
        environ = {"COMP_CACHE_DIR": str(tmp_path / "cache"), "NETRC": os.devnull}
        assert open_registry(site.place, environ=environ).versions(Name("ml", "train")) == []
        with pytest.raises(UsageError, match=r"http\S+ can only be read"):
            open_writable(site.place, environ=environ)
