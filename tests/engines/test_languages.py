"""The samples and templates in other languages are built by buildah, and their cases pass in their images.

The bases are Debian's packages without a registry: R is not among them, since its packages need their own scripts, so
its sample and template are checked without a build (tests/acceptance).
"""

import os
from pathlib import Path

import pytest

from tests.bases import make_debian_base
from tests.commands import comp, ok
from tests.conftest import Sample
from tests.daemons import require


@pytest.fixture(scope="module")
def node_base(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """The layout of a base with Debian's Node, kept between runs beside the one with Python."""
    kept = os.environ.get("COMP_TEST_BASE")
    folder = Path(f"{kept}-node") if kept else tmp_path_factory.mktemp("base") / "node"
    if not (folder / "oci-layout").is_file():
        make_debian_base(folder, cache=cache_folder, packages=["nodejs"])
    return folder


def _tested(folder: Path, *, base: Path, runner: str) -> list[str]:
    """Run the cases of a component on another base, and return the lines that name them."""
    settings = folder / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}\n[tool.comp.build-args]\nBASE = "layout:{base}"\n')
    tested = comp("test", folder, "--runner", runner)
    assert tested.code == 0, tested.out + tested.err
    return tested.out.splitlines()


def test_a_shell_tool(sample: Sample, debian_base: Path) -> None:
    require("buildah")
    assert _tested(sample("join_tables"), base=debian_base, runner="buildah") == [
        "ok   no_matches (buildah)",
        "ok   orders (buildah)",
    ]


def test_a_node_program(sample: Sample, node_base: Path) -> None:
    require("buildah")
    assert _tested(sample("report_metrics"), base=node_base, runner="buildah") == [
        "ok   nothing (buildah)",
        "ok   two_models (buildah)",
    ]


def test_a_template(sample: Sample, node_base: Path) -> None:
    # That of a shell tool is built by docs/how-to/any-language.md.
    require("buildah")
    ok("new", "my-step", "--template", "node", "--no-input", folder=sample.folder)
    assert _tested(sample.folder / "my_step", base=node_base, runner="buildah") == ["ok   example (buildah)"]


def test_a_dockerfile_that_was_taken_over(sample: Sample, debian_base: Path) -> None:
    require("buildah")
    folder = sample.folder / "tool"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        "ARG BASE=scratch\nFROM $BASE\nARG WORD\nWORKDIR /srv\nCOPY *.sh ./\nUSER 65532\n"
        'ENV GREETING="$WORD there"\nENTRYPOINT exec sh greet.sh\n'
    )
    (folder / "greet.sh").write_text('mkdir -p "$(dirname "$4")"\nprintf "%s %s" "$GREETING" "$2" > "$4"\n')
    declared = ("--input", "name:value", "--output", "text")
    made = comp("new", "greet", "--from-dockerfile", folder / "Dockerfile", *declared, folder=sample.folder)
    assert "note: ARG WORD has no default: " in made.err
    settings = sample.folder / "greet" / "pyproject.toml"
    text = settings.read_text().replace('# WORD = ""', 'WORD = "Hello"')
    settings.write_text(text.replace('# BASE = "scratch"', f'BASE = "layout:{debian_base}"'))
    ran = comp("run", "greet", "-i", "name=you", "--runner", "buildah", "-o", "text=out", folder=sample.folder)
    assert ran.code == 0, ran.err
    assert (sample.folder / "out").read_text() == "Hello there you"
