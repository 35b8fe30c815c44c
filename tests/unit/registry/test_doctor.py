from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from toolkit.errors import UsageError
from toolkit.registry.doctor import examine
from toolkit.registry.place import parse_place


def test_folders_and_servers_are_examined(tmp_path: Path) -> None:
    names = [each.name for each in examine(parse_place(str(tmp_path)), environ={})]
    assert names[0] == "writing"
    with serving(FakeRemote()) as fake:
        place = parse_place(f"oci://{fake.host}/team")
        names = [each.name for each in examine(place, environ={"HOME": str(tmp_path)})]
    assert names[0] == "artifacts"


def test_a_place_without_trials_is_named() -> None:
    with pytest.raises(UsageError, match=r"https://example\.com cannot be examined"):
        list(examine(parse_place("https://example.com"), environ={}))
