"""The versions of a component: what changed from one to the next, and between any two of the newest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from pathlib import Path

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from toolkit.breaking.change import Bump, Category, Change
from toolkit.breaking.comparison import compare
from toolkit.catalogue.listing import json_in_html
from toolkit.errors import CompError
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.spec.reader import ComponentDocument, parse_document
from toolkit.words import shortened

# The newest versions are compared each with each: 28 pairs, mostly equal in all but the image.
COMPARED = 8
# The newest versions that are listed with dates and what changed; of older ones a page has the numbers.
LISTED = 30
_CHANGES = 40
_CHANGES_IN_TABLE = 6
_LETTERS = 300
_VERSION = re.compile(r"""^(\s+version: )['"]?([^\s'"]+)['"]?$""", re.MULTILINE)
_DIGEST = re.compile(r"\b(sha256:[0-9a-f]{10})[0-9a-f]{54}\b")
_WORDS = {Bump.MAJOR: "breaks callers", Bump.MINOR: "adds", Bump.PATCH: "same interface", Bump.NONE: "no change"}

Item = tuple[str, str]


class Report(Struct, frozen=True, kw_only=True):
    """What changed between two versions: rules with their messages; `left` counts those that are not listed."""

    bump: str
    label: str
    breaking: tuple[Item, ...] = ()
    others: tuple[Item, ...] = ()
    left: int = 0
    note: str = ""

    @property
    def shortened(self) -> "Report":
        """The first changes alone, for the table of versions."""
        breaking = self.breaking[:_CHANGES_IN_TABLE]
        others = self.others[: max(0, _CHANGES_IN_TABLE - len(breaking))]
        left = self.left + len(self.breaking) + len(self.others) - len(breaking) - len(others)
        return replace(self, breaking=breaking, others=others, left=left)


class VersionRow(Struct, frozen=True, kw_only=True):
    """One version in the table: `report` is about the one before it, None if they were not compared."""

    version: str
    published: str
    by: str | None
    yank: Yank | None
    report: Report | None
    first: bool


class History(Struct, frozen=True, kw_only=True):
    """The versions of a component, the newest first; `comparisons` is JSON for the page, None for a single version."""

    rows: tuple[VersionRow, ...]
    older: tuple[str, ...]
    comparisons: Markup | None


def history_of(registry: Registry, known: Release, marks: Marks, text: "Text") -> History:
    """Read and compare the versions of a component. A contract that cannot be read is not compared.

    `known` is one of the releases, and `text` its contract: they are not read again.
    """
    name = known.name
    versions = list(reversed(registry.versions(name)))
    # One more than is listed, which the last of them is compared with.
    read = versions[: LISTED + 1]
    releases = [known if version == known.version else registry.release(name, version) for version in read]
    texts = [text if each is known else Text.of(each, registry.content(each, CONTRACT)) for each in releases]
    reports = _reports(texts)
    rows = tuple(
        VersionRow(
            version=str(release.version),
            published=release.published,
            by=release.by,
            yank=marks.yanked.get(release.version),
            report=reports.get((at, at + 1)),
            first=at == len(versions) - 1,
        )
        for at, release in enumerate(releases[:LISTED])
    )
    comparisons = _as_json(texts[:COMPARED], reports) if len(texts) > 1 else None
    return History(rows=rows, older=tuple(map(str, versions[LISTED:])), comparisons=comparisons)


class Text(Struct, frozen=True, kw_only=True, dict=True):
    """A contract, and the same without what differs between any two versions: its image and its own version."""

    version: Version
    image: str
    text: str
    bare: str

    @classmethod
    def of(cls, release: Release, contract: bytes) -> "Text":
        """Read the contract of a release."""
        text = contract.decode("utf-8", "replace")
        bare = text.replace(release.image, "") if release.image else text
        # A pattern of each version's own would be compiled for each.
        bare = _VERSION.sub(lambda match: match[1] if match[2] == str(release.version) else match[0], bare)
        return cls(version=release.version, image=release.image, text=text, bare=bare)

    @cached_property
    def document(self) -> ComponentDocument:
        """The contract, parsed when it is first needed. Raises FindingsError."""
        return parse_document(self.text, Path("component.yaml"))


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    """Yield which versions are compared: each with the one before it, and the newest each with each."""
    yield from combinations(range(min(count, COMPARED)), 2)
    yield from ((at - 1, at) for at in range(COMPARED, count))


def _reports(texts: Sequence[Text]) -> dict[tuple[int, int], Report]:
    """Compare the pairs, the newer one first; equal contracts are compared once."""
    documents: dict[str, ComponentDocument | None] = {}
    known: dict[tuple[str, str], Report] = {}
    reports = {}
    for newer, older in _pairs(len(texts)):
        new, old = texts[newer], texts[older]
        if new.bare == old.bare:
            reports[newer, older] = _same(old, new)
            continue
        pair = (old.bare, new.bare)
        if pair not in known:
            known[pair] = _report(_document(old, documents), _document(new, documents))
        reports[newer, older] = known[pair]
    return reports


def _document(text: Text, documents: dict[str, ComponentDocument | None]) -> ComponentDocument | None:
    """Parse a contract; None if it cannot be read."""
    if text.bare not in documents:
        try:
            documents[text.bare] = text.document
        except CompError:
            documents[text.bare] = None
    return documents[text.bare]


def _same(old: Text, new: Text) -> Report:
    """Return the report of two contracts that differ in their image at most."""
    if old.image == new.image:
        return Report(bump=str(Bump.NONE), label=_WORDS[Bump.NONE], note="The contracts are the same.")
    return Report(bump=str(Bump.PATCH), label="another image", note="Only the image differs.")


def _report(old: ComponentDocument | None, new: ComponentDocument | None) -> Report:
    """Compare two contracts."""
    if old is None or new is None:
        return Report(bump=str(Bump.NONE), label="not compared", note="One of the contracts cannot be read.")
    found = compare(old, new, versions=(None, None))
    breaking = tuple(map(_item, found.breaking))
    # Changes of the interface (N4…) before those of image and text (N5…).
    others = tuple(sorted(_item(change) for change in found.changes if change not in found.breaking))
    bump = max((change.bump_in(Category.PIPELINE) for change in found.changes), default=Bump.NONE)
    listed, rest = breaking[:_CHANGES], others[: max(0, _CHANGES - len(breaking))]
    left = len(breaking) + len(others) - len(listed) - len(rest)
    return Report(bump=str(bump), label=_WORDS[bump], breaking=listed, others=rest, left=left)


def _item(change: Change) -> Item:
    """Return a change as it is listed."""
    return change.rule.id, shortened(_DIGEST.sub(r"\1…", change.message), _LETTERS)


def _as_json(texts: Sequence[Text], reports: Mapping[tuple[int, int], Report]) -> Markup:
    """Return the reports for the page's script; equal ones stand there once."""
    distinct = list(dict.fromkeys(reports.values()))
    number = {report: at for at, report in enumerate(distinct)}
    count = len(texts)
    return json_in_html(
        {
            "versions": [str(text.version) for text in texts],
            "pairs": [[number[reports[newer, older]] for older in range(newer + 1, count)] for newer in range(count)],
            "reports": [
                {
                    "bump": report.bump,
                    "label": report.label,
                    "breaking": report.breaking,
                    "others": report.others,
                    "left": report.left,
                    "note": report.note,
                }
                for report in distinct
            ],
        }
    )
