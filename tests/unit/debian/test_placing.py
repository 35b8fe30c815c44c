import pytest

from toolkit.debian.placing import Placement
from toolkit.debian.system import BaseSystem
from toolkit.errors import InputError

BASE = BaseSystem(
    links={"lib": "usr/lib", "usr/x": "/opt/x", "usr/lib/up": "../../etc", "loop": "loop2", "loop2": "loop"},
    folders=frozenset({"usr", "usr/lib", "etc"}),
    files=frozenset({"etc/passwd"}),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("./", ""),
        ("./lib/a.so", "usr/lib/a.so"),
        ("lib", "lib"),
        ("./usr/x/y", "opt/x/y"),
        ("./lib/up/passwd", "etc/passwd"),
        ("./new/a", "new/a"),
    ],
)
def test_paths_go_through_the_links_of_the_base(name: str, expected: str) -> None:
    assert Placement(BASE).path_of(name, "p") == expected


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/etc/passwd", "leads out of it"),
        ("../etc/passwd", "leads out of it"),
        ("./a/../../b", "leads out of it"),
        ("./a\nb", "leads out of it"),
        ("./etc/.wh.passwd", "would remove a file"),
        ("./.wh..wh..opq", "would remove a file"),
        ("./loop/a", "in a circle"),
        ("./opt/comp/launch.py", "lies below /opt/comp"),
        ("./opt/comp", "lies below /opt/comp"),
    ],
)
def test_hostile_paths_are_refused(name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Placement(BASE).path_of(name, "p")


def test_long_paths_are_refused() -> None:
    with pytest.raises(InputError, match="a path of p exceeds"):
        Placement(BASE).path_of("./" + "a/" * 3000, "p")


def test_an_alternative_leads_to_a_file_that_is_there() -> None:
    place = Placement(BASE)
    place.added["usr/lib/a"] = ("digest", "p")
    place.added["usr/lib/b"] = ("a", "p")
    place.links["usr/lib/b"] = "a"
    assert place.leads_to_file("/lib/b")
    assert place.leads_to_file("/etc/passwd")
    assert not place.leads_to_file("/usr/lib")
    assert not place.leads_to_file("/usr/lib/none")
