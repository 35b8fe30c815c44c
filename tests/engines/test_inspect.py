"""`comp inspect` says what is in an image: one of ours on a real server and in a layout, and a stranger's."""

import json
from pathlib import Path

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.servers import Server


def test_a_pushed_image_by_its_folder(sample: Sample, remote: Server) -> None:
    folder = sample("load_table")
    unpinned = comp("inspect", folder)
    assert unpinned.code == 1
    assert "is not pinned yet" in unpinned.err
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/inspect/load_table")
    facts = json.loads(ok("inspect", folder, "--packages", "--format", "json"))
    assert facts == json.loads(ok("inspect", reference, "--packages", "--format", "json"))
    assert facts["digest"] == reference.partition("@")[2]
    assert facts["platform"] == "linux/amd64"
    assert facts["command"] == ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py"]
    made_by = [(layer["made_by"], layer["ours"]) for layer in facts["layers"]]
    assert made_by[-1] == ("code", True)
    assert made_by[0][1] is False
    assert set(facts["components"]) == {"load-table", "split-table"}
    packages = {one["name"]: one["size"] for one in facts["packages"]}
    assert list(packages.values()) == sorted(packages.values(), reverse=True)
    assert packages["pandas"] > 10_000_000


def test_the_text_of_an_image_in_a_layout(sample: Sample, tmp_path: Path) -> None:
    folder = sample("summarise_text")
    digest = ok("build", folder, "--output", f"layout:{tmp_path / 'layout'}")
    lines = ok("inspect", f"layout:{tmp_path / 'layout'}").splitlines()
    assert lines[0] == f"digest    {digest}"
    assert "summarise-text: summarise_text:summarise" in lines
    assert any(line.endswith("  code") for line in lines)


def test_a_strangers_image_has_layers_and_no_components(debian_base: Path) -> None:
    facts = json.loads(ok("inspect", f"layout:{debian_base}", "--format", "json"))
    assert facts["components"] == {}
    assert facts["packages"] is None
    assert [layer["ours"] for layer in facts["layers"]] == [False]
    assert comp("inspect", f"layout:{debian_base}", "--platform", "linux/arm64").code == 1
    assert comp("inspect", "127.0.0.1:1/a/b").code == 3
