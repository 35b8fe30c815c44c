"""Compare each two successive versions of every public contract, and count what broke callers.

    python tests/conformance/histories.py CHECKOUT[@REF] … [--list RULE] [--category CATEGORY]

A checkout may be a bare one. Every commit of a ref but merges counts, and git follows the renames of files; equal pairs
of texts count once, the contracts of tests do not. `--list` prints the pairs that have a rule, or `breaking`. Any error
but a refusal of the reader is a fault of ours. Nothing of what is read is kept.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from toolkit.breaking.change import Bump, Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.errors import FindingsError
from toolkit.spec.document import decoded
from toolkit.spec.reader import ComponentDocument, parse_document

# A line of `git log --raw`: two modes, two blobs, the kind of change with git's likeness, and one path or two.
_FIELDS = 5


class Pair(Struct, frozen=True, kw_only=True):
    """One change of a contract in one commit; `lineage` is the path that the file had when it was added."""

    commit: str
    path: str
    lineage: str
    old: str
    new: str


class Tally(Struct):
    """The counts of all pairs."""

    compared: int = 0
    unreadable: int = 0
    same: int = 0
    image_only: int = 0
    broken: Counter[Category] = field(default_factory=Counter)
    rules: dict[Category, Counter[str]] = field(default_factory=lambda: {each: Counter() for each in Category})
    kinds: Counter[str] = field(default_factory=Counter)
    bumps: Counter[str] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)
    files_broken: set[str] = field(default_factory=set)
    seconds: float = 0

    def add(self, found: dict[Category, Comparison], lineage: str) -> None:
        """Count one pair."""
        self.compared += 1
        self.files.add(lineage)
        ids = {change.rule.id for change in found[Category.PIPELINE].changes}
        self.same += not ids
        self.image_only += bool(ids) and ids <= {"N501"}
        self.kinds.update(ids)
        for category, each in found.items():
            broke = breaking_rules(each)
            self.broken[category] += bool(broke)
            self.rules[category].update(broke)
        if breaking_rules(found[Category.PIPELINE]):
            self.files_broken.add(lineage)
        self.bumps[
            str(
                max(
                    (change.bump_in(Category.PIPELINE) for change in found[Category.PIPELINE].changes),
                    default=Bump.NONE,
                )
            )
        ] += 1


def breaking_rules(found: Comparison) -> set[str]:
    """Return the rules that require a major version."""
    return {change.rule.id for change in found.changes if change.bump_in(found.category) is Bump.MAJOR}


def main() -> int:
    """Compare all pairs, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+")
    parser.add_argument("--list", default="", help="a rule, or `breaking`: print the pairs that have it")
    parser.add_argument("--category", type=Category, default=Category.PIPELINE)
    options = parser.parse_args()
    tally, seen = Tally(), set[tuple[str, str]]()
    for checkout in options.checkouts:
        folder, _, ref = checkout.partition("@")
        pairs = list(_pairs(folder, ref or "HEAD"))
        texts = _texts(folder, {blob for pair in pairs for blob in (pair.old, pair.new)})
        for pair in pairs:
            # A blob's id is that of its content, in every repository.
            if (pair.old, pair.new) in seen or pair.old == pair.new:
                continue
            seen.add((pair.old, pair.new))
            begun = time.perf_counter()
            found = _compared(texts[pair.old], texts[pair.new], Path(pair.path))
            tally.seconds += time.perf_counter() - begun
            if found is None:
                tally.unreadable += 1
                continue
            tally.add(found, f"{folder}:{pair.lineage}")
            _show(pair, found[options.category], options.list)
    _print(tally)
    return 0


def _pairs(folder: str, ref: str) -> Iterator[Pair]:
    """Yield the changes of contracts, oldest first."""
    log = _git(
        folder,
        "log",
        ref,
        "--no-merges",
        "--raw",
        "--no-abbrev",
        "-M",
        "--topo-order",
        "--reverse",
        "--format=%H",
        "--",
        "*component.yaml",
    ).decode(errors="replace")
    commit, lineages = "", dict[str, str]()
    for line in log.splitlines():
        if not line.startswith(":"):
            commit = line or commit
            continue
        head, *paths = line.split("\t")
        fields = head.split()
        assert len(fields) == _FIELDS, line
        old, new, kind = fields[2:]
        if kind[0] in "MR" and not _is_test(paths[-1]):
            lineage = lineages.setdefault(paths[-1], lineages.get(paths[0], paths[0]))
            yield Pair(commit=commit, path=paths[-1], lineage=lineage, old=old, new=new)


def _is_test(path: str) -> bool:
    """Return whether a contract is there for tests."""
    return any(part in {"test", "tests", "test_data", "testdata"} for part in path.split("/")[:-1])


def _texts(folder: str, blobs: set[str]) -> dict[str, bytes]:
    """Return the blobs' contents."""
    listed = sorted(blobs)
    data, place, found = _git(folder, "cat-file", "--batch", data="\n".join(listed).encode()), 0, dict[str, bytes]()
    for blob in listed:
        end = data.index(b"\n", place)
        size = int(data[place:end].split()[-1])
        found[blob] = data[end + 1 : end + 1 + size]
        place = end + size + 2
    return found


def _compared(old: bytes, new: bytes, path: Path) -> dict[Category, Comparison] | None:
    """Compare two texts by each category; None if one of them cannot be read."""
    try:
        was, now = _read(old, path), _read(new, path)
    except FindingsError:
        return None
    return {category: compare(was, now, category=category) for category in Category}


def _read(data: bytes, path: Path) -> ComponentDocument:
    return parse_document(decoded(data, path), path)


def _show(pair: Pair, found: Comparison, wanted: str) -> None:
    """Print a pair that has the wanted rule."""
    for change in found.changes:
        breaks = change.bump_in(found.category) is Bump.MAJOR
        if change.rule.id == wanted or (wanted == "breaking" and breaks):
            print(f"{pair.commit[:10]} {pair.path}: {change.rule.id} {change.message}")


def _print(tally: Tally) -> None:
    """Print the counts as tables."""
    print(
        f"{tally.compared} pairs of {len(tally.files)} files compared in {tally.seconds:.1f} s; "
        f"{tally.unreadable} with an unreadable text, {tally.same} equal, {tally.image_only} differ in the image only"
    )
    print(f"{len(tally.files_broken)} files broke callers at least once by the category pipeline")
    print("\n| category | breaking pairs | rules |\n|---|---|---|")
    for category in Category:
        rules = ", ".join(f"{name} {count}" for name, count in sorted(tally.rules[category].items()))
        print(f"| {category} | {tally.broken[category]} | {rules} |")
    print("\n| rule | pairs |\n|---|---|")
    for name, count in sorted(tally.kinds.items()):
        print(f"| {name} | {count} |")
    print("\n| required bump | pairs |\n|---|---|")
    for name, count in tally.bumps.most_common():
        print(f"| {name} | {count} |")


def _git(folder: str, *words: str, data: bytes = b"") -> bytes:
    """Run git, and return its stdout."""
    return subprocess.run(
        ["git", "-C", folder, *words], input=data, capture_output=True, check=True, timeout=600
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
