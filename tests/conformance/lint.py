"""Lint every public contract, at HEAD and over the history, and compare the errors with what real KFP does.

    python tests/conformance/lint.py CHECKOUT … [--history] [--kfp1 PYTHON] [--kfp2 PYTHON] [--report FILE]

A checkout may be a bare one. A contract is a file that ends in `.yaml` or `.yml` and has the key `implementation` at
its top; equal files count once. `comp lint` itself runs, over a part of the files at a time, so that a crash is seen.
With the interpreters of environments that have kfp, each contract is also loaded, and a pipeline with one step of it
compiled. The report names every contract on which the two disagree, for a look by hand. Nothing of what is read stays.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

ROOT = Path(__file__).resolve().parent.parent.parent
_STEPS = ROOT / "tests" / "kfp" / "steps.py"
_TOP = re.compile(rb"^['\"]?implementation['\"]?\s*:", re.MULTILINE)
_IMAGE = re.compile(rb"^(\s*image:)\s*\S+", re.MULTILINE)
_AT_A_TIME = 200


class Contract(Struct):
    """One distinct text: where it was seen first, its findings by rule and severity, and why each KFP refuses it."""

    name: str
    file: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    kfp: dict[str, dict[str, str]] = field(default_factory=dict)

    def refused(self, line: str) -> str:
        """Return why a line of KFP does not load it or makes no step of it; empty if it does."""
        answer = self.kfp[line]
        return answer["load"] or answer["step"]


def main() -> int:
    """Print the counts; exit 1 after a crash, or if kfp 2 cannot load a contract without an error."""
    parser = argparse.ArgumentParser(description="lint public contracts, and compare with KFP")
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument("--history", action="store_true", help="every version of every reference, not HEAD alone")
    parser.add_argument("--kfp1", help="an interpreter with kfp 1.8")
    parser.add_argument("--kfp2", help="an interpreter with kfp 2")
    parser.add_argument("--report", type=Path, help="write the contracts to look at by hand, as JSON lines")
    parser.add_argument("--answers", type=Path, help="keep what KFP answers, and ask about nothing twice")
    options = parser.parse_args()
    lines = {line: python for line, python in (("1.8", options.kfp1), ("2", options.kfp2)) if python}
    with tempfile.TemporaryDirectory() as folder:
        contracts = _written(options.checkouts, Path(folder), history=options.history)
        print(f"{len(contracts)} distinct contracts")
        crashes = _lint(contracts, Path(folder))
        for line, python in lines.items():
            _ask(python, line, contracts, Path(folder), options.answers or Path(folder, "answers"))
    _print_findings(contracts.values())
    missed = _print_agreement(list(contracts.values()), list(lines))
    if options.report:
        options.report.write_text("".join(f"{json.dumps(row)}\n" for row in _to_look_at(contracts.values(), lines)))
    return 1 if crashes or missed else 0


def _written(checkouts: Sequence[Path], folder: Path, *, history: bool) -> dict[str, Contract]:
    """Write each distinct contract into a file of the folder, and return their names by those of the files."""
    contracts: dict[str, Contract] = {}
    for checkout in checkouts:
        for blob, path, data in _blobs(checkout, history=history):
            file = f"{blob}.yaml"
            if file not in contracts and _TOP.search(data):
                contracts[file] = Contract(name=f"{checkout.parent.name}:{path}", file=file)
                (folder / file).write_bytes(data)
    return contracts


def _blobs(checkout: Path, *, history: bool) -> Iterator[tuple[str, str, bytes]]:
    """Yield the id, a path and the content of each YAML file, one at a time."""
    words = (
        ["rev-list", "--objects", "--missing=allow-any", "--all"]
        if history
        else ["ls-tree", "-r", "--format=%(objectname) %(path)", "HEAD"]
    )
    listed = subprocess.run(["git", "-C", checkout, *words], check=True, capture_output=True).stdout.decode()
    with subprocess.Popen(
        ["git", "-C", checkout, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as objects:
        assert objects.stdin
        assert objects.stdout
        for line in listed.splitlines():
            blob, _, path = line.partition(" ")
            if not path.endswith((".yaml", ".yml")):
                continue
            objects.stdin.write(f"{blob}\n".encode())
            objects.stdin.flush()
            kind, size = objects.stdout.readline().split()[-2:]
            if size == b"missing":
                continue
            data = objects.stdout.read(int(size) + 1)[:-1]
            if kind == b"blob":
                yield blob, path, data
        objects.stdin.close()


def _lint(contracts: Mapping[str, Contract], folder: Path) -> int:
    """Add the findings of `comp lint` to each contract, and return how many of its runs crashed."""
    begun, crashes, most = time.perf_counter(), 0, 0
    for files in _parts(contracts):
        words = [str(Path(sys.executable).with_name("comp")), "lint", "--format", "jsonl", *files]
        with (folder / "stdout").open("w+b") as out, (folder / "stderr").open("w+b") as err:
            process = subprocess.Popen(words, cwd=folder, stdout=out, stderr=err)
            # The memory of this process alone, and not of git's.
            _, status, usage = os.wait4(process.pid, 0)
        most = max(most, usage.ru_maxrss)
        if os.waitstatus_to_exitcode(status) not in {0, 1}:
            crashes += 1
            print(f"comp lint ended with {status}: {(folder / 'stderr').read_text()[-300:]}")
        for line in (folder / "stdout").read_text().splitlines():
            finding = json.loads(line)
            contract = contracts[finding["path"]]
            contract.counts[finding["rule"], finding["severity"]] += 1
            if finding["severity"] == "error":
                contract.errors.append(f"{finding['rule']} {finding['line']}: {finding['message']}")
    print(f"linted in {time.perf_counter() - begun:.0f} s, at most {most / 1024:.0f} MB, {crashes} crashes")
    return crashes


def _parts(named: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names, some at a time."""
    files = list(named)
    yield from (files[start : start + _AT_A_TIME] for start in range(0, len(files), _AT_A_TIME))


def _ask(python: str, line: str, contracts: Mapping[str, Contract], folder: Path, answers: Path) -> None:
    """Add what a KFP says to each contract, and keep it in a file of answers, which the next run reads.

    KFP does not look at an image's name, so that texts with different images alone are one question. A process gets a
    part of them, since KFP keeps what it has loaded.
    """
    keys = {file: _question((folder / file).read_bytes()) for file in contracts}
    known = dict(json.loads(row) for row in answers.read_text().splitlines()) if answers.is_file() else {}
    open_ = {key: file for file, key in keys.items() if f"{line} {key}" not in known}
    for part in _parts(open_):
        asked = "".join(
            f"{json.dumps((folder / open_[key]).read_bytes().decode('utf-8', 'replace'))}\n" for key in part
        )
        words = [python, "-W", "ignore", str(_STEPS)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, env=environ, input=asked, capture_output=True, text=True, check=True)
        got = {f"{line} {key}": json.loads(row) for key, row in zip(part, done.stdout.splitlines(), strict=True)}
        known |= got
        with answers.open("a") as file:
            file.writelines(f"{json.dumps(pair)}\n" for pair in got.items())
    for file_, contract in contracts.items():
        contract.kfp[line] = known[f"{line} {keys[file_]}"]


def _question(data: bytes) -> str:
    """Return what is equal for contracts that differ in their image alone."""
    return hashlib.sha256(_IMAGE.sub(rb"\1", data)).hexdigest()


def _print_findings(contracts: Collection[Contract]) -> None:
    """Print how many contracts and findings each rule has, by severity."""
    findings: Counter[tuple[str, str]] = Counter()
    texts: Counter[tuple[str, str]] = Counter()
    for contract in contracts:
        findings.update(contract.counts)
        texts.update(set(contract.counts))
    print("\nrule  severity  findings  contracts")
    for (rule, severity), count in sorted(findings.items()):
        print(f"{rule}  {severity:8}  {count:8}  {texts[rule, severity]:9}")
    for severity in ("error", "warning", "info"):
        with_it = sum(any(key[1] == severity for key in contract.counts) for contract in contracts)
        print(f"contracts with {severity}s: {with_it}")


def _print_agreement(contracts: Sequence[Contract], lines: Sequence[str]) -> int:
    """Print how lint and each KFP agree; return how many contracts kfp 2 cannot load and lint has no error for."""
    missed = 0
    for line in lines:
        table = Counter((bool(contract.errors), _stage(contract, line)) for contract in contracts)
        print(f"\nkfp {line}        lint error  no lint error")
        for stage in ("not loaded", "no step", "compiled"):
            print(f"{stage:14} {table[True, stage]:10}  {table[False, stage]:13}")
        if line == "2":
            missed = table[False, "not loaded"]
    if lines:
        rules = Counter(
            rule
            for contract in contracts
            if not any(contract.refused(line) for line in lines)
            for rule in {error.split()[0] for error in contract.errors}
        )
        print("\ncontracts that every KFP compiles, with an error of", dict(sorted(rules.items())))
    return missed


def _stage(contract: Contract, line: str) -> str:
    """Return how far a KFP comes with a contract."""
    if contract.kfp[line]["load"]:
        return "not loaded"
    return "no step" if contract.kfp[line]["step"] else "compiled"


def _to_look_at(contracts: Iterable[Contract], lines: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the contracts that have an error though a KFP compiles them, or none though a KFP does not."""
    for contract in contracts:
        refused = {line: contract.refused(line) for line in lines}
        if any(bool(contract.errors) != bool(reason) for reason in refused.values()):
            yield {"name": contract.name, "file": contract.file, "refused": refused, "errors": contract.errors}


if __name__ == "__main__":
    sys.exit(main())
