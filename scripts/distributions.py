"""Generate toolkit/scaffold/distributions.json, which maps imported modules to the distributions that provide them.

A wheel proves each entry: uv installs the distributions named in distributions.txt with their dependencies, and this
reads their lists of files. The platform is macOS, since its wheels contain no libraries for GPUs.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import uv
from packaging.utils import canonicalize_name

from toolkit.scaffold.distribution_modules import owned_modules

_ROOT = Path(__file__).resolve().parent.parent
_LIST = _ROOT / "scripts" / "distributions.txt"
_TABLE = _ROOT / "toolkit" / "scaffold" / "distributions.json"
_OPTIONS = ("--quiet", "--no-config", "--only-binary", ":all:", "--python-version", "3.12")
_PLATFORM = ("--python-platform", "aarch64-apple-darwin")
_TIMEOUT = 1800


def main() -> None:
    """Install the distributions, read their files, and write the table."""
    listed: list[str] = []
    versions: dict[str, str] = {}
    owners: dict[str, set[str]] = {}
    for wanted in _environments():
        listed += map(canonicalize_name, wanted)
        with tempfile.TemporaryDirectory() as folder:
            program = [uv.find_uv_bin(), "pip", "install", *_OPTIONS, *_PLATFORM, "--target", folder, *wanted]
            subprocess.run(program, check=True, timeout=_TIMEOUT)
            for found in distributions(path=[folder]):
                name = canonicalize_name(found.name)
                versions[name] = found.version
                for module in _modules(found):
                    owners.setdefault(module, set()).add(name)
    table = {
        "made by": "scripts/distributions.py",
        "looked into": dict(sorted(versions.items())),
        "modules": {module: found for module in sorted(owners) if (found := _counting(owners[module], listed))},
    }
    _TABLE.write_text(_written(table))


def _written(table: dict[str, Any]) -> str:
    """Write the table with one line for each distribution and module, so that diffs are readable."""
    lines = [f'  "made by": {json.dumps(table.pop("made by"))}']
    for key, entries in table.items():
        inner = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
        lines.append(f"  {json.dumps(key)}: {{\n{inner}\n  }}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _environments() -> Iterable[list[str]]:
    for paragraph in _LIST.read_text().split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        if lines:
            yield lines


def _modules(found: Distribution) -> Iterable[str]:
    files = {str(path): path for path in found.files or ()}
    return owned_modules(files, lambda path: Path(files[path].locate()).read_text("utf-8", "replace"))


def _counting(names: set[str], listed: list[str]) -> list[str]:
    """Return the distributions to choose from, the preferred one first: the only one, else those that are listed."""
    return [*names] if len(names) == 1 else sorted(names & {*listed}, key=listed.index)


if __name__ == "__main__":
    main()
