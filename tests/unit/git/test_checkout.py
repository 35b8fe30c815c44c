"""The files of a commit in a folder of their own, with nothing of the repository changed and nothing of it run."""

from pathlib import Path

import pytest

from tests.repositories import ENVIRON, clone, make_repository
from toolkit.errors import OutsideError
from toolkit.git.checkout import borrow_objects, check_out, empty_repository, object_form
from toolkit.git.ignored import ignored
from toolkit.git.program import Git


def test_a_commit_is_written_as_it_is_and_its_repository_stays(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    first = repository.commit({"a/x.py": "1", ".gitignore": "*.log\n", "link": ""})
    (repository.folder / "link").unlink()
    (repository.folder / "link").symlink_to("a/x.py")
    (repository.folder / "kept.log").write_text("tracked")
    repository.git("add", "--force", "kept.log", "link")
    second = repository.commit()
    repository.commit({"a/x.py": "2"})
    repository.write({"a/x.py": "3", "untracked.txt": ""})
    before = repository.git("status", "--porcelain", "--ignored"), repository.git("rev-parse", "HEAD")

    git = empty_repository(tmp_path / "out", ENVIRON, form=object_form(Git(folder=repository.folder, environ=ENVIRON)))
    borrow_objects(git, Git(folder=repository.folder, environ=ENVIRON))
    check_out(git, second)
    out = tmp_path / "out"
    assert (out / "a" / "x.py").read_text() == "1"
    assert (out / "link").readlink() == Path("a/x.py")
    assert not (out / "untracked.txt").exists()
    # A tracked file counts as tracked, although a pattern would ignore it.
    assert ignored(out, ENVIRON) == frozenset()
    assert git.get("rev-parse", "HEAD").decode().strip() == second
    check_out(git, first)
    assert not (out / "kept.log").exists()
    assert before == (repository.git("status", "--porcelain", "--ignored"), repository.git("rev-parse", "HEAD"))


def test_no_filter_hook_or_template_runs(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    commit = repository.commit({".gitattributes": "*.txt filter=evil\n", "a.txt": "as it is"})
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    settings = tmp_path / "settings"
    settings.write_text(
        f'[filter "evil"]\nsmudge = touch {tmp_path}/ran && echo changed\n[init]\ntemplateDir = {tmp_path}/template\n'
    )
    environ = {**ENVIRON, "GIT_CONFIG_GLOBAL": str(settings)}
    git = empty_repository(tmp_path / "out", environ)
    borrow_objects(git, Git(folder=repository.folder, environ=environ))
    check_out(git, commit)
    assert (tmp_path / "out" / "a.txt").read_text() == "as it is"
    assert not (tmp_path / "ran").exists()


def test_a_partial_clone_without_the_files_is_reported(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    commit = repository.commit({"a.txt": "1"})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = clone(repository, tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    git = empty_repository(tmp_path / "out", ENVIRON)
    borrow_objects(git, Git(folder=partial.folder, environ=ENVIRON))
    with pytest.raises(OutsideError):
        check_out(git, commit)
