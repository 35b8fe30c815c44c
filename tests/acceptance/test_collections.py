"""Commands on many components: what they print, their reports and exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.collections import collection, component
from tests.commands import COMP, comp
from tests.fake_remote import FakeRemote, serving
from toolkit.cli.main import main
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError
from toolkit.generation import generate
from toolkit.job.build import Milestone, build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.runners.case_run import CaseJob, CaseOptions, CaseResult, run_case


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def environ(tmp_path: Path, debian_base: Path, fake: FakeRemote) -> dict[str, str]:
    return {
        **os.environ,
        "COMP_CACHE_DIR": str(tmp_path / "cache"),
        "COMP_BASE": f"layout:{debian_base}",
        "COMP_IMAGE_PREFIX": f"{fake.host}/ml",
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return collection(tmp_path / "work", "alpha", "beta", "gamma")


def break_(folder: Path) -> None:
    """Misspell a setting of a component."""
    path = folder / "pyproject.toml"
    path.write_text(path.read_text().replace("entrypoint", "entrypont"))


def table(err: str) -> list[list[str]]:
    """Return the rows of the table on stderr, without times."""
    lines = err[err.index("\ncomponent ") + 1 :].partition("\n\n")[0].splitlines()
    return [[cell for cell in re.split(r"  +", line) if not cell.endswith(" s") and cell != "time"] for line in lines]


def test_a_broken_component_does_not_stop_the_others(root: Path, environ: dict[str, str], fake: FakeRemote) -> None:
    break_(root / "components" / "beta")
    first = comp("build", "--all", "--push", folder=root, env=environ)
    assert first.code == 1
    lines = dict(line.split(" ") for line in first.out.splitlines())
    assert {name: image.partition("@")[0] for name, image in lines.items()} == {
        name: f"{fake.host}/ml/{name}" for name in ("alpha", "gamma")
    }
    assert (
        "beta: error: components/beta/pyproject.toml:7:1: unknown key 'entrypont' in [tool.comp]\n"
        "beta: hint: did you mean 'entrypoint'?\n"
    ) in first.err
    header, alpha, beta, gamma = table(first.err)
    assert header == ["component", "result", "digest", "sent"]
    assert alpha[:3] == ["alpha", "pushed", lines["alpha"].partition("@")[2][:19]]
    assert beta == ["beta", "failed"]
    assert gamma[:2] == ["gamma", "pushed"]
    assert re.search(r"^3 components: 2 pushed, 1 failed; ", first.err, re.MULTILINE)
    # Finished components are not built again.
    again = comp("build", "components/gamma", "components/alpha", "--push", folder=root, env=environ)
    assert again.code == 0
    assert dict(line.split(" ") for line in again.out.splitlines()) == lines
    assert [row[1] for row in table(again.err)[1:]] == ["unchanged", "unchanged"]


def test_one_component_prints_as_ever(root: Path, environ: dict[str, str]) -> None:
    one = comp("build", "components/alpha", folder=root, env=environ)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", one.out)
    assert one.err == "wrote components/alpha/requirements.lock\n"


def test_results_as_json_and_junit(root: Path, environ: dict[str, str]) -> None:
    (root / "components" / "beta" / "component.yaml").unlink()
    done = comp("build", "--all", "--format", "json", "--junit", "build.xml", "--jobs", "1", folder=root, env=environ)
    document = json.loads(done.out)
    assert (done.code, document["exit_code"]) == (1, 1)
    assert document["cache"]["bases"] == {"hits": 0, "misses": 1}
    alpha, beta, _ = document["components"]
    assert alpha["image"] == alpha["digest"]
    assert alpha | {"digest": "", "image": "", "seconds": 0} == {
        "component": "alpha",
        "folder": "components/alpha",
        "result": "built",
        "image": "",
        "digest": "",
        "seconds": 0,
        "sent": None,
        "exit_code": 0,
        "error": None,
    }
    assert beta | {"seconds": 0} == {
        "component": "beta",
        "folder": "components/beta",
        "result": "failed",
        "image": None,
        "digest": None,
        "seconds": 0,
        "sent": None,
        "exit_code": 1,
        "error": {
            "message": "the contract is missing",
            "where": "components/beta/component.yaml",
            "hint": "`comp generate` writes it",
        },
    }
    [suite] = ET.parse(root / "build.xml").getroot()  # noqa: S314 (our own)
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        *("comp build", "3", "1"),
        "0",
    )
    [failure] = suite.iter("failure")
    assert failure.get("message") == "the contract is missing"


def test_a_bug_in_one_is_reported_and_stops_no_other(
    root: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)

    def wrong(request: BuildRequest, context: BuildContext, announce: Callable[[Milestone], object]) -> str:
        if request.folder.name == "beta":
            raise ZeroDivisionError("of ours")
        return build(request, context, announce)

    monkeypatch.setattr("toolkit.collection.building.build", wrong)
    break_(root / "components" / "gamma")
    code = main(["build", "--all", "--junit", "build.xml"])
    out, err = capfd.readouterr()
    assert code == 4
    assert out.startswith("alpha sha256:")
    assert "beta: Traceback (most recent call last):\n" in err
    assert "beta: error: this is a bug in comp " in err
    assert [row[1] for row in table(err)[1:]] == ["built", "bug", "failed"]
    [suite] = ET.parse(root / "build.xml").getroot()  # noqa: S314 (our own)
    assert (suite.get("failures"), suite.get("errors")) == ("1", "1")


def test_an_image_is_named_though_what_follows_fails(
    root: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)

    def no_pin(project: Project, *_: object, **__: object) -> tuple[Path, ...]:
        raise InputError(f"cannot pin {project.name}")

    monkeypatch.setattr("toolkit.job.push.pin", no_pin)
    # A summary that cannot be written comes after what the user asked for.
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "missing" / "summary"))
    assert main(["build", "components/alpha", "components/beta", "--push", "--junit", "build.xml"]) == 3
    out, err = capfd.readouterr()
    assert [line.partition("@")[0] for line in sorted(out.splitlines())] == [
        f"{name} {environ['COMP_IMAGE_PREFIX']}/{name}" for name in ("alpha", "beta")
    ]
    assert "beta: error: cannot pin beta\n" in err
    assert [row[:2] for row in table(err)[1:]] == [["alpha", "failed"], ["beta", "failed"]]
    assert ET.parse(root / "build.xml").getroot().get("failures") == "2"  # noqa: S314 (our own)


@pytest.mark.parametrize(
    ("words", "code", "messages"),
    [
        (("--all", "a", "b"), 2, ["--all takes one FOLDER"]),
        (("--all", "--image", "x"), 2, ["--image names the image of one component", "set COMP_IMAGE_PREFIX"]),
        (("--all", "--push", "--pin", "x.yaml"), 2, ["--pin x.yaml is a file for one component"]),
        (("--all", "--output", "layout:x"), 2, ["--output layout:x is a place for one image"]),
        (("--all", "--jobs", "0"), 2, ["invalid value for '-j' / '--jobs'"]),
        (("--all", "missing"), 1, ["missing does not exist"]),
        (("--all", "components/alpha/src"), 1, ["no component below components/alpha/src"]),
        (("components/alpha", "missing"), 1, ["missing: error: missing does not exist", "1 failed"]),
    ],
)
def test_a_wrong_command_line(
    root: Path, environ: dict[str, str], words: tuple[str, ...], code: int, messages: list[str]
) -> None:
    done = comp("build", *words, folder=root, env=environ)
    assert done.code == code, done.err
    assert all(message in done.err for message in messages), done.err
    assert "Traceback" not in done.err


def test_members_that_contain_one_another(root: Path, environ: dict[str, str]) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        folder = component(
            root / "components" / name, more=f'[tool.uv.sources]\n{other} = {{ path = "../{other}" }}\n', contract=False
        )
        path = folder / "pyproject.toml"
        path.write_text(path.read_text().replace("[tool.comp]", f'dependencies = ["{other}"]\n[tool.comp]', 1))
    done = comp("build", "--all", folder=root, env=environ)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: components/one/pyproject.toml:6:1: components contain one another, by their local dependencies:"
        " one, two\n\nhint: move the code that they share to a package of its own, which all of them require\n"
    )


def test_the_folder_above_components_is_not_one(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.comp.workspace]\n")
    done = comp("build", folder=root)
    assert done.code == 1
    assert (
        "its [tool.comp] has settings for those below it alone\n\nhint: give the folder of a component, or --all"
        in (done.err)
    )


def test_generate_all(root: Path) -> None:
    break_(root / "components" / "alpha")
    (root / "components" / "beta" / "component.yaml").unlink()
    check = comp("generate", "--all", "--check", folder=root)
    assert check.code == 1
    assert check.out.startswith("--- a/components/beta/component.yaml\n+++ b/components/beta/component.yaml\n")
    assert [row[1:] for row in table(check.err)[1:]] == [["failed"], ["stale"], ["fresh"]]
    written = comp("generate", "--all", folder=root)
    assert (written.code, written.out) == (1, "")
    assert "\nbeta: wrote components/beta/component.yaml\n" in written.err
    assert [row[1:] for row in table(written.err)[1:]] == [["failed"], ["written"], ["fresh"]]
    assert comp("generate", "components/beta", "components/gamma", "--check", folder=root).code == 0


def test_lint_all(root: Path) -> None:
    break_(root / "components" / "alpha")
    (root / "components" / "gamma" / "component.yaml").unlink()
    beta = root / "components" / "beta" / "pyproject.toml"
    beta.write_text(beta.read_text() + '[tool.comp.lint]\nseverity = { C060 = "warning" }\n')
    done = comp("lint", "--all", "--format", "github", folder=root)
    assert done.code == 1
    errors = [line for line in done.out.splitlines() if line.startswith("::error")]
    assert errors[0].startswith("::error file=components/alpha/pyproject.toml,line=7,col=1,title=S001::unknown key")
    assert errors[1].startswith("::error file=components/gamma/component.yaml,title=C099::the contract is missing")
    assert "2 contracts: 2 errors, 1 warning, 3 infos\n\ncomponent " in done.err
    assert [row[1:] for row in table(done.err)[1:]] == [["with errors"], ["with warnings"], ["with errors"]]


def test_lock_all(root: Path, environ: dict[str, str]) -> None:
    break_(root / "components" / "alpha")
    first = comp("lock", "--all", folder=root, env=environ)
    assert (first.code, first.out) == (1, "")
    assert [row[1:] for row in table(first.err)[1:]] == [["failed"], ["locked"], ["locked"]]
    again = comp("lock", "--all", "--check", "--format", "json", folder=root, env=environ)
    assert [each["result"] for each in json.loads(again.out)["components"]] == ["failed", "up to date", "up to date"]


def test_publish_all_twice(root: Path) -> None:
    for name in ("alpha", "beta"):
        path = root / "components" / name / "component.yaml"
        path.write_text(re.sub(r"image: .*", f"image: h.example/{name}@sha256:{'0' * 64}", path.read_text()))
    first = comp("publish", "--no-image-check", "--all", "--registry", "registry", folder=root)
    assert first.code == 1
    assert [line.partition(" ")[0] for line in sorted(first.out.splitlines())] == [
        "team/alpha@1.0.0",
        "team/beta@1.0.0",
    ]
    assert "gamma: error: components/gamma/component.yaml:12:12: the image gamma:1.0.0 is not pinned" in first.err
    assert first.err.count("made the registry registry") == 1
    assert [row[1] for row in table(first.err)[1:]] == ["published", "published", "failed"]
    again = comp("publish", "--no-image-check", "--all", "--registry", "registry", folder=root)
    assert sorted(again.out.splitlines()) == sorted(first.out.splitlines())
    assert [row[1] for row in table(again.err)[1:]] == ["unchanged", "unchanged", "failed"]


def case(folder: Path, expected: str) -> None:
    """Add a case to a component, whose result is the text and its name."""
    path = folder / "tests" / "cases" / "one" / "case.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"inputs:\n  text: a-\noutputs:\n  Output: {{equals: {expected}}}\n")


def test_test_all(root: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    for name, expected in (("alpha", "a-alpha"), ("beta", "a-alpha")):
        case(root / "components" / name, expected)
    broken = component(root / "components" / "broken")
    case(broken, "x")
    break_(broken)
    done = comp("test", "--all", "--runner", "process", "--junit", "tests.xml", folder=root)
    assert done.code == 1
    assert done.out == (
        "ok   alpha: one (process)\nFAIL beta: one (process)\n     Output: is 'a-beta', expected 'a-alpha'\n"
    )
    assert "broken: error: components/broken/pyproject.toml:7:1: unknown key 'entrypont'" in done.err
    assert "\ncases: 1 passed, 1 failed\n\ncomponent " in done.err
    assert [row[:2] for row in table(done.err)[1:]] == [
        ["alpha", "passed"],
        ["beta", "failed"],
        ["broken", "failed"],
        ["gamma", "without cases"],
    ]
    suites = ET.parse(root / "tests.xml").getroot()  # noqa: S314 (our own)
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [
        ("alpha (process)", "0"),
        ("beta (process)", "1"),
        ("comp test", "1"),
    ]
    (broken / "pyproject.toml").unlink()
    again = comp("test", "--all", "--runner", "process", "-k", "o*e", "--format", "json", folder=root)
    document = json.loads(again.out)
    assert (again.code, document["exit_code"]) == (1, 1)
    alpha, beta, gamma = document["components"]
    assert [each["result"] for each in (alpha, beta, gamma)] == ["passed", "failed", "without cases"]
    assert (alpha["passed"], beta["cases"][0]["problems"]) == (1, ["Output: is 'a-beta', expected 'a-alpha'"])
    none = comp("test", "--all", "--runner", "process", "-k", "two", folder=root)
    assert (none.code, none.err) == (1, "error: no case of 3 components matches 'two'\n")


def test_a_case_that_cannot_run_does_not_stop_the_others(
    root: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    monkeypatch.chdir(root)
    for name in ("alpha", "beta"):
        case(root / "components" / name, f"a-{name}")

    def wrong(job: CaseJob, options: CaseOptions) -> CaseResult:
        if job.runnable.name == "alpha":
            raise ZeroDivisionError("of ours")
        return run_case(job, options)

    monkeypatch.setattr("toolkit.collection.testing.run_case", wrong)
    code = main(["test", "--all", "--runner", "process"])
    out, err = capfd.readouterr()
    assert (code, out) == (4, "ok   beta: one (process)\n")
    assert "alpha: error: this is a bug in comp" in err
    assert [row[1] for row in table(err)[1:]] == ["bug", "passed", "without cases"]


def test_a_lock_that_all_share(root: Path, environ: dict[str, str]) -> None:
    (root / "pyproject.toml").write_text('[tool.comp.workspace]\nlock = "shared"\n')
    done = comp("lock", "--all", folder=root, env=environ)
    assert done.code == 0
    assert "wrote comp.lock\n" in done.err
    assert [row[:2] for row in table(done.err)[1:]] == [[name, "locked"] for name in ("alpha", "beta", "gamma")]
    assert comp("lock", "--all", "--check", folder=root, env=environ).code == 0
    built = comp("build", "--all", "--locked", folder=root, env=environ)
    assert (built.code, len(built.out.splitlines())) == (0, 3)
    assert not list(root.rglob("requirements.lock"))
    one = comp("lock", "components/alpha", folder=root, env=environ)
    assert (one.code, one.err) == (0, "comp.lock is up to date (0 packages)\n")
    path = root / "components" / "alpha" / "pyproject.toml"
    path.write_text(path.read_text() + "system-site-packages = true\n")
    stale = comp("lock", "--all", "--check", folder=root, env=environ)
    assert (stale.code, stale.out) == (1, "")
    assert stale.err == (
        "error: comp.lock: the lock is stale: the settings changed since it was written\n\n"
        "hint: `comp lock --all` brings it up to date\n"
    )
    refused = comp("build", "components/alpha", "--locked", folder=root, env=environ)
    assert refused.err == stale.err
    # A build writes it anew for all.
    assert comp("build", "components/alpha", folder=root, env=environ).code == 0
    assert comp("lock", "--all", "--check", folder=root, env=environ).code == 0
    # A repository within has locks of its own.
    (root / "components" / "beta" / ".git").write_text("gitdir: ../../.git/modules/beta\n")
    assert comp("lock", "--all", folder=root, env=environ).code == 0
    assert (root / "components" / "beta" / "requirements.lock").is_file()
    assert comp("build", "--all", "--locked", folder=root, env=environ).code == 0
    other = comp("lock", "--all", "--base", "python:3.12-slim", folder=root, env=environ)
    assert other.code == 2
    assert "--base is for one component" in other.err


def test_a_dry_run_of_all(root: Path, environ: dict[str, str]) -> None:
    break_(root / "components" / "beta")
    done = comp("build", "--all", "--dry-run", folder=root, env=environ)
    assert done.code == 1
    titles = [line for line in done.out.splitlines() if line.endswith(":")]
    assert titles == ["alpha:", "gamma:"]
    assert re.search(r"^alpha: \d layers, ", done.err, re.MULTILINE)
    assert [row[1] for row in table(done.err)[1:]] == ["planned", "failed", "planned"]
    document = json.loads(comp("build", "--all", "--dry-run", "--format", "json", folder=root, env=environ).out)
    assert [len(each.get("images", ())) for each in document["components"]] == [1, 0, 1]
    assert not (root / "components" / "alpha" / "requirements.lock").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_goes_on(
    root: Path, environ: dict[str, str], fake: FakeRemote, number: signal.Signals
) -> None:
    settings = root / "components" / "beta" / "pyproject.toml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        image = f"127.0.0.1:{silent.getsockname()[1]}/ml/beta"
        settings.write_text(f'{settings.read_text()}image = "{image}"\n')
        generate(read_project(settings.parent, environ={}), {})
        process = subprocess.Popen(
            [str(COMP), "build", "--all", "--push", "--jobs", "1"],
            cwd=root,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline().startswith("alpha ")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert "error" not in err
    assert "Traceback" not in err
    settings.write_text(settings.read_text().replace(image, f"{fake.host}/ml/beta"))
    again = comp("build", "--all", "--push", folder=root, env=environ)
    assert again.code == 0, again.err
    assert [row[1] for row in table(again.err)[1:]] == ["unchanged", "pushed", "pushed"]
