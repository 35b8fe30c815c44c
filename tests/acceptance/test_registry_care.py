"""`comp registry`, as those who keep a registry run it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.generated_registry import generate
from tests.commands import comp, ok
from tests.git_registry import environ_for, make_upstream
from tests.kfp_environments import run_kfp
from tests.releases import publish, real_contract, real_release, release
from toolkit.registry.folder.directory import Directory
from toolkit.registry.git.registry import GitRegistry


def test_a_registry_is_made_and_what_to_do_next_is_printed(tmp_path: Path) -> None:
    made = comp("registry", "init", "shared", folder=tmp_path)
    assert (made.code, made.out) == (0, "shared\n")
    assert made.err == (
        "made the registry shared\n"
        "publish in it: comp publish COMPONENT --registry shared\n"
        "or name it in pyproject.toml, for --registry shared:\n"
        "  [tool.comp.registries]\n"
        '  shared = "shared"\n'
    )
    assert json.loads((tmp_path / "shared" / "config.json").read_text()) == {
        "api": 1,
        "name": "shared",
        "immutable": True,
    }
    assert comp("search", "--registry", "shared", folder=tmp_path).err == "0 components\n"


def test_a_registry_that_is_there_stays(tmp_path: Path) -> None:
    publish(Directory.create(tmp_path / "shared"), release())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*")}
    again = comp("registry", "init", "shared", "--name", "other", folder=tmp_path)
    assert (again.code, again.out) == (0, "shared\n")
    assert again.err.startswith("shared is a registry already\n")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = comp("registry", "init", ".", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "error: . has files in it and is not a registry\n\nhint: name a new or empty folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_name_that_no_setting_could_have_is_refused(tmp_path: Path) -> None:
    refused = comp("registry", "init", "shared", "--name", "My Team", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: 'My Team' is not a name of a registry\n\nhint: ")
    assert not (tmp_path / "shared").exists()
    odd = comp("registry", "init", "My Team", folder=tmp_path)
    assert (odd.code, odd.out) == (0, "My Team\n")
    assert "comp publish COMPONENT --registry 'My Team'\n" in odd.err


def test_indexes_are_made_again(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    publish(Directory.create(shared), release())
    before = (shared / "catalog.jsonl.gz").read_bytes()
    (shared / "catalog.jsonl.gz").write_text("broken")
    warned = comp("search", "--registry", "shared", folder=tmp_path)
    assert (warned.code, warned.out) == (0, "ml/train@1.0.0  Fit a model\n")
    assert "comp registry reindex" in warned.err
    assert comp("registry", "reindex", "--registry", "shared", folder=tmp_path).err == (
        "made the indexes of 1 component again\n"
    )
    assert (shared / "catalog.jsonl.gz").read_bytes() == before
    assert ok("search", "--registry", "shared", folder=tmp_path) == "ml/train@1.0.0  Fit a model"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    registry = Directory.create(tmp_path / "shared")
    for version in ("1.0.0", "1.1.0"):
        publish(registry, real_release(version), content=real_contract(version))
    return registry.root


def _damage(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text)


def test_a_registry_without_faults_is_verified(shared: Path) -> None:
    result = comp("registry", "verify", "--registry", "shared", folder=shared.parent)
    assert (result.code, result.out, result.err) == (0, "", "1 component, 2 releases: no faults\n")


def test_each_fault_has_its_path_and_what_to_do(shared: Path) -> None:
    record = shared / "c" / "ml" / "train" / "v" / "1.0.0.json"
    _damage(record, record.read_text().replace("Fit a", "Break a"))
    (shared / "catalog.jsonl.gz").write_text("<html>")
    result = comp("registry", "verify", "--registry", "shared", folder=shared.parent)
    assert (result.code, result.err) == (1, "1 component, 2 releases: 2 faults\n")
    assert result.out == (
        "c/ml/train/v/1.0.0.json: damaged: its checksum is not that of its content: "
        "it was changed after it was published\n"
        "    restore it from a copy of the registry; releases never change\n"
        "catalog.jsonl.gz: not a catalogue: JSON is malformed: invalid character (byte 0)\n"
        "    `comp registry reindex` makes it again\n"
    )
    data = json.loads(comp("registry", "verify", "--format", "json", "--registry", "shared", folder=shared.parent).out)
    assert [(fault["path"], fault["derived"]) for fault in data["faults"]] == [
        ("c/ml/train/v/1.0.0.json", False),
        ("catalog.jsonl.gz", True),
    ]
    assert data["checked"]["releases"] == 2


def test_a_registry_on_a_web_server_is_verified(shared: Path) -> None:
    with _served(shared) as address:
        sound = comp("registry", "verify", "--registry", address, folder=shared.parent)
        (shared / "index").rename(shared / "lost")
        lost = comp("registry", "verify", "--registry", address, folder=shared.parent)
    assert (sound.code, sound.out) == (0, "")
    assert sound.err.startswith("1 component, 2 releases: no faults\n(as the server shows it: ")
    assert (lost.code, lost.err.splitlines()[0]) == (1, "0 components, 0 releases: 1 fault")
    assert lost.out.endswith("    `comp registry reindex` makes it again, in the folder that the server shows\n")


def test_a_registry_in_git_is_verified(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "upstream.git")
    place, environ = str(upstream.place), {"COMP_CACHE_DIR": str(tmp_path / "cache")}
    registry = GitRegistry.open(upstream.place, environ_for(tmp_path / "publisher"))
    publish(registry, real_release("1.0.0"), content=real_contract("1.0.0"))
    sound = comp("registry", "verify", "--registry", place, folder=tmp_path, env=environ)
    assert (sound.code, sound.out) == (0, "")
    assert sound.err.startswith("1 component, 1 release: no faults\n(of the commit ")
    upstream.put({"c/ml/train/marks.json": ("100644", b"[")})
    found = comp("registry", "verify", "--format", "json", "--registry", place, folder=tmp_path, env=environ)
    data = json.loads(found.out)
    assert (found.code, [fault["path"] for fault in data["faults"]]) == (1, ["c/ml/train/marks.json"])
    assert data["checked"]["scope"].startswith("of the commit ")


def test_what_is_damaged_is_left_out_of_an_export(shared: Path) -> None:
    publish(Directory.open(shared), real_release("1.0.0", name="clean"), content=real_contract("1.0.0"))
    (shared / "c" / "ml" / "train" / "marks.json").write_text("[")
    result = comp("registry", "export", "site", "--registry", "shared", folder=shared.parent)
    assert (result.code, result.out) == (1, "site\n")
    assert "warning: ml/train is left out: " in result.err
    assert result.err.endswith("exported 1 release, left out 1 damaged part\n")
    assert (shared.parent / "site" / "c" / "ml" / "clean" / "component.yaml").is_file()


def test_garbage_is_shown_and_removed(shared: Path) -> None:
    lost = shared / "blobs" / "sha256" / "00" / ("0" * 64)
    lost.parent.mkdir(exist_ok=True)
    lost.write_bytes(b"lost")
    path = f"blobs/sha256/00/{'0' * 64}\n"
    young = comp("registry", "gc", "--registry", "shared", folder=shared.parent)
    assert (young.code, young.out, young.err) == (0, "", "removed 0 files, 0 B\n")
    os.utime(lost, (0, 0))
    shown = comp("registry", "gc", "--dry-run", "--registry", "shared", folder=shared.parent)
    assert (shown.code, shown.out, shown.err) == (0, path, "would remove 1 file, 4 B\n")
    assert lost.exists()
    removed = comp("registry", "gc", "--registry", "shared", folder=shared.parent)
    assert (removed.code, removed.out, removed.err) == (0, path, "removed 1 file, 4 B\n")
    assert not lost.exists()
    assert comp("registry", "verify", "--registry", "shared", folder=shared.parent).code == 0


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("line", ["kfp1", "kfp2"])
def test_kfp_loads_components_from_an_export_without_comp(
    shared: Path, line: str, request: pytest.FixtureRequest
) -> None:
    exported = comp("registry", "export", "site", "--registry", "shared", folder=shared.parent)
    assert (exported.code, exported.out, exported.err) == (0, "site\n", "exported 2 releases\n")
    digest = real_release("1.0.0").digest
    program = """
import sys
from kfp import components
for url in sys.argv[1:]:
    spec = components.load_component_from_url(url).component_spec
    print(spec.description, [getattr(each, "name", each) for each in spec.inputs])
"""
    with _served(shared.parent / "site") as address:
        top = f"{address}/c/ml/train"
        urls = [f"{top}/component.yaml", f"{top}/versions/tags/1.0.0", f"{top}/versions/sha256/{digest.hex}"]
        printed = run_kfp(request.getfixturevalue(line), program, *urls)
    newest, first = "Fit a model, version 1.1.0 ['c']\n", "Fit a model, version 1.0.0 ['c']\n"
    assert printed == newest + first + first


def test_an_export_goes_to_a_folder_of_its_own(shared: Path) -> None:
    (shared.parent / "thesis.txt").write_text("mine")
    refused = comp("registry", "export", ".", "--registry", "shared", folder=shared.parent)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "error: . has files in it and is not a registry\n\nhint: name a new or empty folder\n"


def test_only_a_folder_has_to_be_made(tmp_path: Path) -> None:
    refused = comp("registry", "init", "oci://registry.example.com/team", folder=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "error: oci://registry.example.com/team is not a folder\n\n"
        "hint: nothing has to be made there: comp publish COMPONENT --registry oci://registry.example.com/team\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_registry_that_benchmarks_generate_is_one(tmp_path: Path) -> None:
    generate(tmp_path / "generated", components=3, versions=3)
    result = comp("registry", "verify", "--registry", "generated", folder=tmp_path)
    assert (result.code, result.out, result.err) == (0, "", "3 components, 9 releases: no faults\n")
