"""Read every public contract with our reader, write it back, and compare; the same for IR.

Give checkouts (bare ones too), or folders of files:

    python tests/conformance/corpus.py PATH[@REF,REF…] … [--kfp1 PYTHON] [--kfp2 PYTHON]

With the interpreters of environments that have kfp, it also proves that whatever either KFP reads, we read.
Nothing of what is read is kept.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, field

from toolkit.errors import InputError
from toolkit.forms.ir import write_ir
from toolkit.forms.ir_arguments import read_ir_argument
from toolkit.forms.ir_reader import parse_ir
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

_LOADER = """
import json, sys, warnings
warnings.simplefilter("ignore")
from kfp import components
answers = {}
for name in json.load(open(sys.argv[1])):
    try:
        components.load_component_from_file(name)
        answers[name] = ""
    except Exception as error:
        answers[name] = type(error).__name__ + ": " + str(error).split(chr(10))[0][:160]
json.dump(answers, open(sys.argv[2], "w"))
"""


class Tally(Struct):
    """What was found: how many of each kind, and each miss with its reason."""

    files: int = 0
    read: int = 0
    written: int = 0
    misses: list[str] = field(default_factory=list)


def main() -> int:
    """Print the tallies; exit 1 when something that a KFP reads was missed, or when anything was lost."""
    parser = argparse.ArgumentParser(description="read public contracts and write them back")
    parser.add_argument("paths", nargs="+", help="a checkout, with @REF,REF if not only HEAD counts, or a folder")
    parser.add_argument("--kfp1", help="an interpreter with kfp 1.8")
    parser.add_argument("--kfp2", help="an interpreter with kfp 2")
    options = parser.parse_args()
    contracts, documents = sorted_out(options.paths)
    tally, refused = _read_all(contracts)
    print(f"contracts: {tally.files} distinct, {tally.read} read, {tally.written} written back without loss")
    _print(tally.misses)
    missed: set[str] = set()
    for title, python in (("kfp 1.8", options.kfp1), ("kfp 2", options.kfp2)):
        if python:
            read = _read_by(python, contracts)
            missed |= read & refused
            print(f"{title}: reads {len(read)} of them, {len(read & refused)} of which we do not")
    written, kept = _as_ir(contracts)
    print(f"{len(written)} of the contracts can be written as IR, {kept} of them with nothing lost when read again")
    if options.kfp2:
        print(f"kfp 2: loads {len(_read_by(options.kfp2, written))} of what was written")
    ir = _read_ir(documents)
    print(f"IR of one task: {ir.files} distinct, {ir.read} read as components, {ir.written} written back without loss")
    _print(ir.misses)
    return 1 if missed or tally.written < tally.read or ir.written < ir.read else 0


def _print(misses: list[str]) -> None:
    for miss in misses:
        print(f"  {miss}")


def sorted_out(paths: list[str]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Give the distinct contracts and IR documents by a name, the first of equal ones."""
    contracts: dict[str, bytes] = {}
    documents: dict[str, bytes] = {}
    seen: set[str] = set()
    for given in paths:
        folder, _, references = given.partition("@")
        for name, data in _files(Path(folder), references.split(",") if references else ["HEAD"]):
            digest = hashlib.sha256(data).hexdigest()
            if digest in seen or not (b"implementation" in data or b"pipelineInfo" in data):
                continue
            seen.add(digest)
            top = _top(data)
            if "implementation" in top:
                contracts[f"{digest[:12]} {name}"] = data
            elif "pipelineInfo" in top and _is_one_task(top):
                documents[f"{digest[:12]} {name}"] = data
    return contracts, documents


def _files(folder: Path, references: list[str]) -> Iterator[tuple[str, bytes]]:
    if not (folder / ".git").exists() and not (folder / "HEAD").exists():
        for found in sorted(folder.rglob("*.y*ml")):
            yield str(found.relative_to(folder)), found.read_bytes()
        return
    seen: set[str] = set()
    for reference in references:
        listing = _git(folder, "ls-tree", "-r", "-z", reference).decode().split("\0")
        for line in filter(None, listing):
            about, _, path = line.partition("\t")
            _, kind, blob = about.split()
            if kind == "blob" and path.endswith((".yaml", ".yml")) and blob not in seen:
                seen.add(blob)
                yield f"{reference}:{path}", _git(folder, "cat-file", "blob", blob)


def _git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout


def _top(data: bytes) -> dict[str, Any]:
    try:
        document = next(yaml.load_all(data, Loader=yaml.CSafeLoader), None)
    except (yaml.YAMLError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_one_task(document: dict[str, Any]) -> bool:
    try:
        return len(document["components"]) == 1 and len(document["root"]["dag"]["tasks"]) == 1
    except (KeyError, TypeError):
        return False


def _as_ir(contracts: dict[str, bytes]) -> tuple[dict[str, bytes], int]:
    """Write every contract that can be as IR, by its name, and count those that come back equal from it."""
    written, kept = {}, 0
    for name, data in contracts.items():
        try:
            text = write_ir(parse_component(data.decode(), Path(name)))
        except (InputError, UnicodeDecodeError):
            continue
        written[name] = text.encode()
        try:
            kept += write_ir(parse_ir(text, Path(name))) == text
        except InputError:
            continue
    return written, kept


def _read_all(contracts: dict[str, bytes]) -> tuple[Tally, set[str]]:
    tally, refused = Tally(files=len(contracts)), set()
    for name, data in contracts.items():
        path = Path(name)
        try:
            text = data.decode()
            spec = parse_component(text, path)
        except (InputError, UnicodeDecodeError) as error:
            tally.misses.append(f"not read: {name}: {error}")
            refused.add(name)
            continue
        tally.read += 1
        written = write_component(spec)
        if parse_component(written, path) != spec:
            tally.misses.append(f"read again as something else: {name}")
        elif lost := lost_between(text, written):
            tally.misses.append(f"lost: {name}: {lost}")
        else:
            tally.written += 1
    return tally, refused


def lost_between(text: str, written: str) -> str:
    """Say what of a contract is not in another one, or ''."""
    return _difference(_settled(_node(text)), _settled(_node(written)))


def _node(text: str) -> yaml.Node:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert node is not None
    return node


def _settled(node: yaml.Node, key: str = "") -> Any:
    """Give the data of a document without what says nothing: order and nulls, empty lists, `optional: false`.

    Scalars are the texts as they are written, so that 1.10 is not 1.1; a branch of `if` with one item is a list.
    """
    if isinstance(node, yaml.MappingNode):
        pairs = {name.value: _settled(value, name.value) for name, value in node.value}
        return {name: value for name, value in pairs.items() if not _says_nothing(name, value)}
    if isinstance(node, yaml.SequenceNode):
        return [_settled(item) for item in node.value]
    if node.tag.endswith(":null"):
        return None
    value = node.value.lower() if node.tag.endswith(":bool") and key != "default" else node.value
    return [value] if key in {"then", "else"} else value


def _says_nothing(name: str, value: object) -> bool:
    return (
        value is None
        or (name in {"inputs", "outputs", "args", "command", "env", "fileOutputs", "annotations"} and not value)
        or (name in {"labels", "metadata", "arguments", "outputValues", "else"} and not value)
        or (name in {"description", "type", "name"} and value == "")
        or (name == "optional" and value in {"false", "no", "off"})
    )


def _difference(given: Any, written: Any, place: str = "") -> str:
    """Say what of the given document is not in the written one, or ''."""
    if place.endswith((".then", ".else")):
        given, written = (value if isinstance(value, list) else [value] for value in (given, written))
    if isinstance(given, dict) and isinstance(written, dict):
        found = (_difference(value, written.get(key), f"{place}.{key}") for key, value in given.items())
        return next(filter(None, found), "")
    if isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        pairs = enumerate(zip(given, written, strict=True))
        return next(filter(None, (_difference(*pair, f"{place}[{index}]") for index, pair in pairs)), "")
    return "" if given == written else f"{place}: {str(given)[:60]!r} became {str(written)[:60]!r}"


def _read_by(python: str, contracts: dict[str, bytes]) -> set[str]:
    """Say which contracts a KFP reads."""
    with tempfile.TemporaryDirectory() as folder:
        names = {str(Path(folder, f"{index}.yaml")): name for index, name in enumerate(contracts)}
        for path, name in names.items():
            Path(path).write_bytes(contracts[name])
        asked, answered = Path(folder, "asked.json"), Path(folder, "answered.json")
        asked.write_text(json.dumps(list(names)))
        subprocess.run([python, "-c", _LOADER, str(asked), str(answered)], check=True, capture_output=True)
        answers = json.loads(answered.read_text())
    return {name for path, name in names.items() if not answers[path]}


def _read_ir(documents: dict[str, bytes]) -> Tally:
    tally = Tally(files=len(documents))
    for name, data in documents.items():
        try:
            spec = parse_ir(data.decode(), Path(name))
        except InputError as error:
            tally.misses.append(f"not a component: {name}: {error}")
            continue
        tally.read += 1
        lost = _difference(_settled_ir(_top(data)), _settled_ir(yaml.safe_load(write_ir(spec))))
        if lost:
            tally.misses.append(f"lost: {name}: {lost}")
        else:
            tally.written += 1
    return tally


def _settled_ir(document: Any) -> Any:
    """Leave out who wrote a document; arguments that are written in two ways are the same."""
    if isinstance(document, dict):
        ours = {"sdkVersion", "schemaVersion"}
        return {key: _settled_ir(value) for key, value in document.items() if key not in ours}
    if isinstance(document, list):
        return [_settled_ir(item) for item in document]
    if isinstance(document, str) and "{{$" in document:
        return repr(read_ir_argument(document))
    return document


if __name__ == "__main__":
    sys.exit(main())
