"""Who is asked side by side."""

from threading import Barrier, get_ident

import pytest

from toolkit.errors import OutsideError
from toolkit.registry.consuming.asking import asked
from toolkit.registry.place import parse_place

WEB, OCI = parse_place("https://a.example/x"), parse_place("oci://b.example/x")
FOLDER, GIT = parse_place("shared"), parse_place("git+https://c.example/x")


def test_servers_are_asked_side_by_side_and_answer_in_order() -> None:
    # One after the other, the first would wait for the second for ever.
    both = Barrier(2)

    def work(item: str) -> str:
        if item != "folder":
            both.wait(timeout=60)
        return item.upper()

    assert asked(work, ["web", "folder", "oci"], [WEB, FOLDER, OCI]) == ["WEB", "FOLDER", "OCI"]


@pytest.mark.parametrize("places", [[FOLDER, FOLDER], [GIT, GIT], [WEB, FOLDER, GIT]])
def test_folders_and_git_are_asked_by_this_thread(places: list[object]) -> None:
    idents = asked(lambda _: get_ident(), places, places)  # type: ignore[arg-type]
    assert set(idents) == {get_ident()}


def test_a_registry_that_fails_is_an_error() -> None:
    def work(item: str) -> str:
        if item == "oci":
            raise OutsideError("no answer")
        return item

    with pytest.raises(OutsideError, match="no answer"):
        asked(work, ["web", "oci"], [WEB, OCI])
