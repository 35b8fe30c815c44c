"""The catalogue of a large registry: a build after one release, what the first page loads, and its script's time.

    python -m benchmarks.catalogue REGISTRY [--full]

REGISTRY is a folder with a registry, as `benchmarks.generated_registry` makes; nothing in it is changed. A release is
played by an entry with one version more. Without --full the first build writes short pages for components, which takes
seconds instead of minutes; the builds that are measured make whole ones.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from unittest import mock

from msgspec.structs import replace

from toolkit.catalogue import site
from toolkit.catalogue.component_page import Subject
from toolkit.catalogue.serving import Changes, serving
from toolkit.registry.entry import Entry
from toolkit.registry.folder.directory import Directory
from toolkit.registry.protocol import Registry

_ROUNDS = 5
# The component that gets another version.
_CHANGED = 4_000
_SCRIPT = """() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const loaded = performance.getEntriesByType("resource");
  return {
    bytes: [navigation, ...loaded].reduce((sum, each) => sum + each.decodedBodySize, 0),
    files: loaded.length + 1,
    ready: navigation.domContentLoadedEventEnd,
  };
}"""


class OneChanged:
    """A registry in which one component's entry differs each time: what a new release does to the catalogue."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._changed = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the registry has)
        return getattr(self._registry, name)

    def change(self) -> None:
        """Let another entry differ."""
        self._changed += 1

    def entries(self) -> Iterator[Entry]:
        """Yield the entries; one has a further version each time."""
        for number, entry in enumerate(self._registry.entries()):
            yield replace(entry, versions=entry.versions + self._changed) if number == _CHANGED else entry


def main() -> None:
    """Print the measurements."""
    root = Path(sys.argv[1])
    registry = OneChanged(Directory.open(root))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "site")
        began = time.perf_counter()
        if "--full" in sys.argv:
            site.build_site(cast("Registry", registry), out, site.Choices())
        else:
            with mock.patch.object(site, "make_all", _short):
                site.build_site(cast("Registry", registry), out, site.Choices())
        print(f"first build: {time.perf_counter() - began:.1f} s, {sum(1 for _ in out.rglob('*.html'))} pages")
        print(f"a build after one release: {min(_again(registry, out)):.2f} s of processor in the process")
        print(f"the command, nothing changed: {min(_command(root, out)):.2f} s of processor")
        _browse(out)


def _short(registry: object, subjects: Sequence[Subject], order: object) -> Iterator[tuple[Subject, dict[str, bytes]]]:
    """Yield short files in the place of each component's page and contract."""
    del registry, order
    for subject in subjects:
        name = subject.entry.name
        yield subject, {f"c/{name}.html": b"page", f"c/{name}.yaml": b"contract"}


def _again(registry: OneChanged, out: Path) -> Iterator[float]:
    """Yield the seconds of builds after a change of one component."""
    for _ in range(_ROUNDS):
        registry.change()
        began = time.process_time()
        built = site.build_site(cast("Registry", registry), out, site.Choices())
        yield time.process_time() - began
        if built.written != 1:
            sys.exit(f"{built.written} pages were made, expected 1")


def _command(root: Path, out: Path) -> Iterator[float]:
    """Yield the seconds of processor of the whole command."""
    import resource

    for _ in range(_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "toolkit.cli.main", "catalog", "build"]
        subprocess.run([*command, "--registry", str(root), "--output", str(out)], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _browse(out: Path) -> None:
    """Print what a browser loads for the first page, and how long its scripts take."""
    from playwright.sync_api import sync_playwright

    with serving(out, 0, Changes()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, query in (("first page", ""), ("a search in all", "#q=train")):
            times = []
            for _ in range(_ROUNDS):
                context = browser.new_context()
                page = context.new_page()
                client = context.new_cdp_session(page)
                client.send("Performance.enable")
                page.goto(f"{address}index.html{query}")
                page.wait_for_function if False else page.locator("#status").wait_for()
                page.wait_for_timeout(3000)
                measured = {each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]}
                times.append(measured["ScriptDuration"] * 1000)
                loaded = page.evaluate(_SCRIPT)
                words = page.locator("#status").inner_text()
                context.close()
            print(f"{name}: {json.dumps(loaded)}, scripts {min(times):.0f} ms, {words!r}")
        browser.close()


if __name__ == "__main__":
    main()
