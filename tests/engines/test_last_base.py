"""A run uses the base of the last build, even without the servers."""

from pathlib import Path

import pytest

from tests.commands import comp, ok, run_program
from tests.servers import distribution_server


@pytest.mark.usefixtures("sample")
def test_a_run_after_a_push_on_another_base(
    docker_host: str, debian_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert docker_host
    (tmp_path / "steps.py").write_text("def step(word: str) -> str:\n    return word * 2\n")
    ok("new", "step", "--from-function", "steps.py:step", folder=tmp_path)
    # What the settings name cannot be had here.
    monkeypatch.setenv("COMP_BASE", "127.0.0.1:1/nothing:1")
    with distribution_server(tmp_path / "remote") as server:
        base, image = f"{server.host}/bases/debian:12", f"{server.host}/last/step"
        run_program("skopeo", "copy", "--dest-tls-verify=false", f"oci:{debian_base}", f"docker://{base}")
        ok("build", "step", "--base", base, "--push", "--image", image, folder=tmp_path)
    result = comp("run", "step", "--runner", "docker", "-i", "word=ab", folder=tmp_path)
    assert (result.code, result.out) == (0, "Output=abab\n"), result.err
    assert f"on the base {base}@sha256:" in result.err
    by_process = comp("run", "step", "--runner", "process", "-i", "word=ab", folder=tmp_path)
    assert (by_process.code, by_process.out) == (0, "Output=abab\n"), by_process.err
    failed = comp("run", "step", "--base", "127.0.0.1:1/nothing:1", "-i", "word=ab", folder=tmp_path)
    assert failed.code == 3
    refused = comp("run", "step/component.yaml", "--base", "b:1", "-i", "word=ab", folder=tmp_path)
    assert (refused.code, refused.out) == (2, "")
