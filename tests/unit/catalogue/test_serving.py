import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Struct

from toolkit.catalogue.serving import CHANGES, Changes, serving
from toolkit.errors import OutsideError


class Site(Struct, kw_only=True):
    """A served folder."""

    port: int
    changes: Changes

    def get(self, path: str, *, host: str | None = None, method: str = "GET") -> tuple[int, str, bytes]:
        """Ask for a path as it is written, and return the status, the content type and the content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            connection.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "site"
    (root / "c").mkdir(parents=True)
    (root / "index.html").write_text("<p>list</p>")
    (root / "c" / "a.html").write_text("<p>a</p>")
    (root / "c" / "a.yaml").write_text("name: a\n")
    (root / ".comp-catalog.json").write_text("{}")
    (tmp_path / "secret").write_text("mine")
    (root / "c" / "out.html").symlink_to(tmp_path / "secret")
    changes = Changes()
    with serving(root, 0, changes) as address:
        yield Site(port=int(address.rstrip("/").rpartition(":")[2]), changes=changes)


def test_pages_are_served_with_their_types(site: Site) -> None:
    assert site.get("/") == (200, "text/html; charset=utf-8", b"<p>list</p>")
    assert site.get("/c/a.html?x#y")[2] == b"<p>a</p>"
    # A browser shows a contract, and does not store it.
    assert site.get("/c/a.yaml")[1] == "text/plain; charset=utf-8"
    assert site.get("/c/a.html", method="HEAD") == (200, "text/html; charset=utf-8", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/absent.html",
        "/c",
        "/c/",
        "/../secret",
        "/c/../../secret",
        "/%2e%2e/secret",
        "/c/%2e%2e/%2e%2e/secret",
        "/c/..%2f..%2fsecret",
        "/c/..%5c..%5csecret",
        "/c/out.html",
        "/.comp-catalog.json",
        "/%00",
        "//etc/passwd",
    ],
)
def test_nothing_else_is_served(site: Site, path: str) -> None:
    status, _, content = site.get(path)
    assert status == 404
    assert b"mine" not in content


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1", ""])
def test_another_name_for_this_machine_is_refused(site: Site, host: str) -> None:
    assert site.get("/", host=host or "x")[0] == 421


def test_localhost_is_this_machine(site: Site) -> None:
    assert site.get("/", host=f"localhost:{site.port}")[0] == 200


def test_other_methods_are_refused(site: Site) -> None:
    assert site.get("/", method="POST")[0] == 501


def test_browsers_learn_of_each_build(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    with closing(connection):
        connection.request("GET", CHANGES)
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.readline() == b"data: 0\n"
        site.changes.announce()
        assert [answer.readline(), answer.readline()] == [b"\n", b"data: 1\n"]


def test_a_build_that_ends_while_the_last_number_is_sent_is_not_missed() -> None:
    changes = Changes()
    waiting = changes.follow()
    assert next(waiting) == 0
    changes.announce()
    assert next(waiting) == 1
    changes.announce()
    assert next(waiting) == 2


def test_those_who_wait_are_let_go_at_the_end() -> None:
    changes = Changes()
    waiting = changes.follow()
    assert next(waiting) == 0
    changes.end()
    assert list(waiting) == []


def test_not_everybody_can_wait() -> None:
    changes = Changes()
    waiting = [changes.follow() for _ in range(65)]
    assert [next(each, None) for each in waiting] == [*[0] * 64, None]
    waiting[0].close()  # type: ignore[attr-defined] # a generator
    assert next(changes.follow()) == 0


def test_a_port_that_is_taken_is_an_error(site: Site, tmp_path: Path) -> None:
    with (
        pytest.raises(OutsideError, match=f"cannot listen on 127.0.0.1:{site.port}"),
        serving(tmp_path, site.port, Changes()),
    ):
        pass
