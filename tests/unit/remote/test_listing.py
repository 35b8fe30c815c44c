"""Lists of tags and repositories, in one page or many, from servers that are right, wrong or hostile."""

import json
from collections.abc import Callable

import pytest

from tests.fake_remote import Access, FakeRemote, Reply
from toolkit.errors import RemoteError
from toolkit.oci.descriptor import OCI_INDEX
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
EMPTY = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()


@pytest.fixture
def reference(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/team/train")


def tag(fake: FakeRemote, *tags: str, name: str = "team/train") -> None:
    for one in tags:
        fake.put_manifest(name, EMPTY, OCI_INDEX, tag=one)


def test_tags_come_from_all_pages(
    fake: FakeRemote, client: Client, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client().tags(reference) is None
    tag(fake, *(f"1.0.{number}" for number in range(5)))
    monkeypatch.setattr("toolkit.remote.listing._PAGE", 2)
    expected = tuple(f"1.0.{number}" for number in range(5))
    assert client().first_tags(reference, page=2) == expected[:2]
    assert client().tags(reference) == expected
    fake.faults.whole_lists = True
    assert client().first_tags(reference, page=2) == client().tags(reference) == expected


def test_more_tags_than_a_page_are_listed(fake: FakeRemote, client: Client, reference: Reference) -> None:
    tag(fake, *(f"1.0.{number}" for number in range(1001)))
    assert len(client().tags(reference) or ()) == 1001
    assert len(fake.called("GET", "/tags/list")) == 2


def test_repositories_are_listed_with_a_token_for_the_list(
    fake: FakeRemote, client: Client, docker_login: Callable[[str], None]
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host)
    tag(fake, "1", name="team/train")
    tag(fake, "1", name="team/score")
    assert client().repositories(fake.host) == ("team/score", "team/train")


def test_a_forbidden_list_is_an_error(fake: FakeRemote, client: Client) -> None:
    fake.faults.no_catalog = 403
    with pytest.raises(RemoteError, match="does not allow it \\(list the repositories of") as caught:
        client().repositories(fake.host)
    assert caught.value.status == 403


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tags":"1.0.0"}', b'{"tags":[1]}', b"<html>", b'{"tags":[null]}'])
def test_an_invalid_list_is_the_fault_of_the_server(
    fake: FakeRemote, client: Client, reference: Reference, body: bytes
) -> None:
    fake.faults.replies.append(("GET", "/tags/list", Reply(200, body=body)))
    with pytest.raises(RemoteError, match="gave an invalid answer: its list of tags"):
        client().tags(reference)


def test_null_is_an_empty_list(fake: FakeRemote, client: Client, reference: Reference) -> None:
    fake.faults.replies.append(("GET", "/tags/list", Reply(200, body=b'{"tags":null}')))
    assert client().tags(reference) == ()


def test_a_list_without_end_is_given_up(
    fake: FakeRemote, client: Client, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.remote.listing._MOST", 10)
    again = Reply(200, {"Link": '</v2/team/train/tags/list?last=x>; rel="next"'}, b'{"tags":["1","2","3"]}')
    fake.faults.replies += [("GET", "/tags/list", again)] * 20
    with pytest.raises(RemoteError, match="it has no end"):
        client().tags(reference)
    assert len(fake.called("GET", "/tags/list")) == 4
