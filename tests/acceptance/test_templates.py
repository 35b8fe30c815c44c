"""Every built-in template makes a complete folder: checked, formatted, tested and built."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.commands import comp, ok
from tests.conftest import ROOT, Sample
from tests.hostile.templates import template
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout

# Their images are built in tests/engines/test_languages.py.
WITH_DOCKERFILE = ("dockerfile", "node", "r", "shell")
TEMPLATES = sorted(path.name for path in (ROOT / "templates").iterdir() if path.name not in WITH_DOCKERFILE)


def _tool(*arguments: str | Path, folder: Path, env: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("shipped", TEMPLATES)
def test_a_template_is_complete(sample: Sample, tmp_path: Path, shipped: str) -> None:
    assert sample
    ok("new", "my-step", "--template", shipped, "--no-input", folder=tmp_path)
    folder = tmp_path / "my_step"
    _check(folder)
    _tool("ruff", "check", "--isolated", ".", folder=folder)
    _tool("ruff", "format", "--check", "--isolated", ".", folder=folder)
    _tool("pytest", "-q", "-p", "no:cacheprovider", "tests", folder=folder, env={**os.environ, "PYTHONPATH": "src"})
    tested = comp("test", folder, "--runner", "process")
    assert tested.code == 0, tested.out + tested.err
    assert tested.out == "ok   example (process)\n"
    layout = tmp_path / "layout"
    built = ok("build", folder, "--output", f"layout:{layout}")
    assert built.startswith("sha256:")
    assert check_image(read_layout(layout, platform=Platform(os="linux", architecture="amd64"))) == []


@pytest.mark.parametrize("shipped", WITH_DOCKERFILE)
def test_a_template_with_a_dockerfile_is_complete(tmp_path: Path, shipped: str) -> None:
    ok("new", "my-step", "--template", shipped, "--no-input", "--image", "host/my-step", folder=tmp_path)
    folder = tmp_path / "my_step"
    _check(folder)
    _tool("ruff", "check", "--isolated", ".", folder=folder)
    _tool("ruff", "format", "--check", "--isolated", ".", folder=folder)
    assert "image: host/my-step:0.1.0\n" in (folder / "component.yaml").read_text()


def test_another_base_for_a_dockerfile(tmp_path: Path) -> None:
    ok("new", "my-step", "--template", "r", "--set", "base=rocker/r-ver:4.5.1", folder=tmp_path)
    assert "ARG BASE=rocker/r-ver:4.5.1\n" in (tmp_path / "my_step" / "Dockerfile").read_text()


def _check(folder: Path) -> None:
    """Check a new folder: its contract, its generated tables, and that its template has nothing newer."""
    linted = comp("lint", folder)
    assert linted.code == 0, linted.out
    assert linted.err.startswith("0 errors, 0 warnings, ")
    assert "C060" in linted.out
    ok("generate", "--check", folder)
    assert comp("sync", folder, "--check").err == "nothing to apply\n"


QUESTIONS = {"name": "x", "project_slug": "y", "colour": ["red", "blue"], "greeting": "hello"}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's template."""
    folder = tmp_path / "own"
    inner = folder / "{{cookiecutter.project_slug}}"
    inner.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps(QUESTIONS))
    (inner / "words.txt").write_text("{{ cookiecutter.name }} {{ cookiecutter.colour }} {{ cookiecutter.greeting }}\n")
    (inner / "kept.txt").write_text("kept\n")
    return folder


def test_a_template_of_ones_own(own: Path, tmp_path: Path) -> None:
    result = comp("new", "my-step", "--template", own, "--set", "colour=blue", folder=tmp_path)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("note: the template makes no component: ")
    assert (tmp_path / "my_step" / "words.txt").read_text() == "my-step blue hello\n"


def test_a_template_in_a_zip_file(own: Path, tmp_path: Path) -> None:
    archive = tmp_path / "own.zip"
    with ZipFile(archive, "w") as written:
        for path in own.rglob("*"):
            written.write(path, Path("repository-main", path.relative_to(own)))
    ok("new", "my-step", "--template", archive, folder=tmp_path)
    assert (tmp_path / "my_step" / "words.txt").read_text() == "my-step red hello\n"


def test_a_template_in_a_git_repository(own: Path, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *who, *arguments], cwd=own, check=True, capture_output=True, timeout=60)

    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    git("tag", "v1")
    (own / "{{cookiecutter.project_slug}}" / "words.txt").write_text("two\n")
    git("commit", "-am", "two")
    ok("new", "old", "--template", f"git+file://{own}@v1", folder=tmp_path)
    ok("new", "newest", "--template", f"git+file://{own}", folder=tmp_path)
    assert (tmp_path / "old" / "words.txt").read_text() == "old red hello\n"
    assert (tmp_path / "newest" / "words.txt").read_text() == "two\n"
    missing = comp("new", "none", "--template", f"git+file://{own}@v9", folder=tmp_path)
    assert missing.code == 3
    assert missing.err.startswith(f"error: cannot fetch the template file://{own} at v9: ")


def test_hooks_run_only_with_consent(own: Path, tmp_path: Path) -> None:
    (own / "hooks").mkdir()
    (own / "hooks" / "post_gen_project.py").write_text("open('ran', 'w').close()\n")
    asked = comp("new", "no-hooks", "--template", own, folder=tmp_path)
    assert "note: its hooks were not run: post_gen_project.py; --hooks yes runs them\n" in asked.err
    assert not (tmp_path / "no_hooks" / "ran").exists()
    ok("new", "with-hooks", "--template", own, "--hooks", "yes", folder=tmp_path)
    assert (tmp_path / "with_hooks" / "ran").is_file()


def _broken(own: Path, what: str) -> None:
    inner = own / "{{cookiecutter.project_slug}}"
    if what == "hook":
        (own / "hooks").mkdir()
        (own / "hooks" / "post_gen_project.py").write_text("raise SystemExit(3)\n")
    elif what == "outside":
        (inner / "{{cookiecutter.greeting}}").write_text("x")
    elif what == "link":
        (inner / "link").symlink_to("/etc/hostname")
    elif what == "json":
        (own / "cookiecutter.json").write_text("{")
    elif what == "questions":
        (own / "cookiecutter.json").unlink()
    elif what == "undefined":
        (inner / "words.txt").write_text("{{ cookiecutter.nothing }}")
    elif what == "syntax":
        (inner / "words.txt").write_text("{% if %}")
    elif what == "gone":
        shutil.rmtree(own)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("hook", "does not work: "),
        ("outside", "writes outside of its folder: ../../evil"),
        ("link", "has a link to elsewhere: {{cookiecutter.project_slug}}/link"),
        ("json", "not JSON: "),
        ("questions", "is not a template: it has no cookiecutter.json"),
        ("undefined", "does not work: "),
        ("syntax", "does not work: "),
        ("gone", "is missing"),
    ],
)
def test_a_template_that_does_not_work_leaves_nothing(own: Path, tmp_path: Path, what: str, message: str) -> None:
    _broken(own, what)
    given = ("--set", "greeting=../../evil") if what == "outside" else ()
    before = sorted(tmp_path.iterdir())
    result = comp("new", "my-step", "--template", own, "--hooks", "yes", *given, folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert message in result.err.splitlines()[0]
    assert "Traceback" not in result.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "shade=dark"), "does not ask for 'shade'"),
        (("--set", "colour=green"), "colour is 'green'"),
        (("--set", "colour"), "--set colour"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    own: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = comp("new", "my-step", "--template", own, *arguments, folder=tmp_path)
    assert result.code in {1, 2}
    assert message in result.err
    assert not (tmp_path / "my_step").exists()


def test_sync_replaces_files_that_the_user_did_not_change(own: Path, tmp_path: Path) -> None:
    inner = own / "{{cookiecutter.project_slug}}"
    (inner / "deleted.txt").write_text("one\n")
    (inner / "changed.txt").write_text("one\n")
    ok("new", "my-step", "--template", own, folder=tmp_path)
    folder = tmp_path / "my_step"
    assert comp("sync", folder).err == "nothing to apply\n"
    (folder / "changed.txt").write_text("mine\n")
    (folder / "deleted.txt").unlink()
    (folder / "own.txt").write_text("mine\n")
    for name in ("words", "changed", "deleted", "added"):
        (inner / f"{name}.txt").write_text("two {{ cookiecutter.name }}\n")
    checked = comp("sync", folder, "--check")
    assert checked.code == 1
    assert checked.err == (
        "would add added.txt\n"
        "changed.txt was changed by you and by the template\n"
        "deleted.txt was deleted by you; the template changed it\n"
        "would replace words.txt\n"
    )
    assert (folder / "words.txt").read_text() == "my-step red hello\n"
    assert comp("sync", folder).code == 1
    files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert files == {
        "added.txt": "two my-step\n",
        "changed.txt": "mine\n",
        "changed.txt.rej": "two my-step\n",
        "kept.txt": "kept\n",
        "own.txt": "mine\n",
        "words.txt": "two my-step\n",
    }
    assert comp("sync", folder).err == "nothing to apply\n"


def test_a_template_and_its_folder_may_move_together(own: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    ok("new", "my-step", "--template", "../own", folder=tmp_path / "one")
    (own / "{{cookiecutter.project_slug}}" / "words.txt").write_text("two\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "one").rename(tmp_path / "other" / "one")
    own.rename(tmp_path / "other" / "own")
    folder = tmp_path / "other" / "one" / "my_step"
    # At its new place nothing has been trusted yet.
    refused = comp("sync", folder, folder=tmp_path)
    assert refused.code == 1
    ok("sync", folder, "--template", "other/own", folder=tmp_path)
    assert (tmp_path / "other" / "one" / "my_step" / "words.txt").read_text() == "two\n"


@pytest.mark.parametrize("kind", ["folder", "git", "zip"])
def test_a_cloned_folder_does_not_choose_what_is_fetched_and_rendered(own: Path, tmp_path: Path, kind: str) -> None:
    ok("new", "my-step", "--template", own, folder=tmp_path)
    record = tmp_path / "my_step" / ".comp" / "scaffold.json"
    evil = template(tmp_path / "evil", "{{ random_ascii_string(3) }}", name="evil.txt")
    name = {"folder": "../evil", "git": "git+https://127.0.0.1:1/lost@main", "zip": "../lost.zip"}[kind]
    record.write_text(json.dumps(json.loads(record.read_text()) | {"template": name}))
    for arguments in ((), ("--check",), ("--hooks", "yes")):
        refused = comp("sync", "my_step", *arguments, folder=tmp_path)
        shown = name if kind == "git" else name.removeprefix("../")
        assert (refused.code, refused.out) == (1, "")
        assert f"names the template {shown}, which you have not used on this machine\n" in refused.err
        assert refused.err.endswith(f"hint: if you trust it: comp sync my_step --template {shown}\n")
    assert comp("sync", "my_step", "--template", own, folder=tmp_path).code == 2
    if kind == "folder":
        named = comp("sync", "my_step", "--check", "--template", evil, folder=tmp_path)
        assert "would add evil.txt\n" in named.err
        assert comp("sync", "my_step", "--check", folder=tmp_path).err == named.err


def test_the_record_does_not_say_how_a_template_works(own: Path, tmp_path: Path) -> None:
    ok("new", "my-step", "--template", own, folder=tmp_path)
    record = tmp_path / "my_step" / ".comp" / "scaffold.json"
    known = json.loads(record.read_text())
    known["answers"] |= {"_extensions": ["os.system"], "greeting": "{{ cycler.__init__.__globals__ }}"}
    record.write_text(json.dumps(known))
    assert comp("sync", "my_step", folder=tmp_path).err.startswith("replaced words.txt\n")
    assert "{{ cycler" in (tmp_path / "my_step" / "words.txt").read_text()


def test_sync_does_not_write_through_links(own: Path, tmp_path: Path) -> None:
    ok("new", "my-step", "--template", own, folder=tmp_path)
    (own / "{{cookiecutter.project_slug}}" / "deep").mkdir()
    (own / "{{cookiecutter.project_slug}}" / "deep" / "new.txt").write_text("x")
    (tmp_path / "home").mkdir()
    (tmp_path / "my_step" / "deep").symlink_to(tmp_path / "home")
    refused = comp("sync", "my_step", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "would be written to" in refused.err
    assert not list((tmp_path / "home").iterdir())


def test_an_extension_runs_only_with_consent(own: Path, tmp_path: Path) -> None:
    (own / "cookiecutter.json").write_text(json.dumps({**QUESTIONS, "_extensions": ["own_extension.Own"]}))
    (own / "own_extension.py").write_text(
        "open('ran', 'w').close()\nfrom jinja2.ext import Extension\nclass Own(Extension): ...\n"
    )
    refused = comp("new", "my-step", "--template", own, folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "it needs the extension own_extension.Own, which is a program\n" in refused.err
    assert not (tmp_path / "ran").exists()
    ok("new", "my-step", "--template", own, "--hooks", "yes", folder=tmp_path)
    assert (tmp_path / "ran").exists()


def test_sync_can_write_both_sides_into_a_file(own: Path, tmp_path: Path) -> None:
    ok("new", "my-step", "--template", own, folder=tmp_path)
    (tmp_path / "my_step" / "kept.txt").write_text("mine\n")
    (own / "{{cookiecutter.project_slug}}" / "kept.txt").write_text("two\n")
    assert comp("sync", tmp_path / "my_step", "--conflicts", "inline").code == 1
    both = (tmp_path / "my_step" / "kept.txt").read_text()
    assert both == "<<<<<<< yours\nmine\n=======\ntwo\n>>>>>>> template\n"


def test_sync_needs_a_folder_that_comp_made(tmp_path: Path) -> None:
    result = comp("sync", tmp_path)
    assert result.code == 1
    assert "was not made by `comp new`" in result.err
    (tmp_path / ".comp").mkdir()
    (tmp_path / ".comp" / "scaffold.json").write_text("[]")
    assert comp("sync", tmp_path).err.startswith(f"error: {tmp_path}/.comp/scaffold.json: damaged: ")
