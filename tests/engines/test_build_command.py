"""`comp build` and `comp lock` as users run them, against a real distribution server."""

import json
import os
import re
import signal
import subprocess
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import COMP, comp, ok
from tests.conftest import Sample
from tests.servers import Server
from toolkit.engines.docker import connect
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

AMD64 = Platform("linux", "amd64")
NAME = "summarise_text"


def test_a_push_prints_one_line_pins_one_node_and_sets_two_tags(sample: Sample, remote: Server) -> None:
    folder = sample(NAME)
    contract = folder / "component.yaml"
    text = "# a comment\r\n" + contract.read_text().replace("image: ", "image:   ").replace("\n", "\r\n")
    contract.write_bytes(text.encode())
    image = f"{remote.host}/build/{NAME}"
    pushed = comp("build", folder, "--push", "--image", image)
    assert pushed.code == 0, pushed.err
    assert pushed.out.count("\n") == 1
    reference = pushed.out.strip()
    assert contract.read_bytes() == text.replace("summarise-text:1.0.0", reference).encode()
    digest = reference.partition("@")[2]
    for tag in ("1.0.0", f"sha-{digest[7:19]}"):
        found = Remote(environ=os.environ).head(parse_reference(f"{image}:{tag}"))
        assert found is not None
        assert str(found.digest) == digest
    again = comp("build", folder, "--push", "--image", image)
    assert (again.code, again.out, again.err) == (0, pushed.out, "nothing has changed\n")


def test_a_tag_that_moved_on_the_remote_is_set_again(sample: Sample, remote: Server) -> None:
    folder = sample(NAME)
    image = f"{remote.host}/moved/{NAME}"
    first = ok("build", folder, "--push", "--image", image)
    code = folder / "src" / "summarise_text.py"
    before = code.read_text()
    code.write_text(before + "# changed\n")
    assert ok("build", folder, "--push", "--image", image) != first
    code.write_text(before)
    assert ok("build", folder, "--push", "--image", image) == first
    found = Remote(environ=os.environ).head(parse_reference(f"{image}:1.0.0"))
    assert found is not None
    assert str(found.digest) == first.partition("@")[2]


def test_where_the_pin_goes(sample: Sample, remote: Server, tmp_path: Path) -> None:
    folder = sample(NAME)
    contract = folder / "component.yaml"
    before = contract.read_bytes()
    options = ("build", folder, "--push", "--image", f"{remote.host}/pins/{NAME}")
    reference = ok(*options, "--pin", "none")
    assert ok(*options, "--pin", str(tmp_path / "pinned.yaml")) == reference
    assert contract.read_bytes() == before
    pinned = (tmp_path / "pinned.yaml").read_bytes()
    assert pinned == before.replace(b"summarise-text:1.0.0", reference.encode())


def test_both_components_of_one_image_are_pinned(sample: Sample, remote: Server) -> None:
    folder = sample("load_table")
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/pins/two")
    for contract in ("component.yaml", "components/split-table.yaml"):
        assert f"image: {reference}\n" in (folder / contract).read_text()


def test_a_layout_and_an_archive_hold_the_image(sample: Sample, tmp_path: Path) -> None:
    folder = sample(NAME)
    digest = ok("build", folder, "--output", f"layout:{tmp_path / 'layout'}")
    image = read_layout(tmp_path / "layout", platform=AMD64)
    assert str(image.digest) == digest
    assert check_image(image) == []
    assert ok("build", folder, "--output", f"archive:{tmp_path / 'image.tar'}") == digest
    with tarfile.open(tmp_path / "image.tar") as archive:
        index = json.loads(archive.extractfile("index.json").read())  # type: ignore[union-attr]
    assert index["manifests"][0]["digest"] == digest


def test_lazily_pullable_layers_are_ordinary_to_others(
    sample: Sample, remote: Server, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sample(NAME)
    plain = ok("build", folder)
    monkeypatch.setenv("COMP_ESTARGZ", "true")
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/lazy/{NAME}")
    assert reference.partition("@")[2] != plain
    assert docker_host
    assert comp("test", folder, "--runner", "docker").code == 0
    with closing(connect(os.environ)) as client:
        assert client.images.pull(reference).attrs["RepoDigests"] == [reference]


def test_docker_loads_the_image(sample: Sample, docker_host: str) -> None:
    folder = sample(NAME)
    ok("build", folder, "--output", "docker")
    with closing(connect(os.environ)) as client:
        assert client.images.get("summarise-text:1.0.0").tags == ["summarise-text:1.0.0"]
    assert docker_host


def test_a_declared_base_is_locked_by_digest(
    sample: Sample, remote: Server, debian_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"{remote.host}/bases/python"
    digest = Remote(environ=os.environ).push(
        read_layout(debian_base, platform=AMD64), parse_reference(f"{base}:1"), tags=["1"]
    )
    folder = sample(NAME)
    monkeypatch.delenv("COMP_BASE")
    project = folder / "pyproject.toml"
    project.write_text(project.read_text().replace("[tool.comp]", f'[tool.comp]\nbase = "{base}:1"'))
    built = ok("build", folder, "--push", "--image", f"{remote.host}/bases/{NAME}")
    assert f"# base: {base}:1@{digest}\n" in (folder / "requirements.lock").read_text()
    # The tag moves on; the lock still names the base that was tested.
    other = read_layout(Path(_smaller(folder, remote)), platform=AMD64)
    Remote(environ=os.environ).push(other, parse_reference(f"{base}:1"), tags=["1"])
    (folder / "src" / "summarise_text.py").touch()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert ok("build", folder, "--push", "--image", f"{remote.host}/bases/{NAME}") == built
    ok("lock", folder, "--upgrade")
    assert f"# base: {base}:1@{other.digest}\n" in (folder / "requirements.lock").read_text()


def _smaller(folder: Path, remote: Server) -> str:
    """Make another base: the image of a component is one, too."""
    layout = folder.parent / "other-base"
    ok("build", folder, "--output", f"layout:{layout}", "--image", f"{remote.host}/other/{NAME}")
    return str(layout)


def test_kill_9_at_any_point_leaves_a_cache_that_works(sample: Sample, tmp_path: Path) -> None:
    folder = sample("load_table")
    expected = ok("build", folder)
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    for delay in (0.2, 0.5, 0.8, 1.2, 1.8):
        process = subprocess.Popen(
            [COMP, "build", folder], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert ok("cache", "verify", env=environment) == ""
    assert ok("build", folder, env=environment) == expected


def test_two_builds_at_once_give_the_same(sample: Sample, tmp_path: Path) -> None:
    folder = sample("load_table")
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    builds = [
        subprocess.Popen([COMP, "build", folder], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    digests = {build.communicate()[0] for build in builds}
    assert [build.returncode for build in builds] == [0, 0, 0]
    assert digests == {ok("build", folder) + "\n"}


def test_a_big_image_needs_little_memory(sample: Sample, remote: Server, tmp_path: Path) -> None:
    folder = sample("load_table")
    # Not `ru_maxrss`: that of a child begins with what its parent had.
    program = (
        "import re, sys; from toolkit.cli.main import main; code = main(sys.argv[1:]);"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1];"
        "print(int(peak) // 1024, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [COMP.with_name("python"), "-c", program, "build", folder, "--push", "--image", f"{remote.host}/memory/load"],
        env={**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stderr.splitlines()[-1]) < 150


def test_a_dry_run_prints_the_layers_and_changes_nothing(sample: Sample, remote: Server) -> None:
    folder = sample(NAME)
    image = f"{remote.host}/planned/{NAME}"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    planned = comp("build", folder, "--dry-run", "--image", image)
    assert planned.code == 0, planned.err
    rows = [re.split(r" {2,}", line) for line in planned.out.splitlines()]
    assert [row[2] for row in rows] == ["new"] * len(rows)
    assert rows[0][-1] == "base"
    assert rows[-1][-2:] == ["code", "app/summarise_text.py, interface.json"]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    reference = ok("build", folder, "--push", "--image", image)
    document = json.loads(ok("build", folder, "--dry-run", "--format", "json", "--image", image))
    assert document["digest"] == reference.partition("@")[2]
    assert [layer["present"] for layer in document["images"][0]["layers"]] == [True] * len(rows)
    assert document["images"][0]["layers"][-1]["contents"] == ["app/summarise_text.py", "interface.json"]


def test_a_big_wheel_is_the_same_layer_in_every_component(sample: Sample) -> None:
    names = ("load_table", "train_model", "evaluate_model")
    folders = [sample(name) for name in names] + [sample("train_model", into="more")]
    settings = folders[-1] / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"numpy==', '"click==8.1.7", "numpy=='))
    digests: dict[str, list[str]] = {}
    for folder in folders:
        # A dry run shows bytecode that is known already, and compiles nothing.
        ok("build", folder)
        document = json.loads(ok("build", folder, "--dry-run", "--format", "json"))
        for layer in document["images"][0]["layers"]:
            digests.setdefault(layer["name"], []).append(layer["digest"])
    for name in ("numpy", "pandas", "scikit-learn", "scipy"):
        for layers in (digests[name], digests[f"bytecode of {name}"]):
            assert len(layers) == len(folders)
            assert len(set(layers)) == 1
    # Small ones share a layer, which is another one where there is one more.
    small = [name for name in digests if re.fullmatch(r"[0-9]+ wheels", name)]
    assert [len(digests[name]) for name in small] == [3, 1]


def test_a_dry_run_without_a_remote_says_that_it_cannot_tell(sample: Sample) -> None:
    folder = sample(NAME)
    planned = comp("build", folder, "--dry-run", "--image", "127.0.0.1:1/a/b")
    assert planned.code == 0
    assert planned.err.startswith("warning: cannot tell what the remote has: cannot connect to 127.0.0.1:1: ")
    assert comp("build", folder, "--dry-run", "--output", "docker").code == 2


def test_a_change_of_dockerignore_is_a_change(sample: Sample) -> None:
    folder = sample(NAME)
    plain = ok("build", folder)
    (folder / "src" / "table.csv").write_text("a\n")
    (folder / "src" / ".kept").write_text("a\n")
    assert ok("build", folder) != plain
    (folder / ".dockerignore").write_text("src/*.csv\n")
    assert ok("build", folder) == plain
    (folder / ".dockerignore").write_text("src/*.csv\n!src/.kept\n")
    kept = ok("build", folder)
    assert kept != plain
    assert comp("build", folder).err == "nothing has changed\n"
    (folder / "src" / ".kept").write_text("b\n")
    assert ok("build", folder) != kept
