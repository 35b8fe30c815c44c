"""A component straight from a registry: the engine pulls its image by digest from a distribution server."""

import os
from pathlib import Path

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.servers import Server


def test_a_release_is_run_without_being_added(sample: Sample, remote: Server, tmp_path: Path) -> None:
    env = {**os.environ, "COMP_IMAGE_PREFIX": f"{remote.host}/text", "COMP_REGISTRIES_FILE": os.devnull}
    ok(
        "publish",
        sample("summarise_text"),
        "--build",
        "--registry",
        "shared",
        "--namespace",
        "text",
        folder=tmp_path,
        env=env,
    )
    (tmp_path / "words.txt").write_text("one two two\n")
    ran = comp(
        *("run", "text/summarise-text@^1", "--registry", "shared", "--runner", "buildah"),
        *("-i", "text=words.txt", "-o", "report=report.md"),
        folder=tmp_path,
        env=env,
    )
    assert ran.code == 0, ran.err
    assert "words=3\n" in ran.out
    assert ran.err.startswith("text/summarise-text@1.0.0 of shared\n")
    assert "| two | 2 |" in (tmp_path / "report.md").read_text()
    assert not (tmp_path / "components.lock").exists()
