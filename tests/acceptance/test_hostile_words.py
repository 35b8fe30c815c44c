"""Foreign text is shown and never obeyed: none of its control characters reaches the terminal."""

import json
import re
from pathlib import Path

import pytest

from tests.commands import Result, comp
from tests.fake_remote import FakeRemote, Reply, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.oci.layout import write_layout

# ESC ] sets a terminal's title, CSI clears it, U+202E turns what follows round; in the escapes of JSON and YAML.
EVIL = "evil\x1b]0;owned\x07\x9b2J\u202eend\x7f"
QUOTED = r"evil\x1b]0;owned\x07\x9b2J\u202eend\x7f"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CONTRACT = f"""name: "{QUOTED}"
description: "{QUOTED}"
inputs:
- {{name: c, type: String, default: "{QUOTED}", description: "{QUOTED}"}}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:{"0" * 64}
    command: [train, {{inputValue: c}}]
"""
PROJECT = '[project]\nname = "train"\nversion = "1.0.0"\n\n[tool.comp]\ncommand = ["train"]\nnamespace = "ml"\n'


def shown(result: Result) -> str:
    printed = result.out + result.err
    assert "Traceback" not in printed
    assert not STEERING.search(printed), ascii(printed)
    return printed


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "component.yaml").write_text(CONTRACT)
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def test_contracts_and_records(component: Path, tmp_path: Path) -> None:
    for form in ("text", "json", "github"):
        shown(comp("lint", component, "--format", form))
    for form in ("component", "ir", "argo"):
        shown(comp("convert", component / "component.yaml", "--to", form))
    shown(comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path))
    for command in (["search", "evil"], ["show", "train"]):
        assert "evil" in shown(comp(*command, "--registry", "shared", folder=tmp_path))
        result = comp(*command, "--registry", "shared", "--format", "json", folder=tmp_path)
        shown(result)
        parsed = json.loads(result.out)
        assert (parsed if isinstance(parsed, dict) else parsed[0])["description"] == EVIL
    shown(comp("add", "train", "--registry", "shared", folder=tmp_path))


def test_images(tmp_path: Path) -> None:
    def edit(config: dict[str, object]) -> None:
        config["config"] = {"Labels": {EVIL: EVIL}, "Env": [f"X={EVIL}"], "Cmd": [EVIL], "User": EVIL}

    write_layout(image_of([layer_of(tar_of(f"etc/{EVIL}", f"etc/{EVIL}"))], config=edit), tmp_path / "image")
    for form in ("text", "json"):
        shown(comp("inspect", "--check", f"layout:{tmp_path / 'image'}", "--format", form))
    shown(comp("inspect", f"layout:{tmp_path / 'image'}", "--packages"))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"errors": [{"code": "DENIED", "message": EVIL}]}).encode(),
        json.dumps({"message": EVIL}).encode(),
        EVIL.encode(),
        f"<html><h1>{EVIL}</h1></html>".encode(),
    ],
)
def test_servers(tmp_path: Path, body: bytes) -> None:
    remote = FakeRemote()
    remote.faults.replies = [("GET", "/manifests/", Reply(403, {}, body))] * 4
    with serving(remote):
        printed = shown(comp("-vv", "inspect", f"{remote.host}/a/b:1", folder=tmp_path))
    assert "evil" in printed


@pytest.mark.parametrize("location", ["http://[::1\x1b", f"https://{EVIL.encode().decode('latin-1')}/"])
def test_addresses_of_servers(tmp_path: Path, location: str) -> None:
    remote = FakeRemote()
    remote.faults.replies = [("GET", "/manifests/", Reply(307, {"Location": location}))] * 4
    with serving(remote):
        result = comp("-vv", "inspect", f"{remote.host}/a/b:1", folder=tmp_path)
    assert result.code == 3
    shown(result)


def test_names_on_the_command_line_and_of_files(tmp_path: Path) -> None:
    (tmp_path / f"{EVIL}.py").write_text(f"def f(x: int = '{QUOTED}') -> int:\n    '''{EVIL}'''\n")
    for words in (
        [EVIL],
        ["inspect-function", f"{EVIL}.py"],
        ["inspect-function", f"{EVIL}.py", "--format", "json"],
        ["new", "x", "--from-function", f"{EVIL}.py:f"],
        ["new", EVIL],
        ["build", EVIL],
        ["inspect", EVIL],
        ["explain", EVIL],
        ["lint", f"{EVIL}.py"],
    ):
        shown(comp(*words, folder=tmp_path))
