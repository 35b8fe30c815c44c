"""Read every compiled pipeline of a checkout, and draw it.

    python tests/conformance/pipelines.py CHECKOUT[@REF]

A checkout may be a bare one. The refusals are listed with their places; any other error is a fault of ours. Nothing of
what is read is kept.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import InputError
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.page import Shown, page


def main(checkout: str) -> None:
    """Read, draw, and count."""
    read, refused, longest = 0, [], 0.0
    for name, text in _pipelines(*checkout.partition("@")[::2]):
        begun = time.perf_counter()
        try:
            page(parse_pipeline(text, Path(name)), Shown())
        except InputError as error:
            refused.append(f"{error.where}: {error.message}")
        else:
            read += 1
            longest = max(longest, time.perf_counter() - begun)
    print(*refused, sep="\n")
    print(f"{read} read and drawn, {len(refused)} refused; the longest took {longest:.2f} s")


def _pipelines(folder: str, ref: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file that has IR."""
    ref = ref or "HEAD"
    for name in _git(folder, "ls-tree", "-r", "--name-only", ref).splitlines():
        if name.endswith((".yaml", ".yml")):
            text = _git(folder, "show", f"{ref}:{name}")
            if text.startswith(("#", "components:", "pipelineInfo:")) and "\npipelineInfo:" in f"\n{text}":
                yield name, text


def _git(folder: str, *words: str) -> str:
    """Run git, and return its stdout."""
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, check=True, timeout=120)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    main(sys.argv[1])
