"""A component registry on docker-registry 2.8: its garbage collector, strangers' tools, publishers at the same time."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from tests.commands import comp, ok
from tests.daemons import require
from tests.oci_registries import registry_at
from tests.registries import requests_to, serving_registry
from tests.releases import contract, publish, release
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.fault import Checked
from toolkit.registry.marks import Yank
from toolkit.registry.oci.artifact import TITLE, interface_bytes
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile

NAME = release().name
README_TEXT = b"# Train\n"
PUBLISHERS = 8


def skopeo(*arguments: str | Path) -> str:
    """Run skopeo as a stranger would."""
    done = subprocess.run(
        [require("skopeo"), "--insecure-policy", *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return done.stdout


def faults(registry: OciRegistry) -> list[str]:
    return [str(fault) for fault in registry.faults(Checked())]


def test_nothing_is_lost_to_the_garbage_collector(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    with serving_registry(folder) as host:
        registry = registry_at(f"oci://{host}/team", tmp_path / "ann")
        for version in ("1.0.0", "1.1.0"):
            publish(registry, release(version, readme=README_TEXT), readme=README_TEXT)
        publish(registry, release(name="score"))
        mark = Yank(reason="wrong", at="2026-01-31T12:00:00Z")
        marks = registry.change_marks(NAME, lambda marks: marks.with_yank(release().version, mark))
        before = list(registry.entries())
    subprocess.run(
        [require("docker-registry"), "garbage-collect", "--delete-untagged", str(folder / "config.yml")],
        check=True,
        capture_output=True,
    )
    with serving_registry(folder) as host:
        registry = registry_at(f"oci://{host}/team", tmp_path / "bob")
        assert faults(registry) == []
        assert list(registry.entries()) == before
        assert registry.marks(NAME) == marks
        found = registry.release(NAME, release().version)
        assert found == release(readme=README_TEXT)
        assert registry.content(found, README) == README_TEXT
        # What was there before can still be built upon.
        assert publish(registry, release("1.2.0", readme=README_TEXT), readme=README_TEXT) is True


def test_strangers_read_and_copy_releases(tmp_path: Path) -> None:
    example = ReleaseFile(path="examples/a.yaml", digest=Digest.of(b"a: 1\n"), size=5)
    rich: Release = replace(release(), files=(example,), licenses="MIT")
    with serving_registry(tmp_path / "server") as host:
        registry = registry_at(f"oci://{host}/team", tmp_path / "ann")
        registry.publish(rich, {CONTRACT: contract("1.0.0"), "examples/a.yaml": b"a: 1\n"})
        source = f"docker://{host}/team/ml/train"
        listed = json.loads(skopeo("list-tags", "--tls-verify=false", source))["Tags"]
        assert sorted(listed, reverse=True)[1:] == ["1.0.0"]
        raw = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"{source}:1.0.0"))
        assert raw["annotations"]["org.opencontainers.image.licenses"] == "MIT"
        config = skopeo("inspect", "--raw", "--config", "--tls-verify=false", f"{source}:1.0.0")
        assert json.loads(config) == json.loads(interface_bytes(rich))
        skopeo("copy", "--src-tls-verify=false", f"{source}:1.0.0", f"dir:{tmp_path / 'copy'}")
        titles = {layer["annotations"][TITLE]: layer["digest"][7:] for layer in raw["layers"]}
        assert (tmp_path / "copy" / titles[CONTRACT]).read_bytes() == contract("1.0.0")
        assert (tmp_path / "copy" / titles["examples/a.yaml"]).read_bytes() == b"a: 1\n"
        # A copy of the version's tag alone is a registry elsewhere, once it is indexed.
        skopeo(
            "copy",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            f"{source}:1.0.0",
            f"docker://{host}/elsewhere/ml/train:1.0.0",
        )
        copied = registry_at(f"oci://{host}/elsewhere", tmp_path / "bob")
        assert copied.reindex() == 1
        assert faults(copied) == []
        assert copied.release(NAME, rich.version) == rich


def test_of_publishers_at_the_same_moment_one_wins_and_the_others_learn_who(tmp_path: Path) -> None:
    with serving_registry(tmp_path / "server") as host:
        start = Barrier(PUBLISHERS)

        def attempt(number: int) -> tuple[str, bool | str]:
            registry = registry_at(f"oci://{host}/team", tmp_path / str(number))
            content = contract(f"of publisher {number}")
            start.wait(60)
            try:
                return str(Digest.of(content)), publish(registry, release(content=content), content=content)
            except InputError as error:
                return str(Digest.of(content)), error.message

        with ThreadPoolExecutor(PUBLISHERS) as executor:
            outcomes = dict(executor.map(attempt, range(PUBLISHERS)))
        registry = registry_at(f"oci://{host}/team", tmp_path / "reader")
        winner = str(registry.release(NAME, release().version).digest)
        assert outcomes.pop(winner) is True
        assert all(
            f"is published already with other content: {winner}" in str(outcome) for outcome in outcomes.values()
        )
        assert [entry.digest for entry in registry.entries()] == [winner]
        assert faults(registry) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "component.yaml").write_text(
        f"name: Train\nimplementation:\n  container:\n    image: registry.example.com/t@sha256:{'0' * 64}\n"
        "    command: [t]\n"
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "train"\nversion = "1.0.0"\n\n[tool.comp]\ncommand = ["t"]\nnamespace = "ml"\n'
    )
    return folder


def test_the_commands_work_with_a_server(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "server"
    with serving_registry(folder, log_requests=True) as host:
        place = f"oci://{host}/team"
        published = ok("publish", "--no-image-check", project, "--registry", place)
        assert published.startswith("ml/train@1.0.0 sha256:")
        asked = len(requests_to(folder))
        # The scheme of this host, a name, three files, the claim, the tag, and the index.
        assert asked <= 24
        again = comp("publish", "--no-image-check", project, "--registry", place)
        assert (again.code, again.err) == (0, "ml/train@1.0.0 was there already\n")
        assert "ml/train" in ok("search", "train", "--registry", place)
        assert "1.0.0" in ok("show", "ml/train", "--registry", place)
        consumer = tmp_path / "consumer"
        consumer.mkdir()
        ok("add", "ml/train@^1", "--registry", place, folder=consumer)
        assert (consumer / "components" / "ml" / "train" / "component.yaml").is_file()
        ok("yank", "ml/train@1.0.0", "--registry", place, "--reason", "wrong")
        verified = comp("registry", "verify", "--registry", place)
        assert (verified.code, verified.out, verified.err) == (0, "", "1 component, 1 release: no faults\n")
        assert comp("registry", "reindex", "--registry", place).code == 0
        assert comp("registry", "doctor", place).code == 0
        changed = (project / "component.yaml").read_text().replace("[t]", "[u]")
        (project / "component.yaml").write_text(changed)
        refused = comp("publish", "--no-image-check", project, "--registry", place)
        assert refused.code == 1
        assert "[V604]" in refused.err
