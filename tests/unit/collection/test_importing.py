"""Others' contracts as releases: names, versions, and reasons."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.collection.found_contracts import Found, FoundContract
from toolkit.collection.importing import Imported, Request, Tags, import_all
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name
from toolkit.registry.publishing.candidate import Candidate
from toolkit.registry.publishing.images import Images

WHEN = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    return Directory.create(tmp_path / "registry")


def text(number: int, *, version: str = "") -> str:
    """Return a contract that differs by its number."""
    noted = f"metadata:\n  annotations: {{version: '{version}', author: Ada}}\n" if version else ""
    return f"{noted}{contract()}".replace("description: d", f"description: d{number}")


def run(
    registry: Directory, *, tags: Tags = "refuse", history: bool = False, **files: str | Sequence[str]
) -> list[Imported]:
    contracts = {}
    for name, versions in files.items():
        path = f"{name}/component.yaml"
        texts = [versions] if isinstance(versions, str) else versions
        contracts[path] = [FoundContract(path=path, data=each.encode()) for each in texts]

    def publish(candidate: Candidate) -> bool:
        return registry.publish(candidate.release, candidate.contents)

    request = Request(namespace="x", published=WHEN, tags=tags, history=history)
    found = Found(contracts=contracts, source="https://git.example/x")
    return [*import_all(found, request, registry, publish, Images({}))]


def releases(outcomes: Sequence[Imported]) -> list[tuple[str, bool]]:
    return [(str(each.candidate.release) if each.candidate else "", each.new) for each in outcomes]


def test_a_version_is_that_of_the_contract_or_the_next(registry: Directory) -> None:
    assert releases(run(registry, a=text(1), b=text(1, version="2.1.0"), c=text(1, version="1.0"))) == [
        ("x/a@0.0.1", True),
        ("x/b@2.1.0", True),
        ("x/c@0.0.1", True),
    ]
    assert releases(run(registry, a=text(1), b=text(1, version="2.1.0"))) == [
        ("x/a@0.0.1", False),
        ("x/b@2.1.0", False),
    ]
    assert releases(run(registry, a=text(2))) == [("x/a@0.0.2", True)]
    (changed,) = run(registry, b=text(2, version="2.1.0"))
    assert changed.rule == "V604"
    release = registry.release(Name("x", "b"), registry.versions(Name("x", "b"))[0])
    assert (release.authors, release.source) == (("Ada",), "https://git.example/x#b/component.yaml")


def test_a_history_is_published_once(registry: Directory) -> None:
    versions = [text(1, version="1.0.0"), text(2, version="1.0.0"), text(1, version="1.0.0")]
    first = [("x/a@0.0.1", True), ("x/a@0.0.2", True), ("x/a@0.0.3", True)]
    assert releases(run(registry, history=True, a=versions)) == first
    assert not any(new for _, new in releases(run(registry, history=True, a=versions)))
    more = releases(run(registry, history=True, a=[*versions, text(3)]))
    assert more[-1] == ("x/a@0.0.4", True)
    assert [new for _, new in more] == [False, False, False, True]


def test_each_contract_that_cannot_be_published_has_a_reason(registry: Directory) -> None:
    graph = "name: G\nimplementation:\n  graph:\n    tasks: {a: {componentRef: {url: https://x}}}\n"
    outcomes = run(
        registry,
        broken="name: [",
        graph=graph,
        tag=text(1).replace("a/b@sha256:" + "0" * 64, "a/b:1"),
        unknown=contract(args="{inputValue: lost}"),
        good=text(1),
    )
    assert [(each.path.split("/")[0], each.rule) for each in outcomes] == [
        ("broken", "C001"),
        ("graph", None),
        ("tag", None),
        ("unknown", "C010"),
        ("good", None),
    ]
    reasons = [each.problem.message if each.problem else "" for each in outcomes]
    assert "is a graph" in reasons[1]
    assert "is not pinned by digest" in reasons[2]
    assert registry.names() == [Name("x", "good")]
    ((release, new),) = releases(run(registry, tags="allow", tag=text(1).replace("a/b@sha256:" + "0" * 64, "a/b:1")))
    assert (release, new) == ("x/tag@0.0.1", True)


def test_a_contract_of_which_nothing_gives_a_name(registry: Directory) -> None:
    contracts = {
        "component.yaml": [FoundContract(path="component.yaml", data=contract().replace("n", "模", 1).encode())]
    }
    request = Request(namespace="x", published=WHEN)
    (outcome,) = import_all(Found(contracts=contracts), request, registry, lambda _: True, Images({}))
    assert outcome.problem
