"""What system packages cost: the first component that asks for them, and the next one, against one without any.

    python -m benchmarks.system_packages BASE [MIRROR]

BASE is a Debian base as `layout:DIR`. Everything is in a cache of its own.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Command, Cost, adopt_orphans, measure

_COMP = Path(sys.executable).with_name("comp")
_RUNS = 7
_ASKED = (("libgomp1",), ("jq",), ("git",), ("r-base-core",))


def _component(folder: Path, base: str, packages: tuple[str, ...]) -> Path:
    """Write a component of one function."""
    folder.mkdir(parents=True)
    named = f"system-packages = {list(packages)!r}\n".replace("'", '"') if packages else ""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{folder.name}"\nversion = "1"\nrequires-python = ">=3.11"\n\n'
        f'[tool.comp]\nentrypoint = "one:one"\nbase = "{base}"\n{named}'
    )
    (folder / "one.py").write_text(
        'def one(text: str) -> str:\n    """Give a text.\n\n    Args:\n        text: Any.\n    """\n    return text\n'
    )
    return folder


def main() -> None:
    """Measure, and print a table."""
    base, mirror = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""  # noqa: PLR2004
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = {**os.environ, "COMP_CACHE_DIR": str(root / "cache"), "COMP_DEBIAN_MIRROR": mirror}
        environment.pop("COMP_BASE", None)

        def build(name: str, packages: tuple[str, ...]) -> Cost:
            """Make a component and its contract, and build it."""
            made = _component(root / name, base, packages)
            measure(
                Command(words=[str(_COMP), "generate", "."], folder=made, environment=environment), apart=frozenset()
            )
            return measure(
                Command(words=[str(_COMP), "build", "."], folder=made, environment=environment), apart=frozenset()
            )

        build("warm", ())
        print("| packages | first: wall, CPU s | next: wall, CPU s | without: wall, CPU s |\n|---|---|---|---|")
        for asked in _ASKED:
            first = build(f"first-{asked[0]}", asked)
            runs = [
                (build(f"next-{asked[0]}-{run}", asked), build(f"plain-{asked[0]}-{run}", ())) for run in range(_RUNS)
            ]
            following, plain = (
                Cost(statistics.median(cost.wall for cost in each), statistics.median(cost.cpu for cost in each))
                for each in zip(*runs, strict=True)
            )
            cells = (f"{cost.wall:.2f}, {cost.cpu:.2f}" for cost in (first, following, plain))
            print(f"| {' '.join(asked)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
