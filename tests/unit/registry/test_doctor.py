from pathlib import Path

from tests.fake_remote import FakeRemote, serving
from tests.git_registry import environ_for, make_upstream
from tests.web_registry import serving as serving_folder
from toolkit.registry.doctor import examine
from toolkit.registry.folder.directory import Directory
from toolkit.registry.place import parse_place


def test_folders_and_servers_are_examined(tmp_path: Path) -> None:
    names = [each.name for each in examine(parse_place(str(tmp_path)), environ={})]
    assert names[0] == "writing"
    with serving(FakeRemote()) as fake:
        place = parse_place(f"oci://{fake.host}/team")
        names = [each.name for each in examine(place, environ={"HOME": str(tmp_path)})]
    assert names[0] == "artifacts"


def test_web_servers_and_repositories_are_read(tmp_path: Path) -> None:
    Directory.create(tmp_path / "shared")
    environ = environ_for(tmp_path / "cache")
    with serving_folder(tmp_path / "shared") as site:
        assert next(examine(site.place, environ=environ)).name == "reading"
    upstream = make_upstream(tmp_path / "upstream.git")
    assert [each.name for each in examine(upstream.place, environ=environ)] == ["reading", "branch", "writing"]
