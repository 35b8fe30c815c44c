"""`comp registry doctor`, as those who choose a place for a registry run it."""

import json
from pathlib import Path

from tests.commands import comp, ok
from tests.fake_remote import FakeRemote, serving


def test_a_folder_is_examined(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    done = comp("registry", "doctor", "shared", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "yes      writing                   a file was made\n"
        "                                   you can publish here\n"
        "yes      links                     a second name was made\n"
    )
    assert list((tmp_path / "shared").iterdir()) == []
    document = json.loads(ok("registry", "doctor", "--registry", "shared", "--format", "json", folder=tmp_path))
    assert (document["place"], document["ok"]) == ("shared", True)
    assert document["abilities"][0] == {
        "name": "writing",
        "state": "yes",
        "found": "a file was made",
        "meaning": "you can publish here",
        "needed": True,
    }


def test_a_server_that_is_not_fit_is_named(tmp_path: Path) -> None:
    with serving(FakeRemote()) as fake:
        for _ in range(2):
            fake.faults.fail("GET", "/tags/list", 404)
        done = comp("registry", "doctor", f"oci://{fake.host}/team", folder=tmp_path)
    assert done.code == 3
    assert "no*      lists of tags          0 tags listed, new ones are missing\n" in done.out
    assert done.err == "warning: a registry does not work here: see the lines with no*\n"


def test_a_missing_place_is_an_error(tmp_path: Path) -> None:
    done = comp("registry", "doctor", "missing", folder=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: cannot look at missing: No such file or directory\n")
