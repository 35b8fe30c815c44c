"""Migrate every public contract, and ask both lines of KFP about each before and after.

Give checkouts (bare ones too), or folders of files:

    python tests/conformance/migrate.py PATH[@REF,REF…] … --kfp1 PYTHON --kfp2 PYTHON [--copy-file-outputs]

A contract is a file that ends in `.yaml` or `.yml` and has the key `implementation` at its top; equal files count once.
All of them are migrated together. Nothing of what is read is kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.conformance.corpus import sorted_out
from toolkit.migration.contract import Migrated
from toolkit.migration.together import migrate_together

_PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "migrated.py"


class Case(Struct):
    """One contract: its name, and what each line of KFP makes of it before and after."""

    name: str
    migrated: Migrated
    kfp1: tuple[Any, Any] = ("", "")
    kfp2: tuple[Any, Any] = ("", "")


def main() -> int:
    """Print the counts; exit 1 if a migrated contract with nothing left is refused, or gives a program other words."""
    parser = argparse.ArgumentParser(description="migrate public contracts, and ask KFP about them")
    parser.add_argument("paths", nargs="+", help="a checkout, with @REF,REF if not only HEAD counts, or a folder")
    parser.add_argument("--kfp1", required=True, help="an interpreter with kfp 1.8")
    parser.add_argument("--kfp2", required=True, help="an interpreter with kfp 2")
    parser.add_argument("--copy-file-outputs", action="store_true")
    options = parser.parse_args()
    contracts, _ = sorted_out(options.paths)
    cases = _cases(contracts, copy_file_outputs=options.copy_file_outputs)
    for case, one, two in zip(cases, _asked(options.kfp1, cases), _asked(options.kfp2, cases), strict=True):
        case.kfp1, case.kfp2 = one, two
    print(f"contracts: {len(contracts)} distinct, {len(cases)} read by us")
    print(f"steps that kfp 1.8 compiles: {_count(cases, 'kfp1', 0)}, after the migration {_count(cases, 'kfp1', 1)}")
    print(f"compiled by kfp 2: {_count(cases, 'kfp2', 0)}, after the migration {_count(cases, 'kfp2', 1)}")
    _print_changes(cases)
    return _print_words(cases) + _print_refused(cases)


def _cases(contracts: dict[str, bytes], *, copy_file_outputs: bool) -> list[Case]:
    """Migrate all contracts together, each twice."""
    with tempfile.TemporaryDirectory() as folder:
        names = {Path(folder, f"{index:04}.yaml"): name for index, name in enumerate(contracts)}
        for path, name in names.items():
            path.write_bytes(contracts[name])
        return [
            Case(name=names[outcome.path], migrated=outcome.migrated)
            for outcome in migrate_together(list(names), {}, copy_file_outputs=copy_file_outputs)
            if isinstance(outcome.migrated, Migrated)
        ]


def _asked(python: str, cases: list[Case]) -> list[tuple[Any, Any]]:
    """Return what a line of KFP makes of each contract before and after."""
    asked = "".join(json.dumps([case.migrated.old.text, case.migrated.new.text]) + "\n" for case in cases)
    done = subprocess.run([python, "-W", "ignore", _PROGRAM], input=asked, capture_output=True, text=True, check=True)
    return [(before, after) for before, after in map(json.loads, done.stdout.splitlines())]


def _is_read(answer: Any) -> bool:
    """Return whether an answer is no refusal."""
    return answer == "" or isinstance(answer, list)


def _count(cases: list[Case], line: str, at: int) -> int:
    """Return how many contracts a line of KFP takes, before (0) or after (1)."""
    return sum(_is_read(getattr(case, line)[at]) for case in cases)


def _print_changes(cases: list[Case]) -> None:
    """Print how many changes of each kind there are, and what is left."""
    changed = [case for case in cases if case.migrated.made]
    print(f"changed: {len(changed)} contracts")
    for title, kinds in (
        ("change", Counter(made.kind for case in cases for made in case.migrated.made)),
        ("left", Counter(left.kind for case in cases for left in case.migrated.left)),
    ):
        for kind, count in kinds.most_common():
            print(f"  {title}: {kind}: {count}")
    bumps = Counter(str(case.migrated.comparison.required) for case in changed if case.migrated.comparison)
    print(f"  required: {dict(bumps)}")


def _print_words(cases: list[Case]) -> int:
    """Print in how many contracts KFP 1.8's programs get the same words; return 1 after an unexplained difference."""
    changed = [case for case in cases if case.migrated.made and isinstance(case.kfp1[0], list)]
    other = [case for case in changed if case.kfp1[0] != case.kfp1[1]]
    print(f"the same words in kfp 1.8: {len(changed) - len(other)} of {len(changed)}")
    for case in other:
        print(f"  other words: {case.name}")
    meant = {"optional", "file-output"}
    return int(any(meant.isdisjoint(made.kind for made in case.migrated.made) for case in other))


def _print_refused(cases: list[Case]) -> int:
    """Print what KFP 2 refuses after the migration; return 1 if that was not said."""
    refused = [case for case in cases if not _is_read(case.kfp2[1])]
    graphs = [case for case in refused if any(left.kind == "graph" for left in case.migrated.left)]
    print(f"refused by kfp 2: {len(refused)}, {len(graphs)} of them graphs")
    for case in refused:
        if case in graphs:
            continue
        kinds = sorted({left.kind for left in case.migrated.left})
        print(f"  refused by kfp 2: {case.name}: {', '.join(kinds) or 'NOT SAID'}: {case.kfp2[1]}")
    return int(any(not case.migrated.left for case in refused))


if __name__ == "__main__":
    sys.exit(main())
