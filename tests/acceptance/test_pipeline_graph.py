"""`comp pipeline graph`: the page and the picture, and how a real browser shows them."""

import struct
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.commands import comp, ok
from tests.daemons import require
from tests.pipelines import constant, dag, executed, pipeline, ports, result, task, written

HOSTILE = "</title><script>document.title='taken'</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the IR of a pipeline, one of whose steps has a hostile name."""
    one = executed("one", ports(x="int"), ports(Output="int"))
    tasks = {
        "a": task("one", inputs={"x": constant(1)}, taskInfo={"name": HOSTILE}),
        "b": task("one", inputs={"x": result("a")}),
    }
    (tmp_path / "p.yaml").write_text(written(pipeline(dag(tasks), {"one": one})))
    return tmp_path


def test_a_page_and_a_picture_are_written(folder: Path) -> None:
    assert comp("pipeline", "graph", "p.yaml", folder=folder).err == "wrote p.html\n"
    assert (folder / "p.html").read_text().startswith("<!doctype html>\n")
    ok("pipeline", "graph", "p.yaml", "-o", "p.svg", folder=folder)
    assert ET.fromstring((folder / "p.svg").read_text()).tag.endswith("svg")  # noqa: S314 (our own)


@pytest.mark.parametrize("name", ["p.html", "p.svg"])
def test_only_what_comp_has_drawn_is_drawn_anew(folder: Path, name: str) -> None:
    (folder / name).write_text("mine")
    refused = comp("pipeline", "graph", "p.yaml", "-o", name, folder=folder)
    assert (refused.code, (folder / name).read_text()) == (2, "mine")
    assert f"{name} exists, and comp has not drawn it" in refused.err
    ok("pipeline", "graph", "p.yaml", "-o", name, "--force", folder=folder)
    ok("pipeline", "graph", "p.yaml", "-o", name, folder=folder)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("q.yaml",), 1, "q.yaml: the file is missing"),
        (("p.yaml", "-o", "p.png"), 2, "p.png is neither .html nor .svg"),
        (("p.yaml", "--run", "."), 1, "this is not the folder of a run"),
    ],
)
def test_mistakes_are_refused(folder: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = comp("pipeline", "graph", *arguments, folder=folder)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "hint: " in done.err


def _browser(folder: Path, *words: str) -> str:
    """Run a browser without a window and without the network, and return its stdout."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    command = [require("chromium"), "--headless", "--no-sandbox", "--disable-gpu", *quiet]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=1000,800", *words]
    done = subprocess.run(
        [*command, (folder / "p.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_a_browser_shows_the_page_and_runs_nothing(folder: Path) -> None:
    ok("pipeline", "graph", "p.yaml", folder=folder)
    shown = _browser(folder, "--dump-dom")
    assert "<title>example</title>" in shown
    assert "<script" not in shown
    assert 'href="#step-0"' in shown
    assert shown.count("<svg") == 1


@pytest.mark.parametrize(("scheme", "corner"), [("1", (255, 255, 255)), ("0", (13, 17, 23))])
def test_a_page_is_light_or_dark_as_its_reader_likes(folder: Path, scheme: str, corner: tuple[int, ...]) -> None:
    ok("pipeline", "graph", "p.yaml", folder=folder)
    _browser(folder, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={folder / 'p.png'}")
    assert _corner((folder / "p.png").read_bytes()) == corner


def _corner(png: bytes) -> tuple[int, ...]:
    """Return the colour of the first pixel, which no filter of PNG changes."""
    packed, at = b"", 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(packed)[1:4])
