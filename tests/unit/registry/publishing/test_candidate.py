"""Releases before they are published."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contracts import PINNED, contract
from toolkit.digest import Digest
from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.registry.names import Name
from toolkit.registry.publishing.candidate import (
    About,
    Candidate,
    candidate_of,
    check_findings,
    check_pinned,
    is_pinned,
)
from toolkit.registry.release import CONTRACT
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_document

NAME, VERSION = Name("ml", "n"), parse_version("1.0.0")
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)


def candidate(text: str, **about: object) -> Candidate:
    document = parse_document(text, Path("component.yaml"))
    return candidate_of(NAME, VERSION, document, About(published=WHEN, **about))  # type: ignore[arg-type]


def test_a_release_names_its_contents() -> None:
    text = contract()
    made = candidate(text.replace("\n", "\r\n"), files={"b.md": b"b", "a.md": b"a"}, tags=("x",))
    assert (made.release.digest, made.release.image) == (Digest.of(text.encode()), PINNED)
    assert made.contents == {CONTRACT: text.encode(), "a.md": b"a", "b.md": b"b"}
    assert [(file.path, file.size) for file in made.release.files] == [("a.md", 1), ("b.md", 1)]
    assert (made.release.published, made.release.tags) == ("2026-01-31T12:00:00Z", ("x",))


def test_a_graph_has_no_image_to_publish() -> None:
    text = "name: G\nimplementation:\n  graph:\n    tasks: {a: {componentRef: {url: https://x}}}\n"
    with pytest.raises(InputError, match="is a graph of other components"):
        candidate(text)


def test_files_that_are_too_large_together_are_named() -> None:
    files = {"examples/a.csv": b"a" * 600_000, "examples/b.csv": b"b" * 500_000, "README.md": b"x"}
    with pytest.raises(InputError) as refused:
        candidate(contract(), files=files)
    assert "expected at most 1.0 MB; the largest: examples/a.csv (600.0 kB), examples/b.csv (500.0 kB)" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Use\n\nurl: https://ann:" + "s3cret@host/x\n", 3),
        ("-----BEGIN " + "PRIVATE KEY-----\nabc\n-----END " + "PRIVATE KEY-----\n", 1),
    ],
)
def test_what_looks_like_a_secret_is_not_published(text: str, line: int) -> None:
    with pytest.raises(InputError, match=r"README\.md has something that looks like") as refused:
        candidate(contract(), files={"README.md": text.encode()})
    assert refused.value.where == Location(path=Path("README.md"), line=line)
    assert candidate(contract(), files={"README.md": b"\xff\x00 no text"})
    assert candidate(contract(), files={"README.md": b"git clone https://$USER:${TOKEN}@git.example/x"})


@pytest.mark.parametrize(
    ("image", "pinned"),
    [(PINNED, True), ("a/b:1@sha256:" + "0" * 64, True), ("a/b:1", False), ("a/b@sha256:00", False)],
)
def test_which_images_are_pinned(image: str, *, pinned: bool) -> None:
    assert is_pinned(image) is pinned
    document = parse_document(contract(image=image), Path("component.yaml"))
    if not pinned:
        with pytest.raises(InputError, match="is not pinned by digest"):
            check_pinned(document, "pin it")
    else:
        check_pinned(document, "pin it")


def test_errors_alone_keep_a_contract_from_being_published() -> None:
    def finding(severity: Severity) -> Finding:
        return Finding(rule="C010", severity=severity, message="m", where=Location(path=Path("x")))

    check_findings([finding(Severity.WARNING)])
    with pytest.raises(InputError, match=r"^m \[C010\] \(and 1 more errors\)$"):
        check_findings([finding(Severity.WARNING), finding(Severity.ERROR), finding(Severity.ERROR)])
