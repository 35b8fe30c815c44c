"""Which components changed since a commit, by content, and why."""

from pathlib import Path

import pytest

from tests.changed_components import WORKSPACE, after, changes, component, reasons, settings
from tests.repositories import ENVIRON, Repo, clone, make_repository
from toolkit.collection.changes import read_changes
from toolkit.errors import InputError, UsageError


def test_nothing_changed(repo: Repo) -> None:
    found = changes(repo)
    assert (found.changed, found.removed, found.members) == ((), (), 2)


def test_new_removed_and_renamed_components(repo: Repo) -> None:
    repo.git("mv", "steps/b", "steps/c")
    repo.commit({"steps/c/pyproject.toml": settings("c")})
    assert reasons(repo, "HEAD~1") == {"steps/c": ["added"]}
    found = changes(repo, "HEAD~1")
    assert [(gone.name, gone.folder) for gone in found.removed] == [("b", repo.folder / "steps/b")]
    # A folder that becomes a component, and one that stops being one.
    repo.commit({"steps/d/pyproject.toml": '[project]\nname = "d"\nversion = "1"\n'})
    repo.write({"steps/d/pyproject.toml": settings("d"), "steps/a/pyproject.toml": '[project]\nname = "a"\n'})
    assert reasons(repo) == {"steps/d": ["added"]}
    assert [gone.name for gone in changes(repo).removed] == ["a"]


def test_a_repository_without_components_left(repo: Repo) -> None:
    repo.git("rm", "-r", "-q", "steps")
    assert [gone.name for gone in changes(repo).removed] == ["a", "b"]
    repo.commit()
    with pytest.raises(InputError, match="no component below"):
        changes(repo)


def test_a_component_that_git_ignores_is_none_of_the_repository(repo: Repo) -> None:
    repo.commit({".gitignore": "scratch/\n"})
    assert after(repo, component("scratch/x")) == {}
    assert after(repo, component("new/x")) == {"new/x": ["added"]}


def test_everything_is_new_without_an_earlier_commit(repo: Repo) -> None:
    assert reasons(repo, "0" * 40) == {"steps/a": ["added"], "steps/b": ["added"]}


def test_one_folder_of_the_collection(repo: Repo) -> None:
    repo.write({"steps/a/src/code.py": "x", "steps/b/src/code.py": "x"})
    assert reasons(repo, folder="steps/b") == {"steps/b": ["code"]}
    repo.git("rm", "-r", "-q", "-f", "steps/a")
    assert changes(repo, folder="steps/b").removed == ()


def test_members_and_exclude_count_for_removed_and_new_components(repo: Repo) -> None:
    repo.commit({"pyproject.toml": f'{WORKSPACE}members = ["steps/*"]\nexclude = ["steps/old*"]', **component("lib/x")})
    repo.commit(component("steps/old-y"))
    repo.git("rm", "-r", "-q", "lib", "steps/old-y")
    repo.commit()
    assert changes(repo, "HEAD~1").removed == ()
    # A component that the collection takes in, without any change of it.
    repo.git("revert", "--no-edit", "HEAD")
    repo.write({"pyproject.toml": f'{WORKSPACE}members = ["steps/*", "lib/*"]\nexclude = ["steps/old*"]'})
    assert reasons(repo) == {"lib/x": ["added"]}


def test_a_component_at_the_top_of_its_repository(tmp_path: Path) -> None:
    files = {name.removeprefix("a/"): content for name, content in component("a").items()}
    repo = make_repository(tmp_path / "a", files)
    assert after(repo, {"src/code.py": "x"}) == {".": ["code"]}


def test_a_component_in_a_submodule(repo: Repo, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", component("x"))
    repo.git("submodule", "--quiet", "add", f"file://{inner.folder}", "steps/module")
    repo.commit()
    assert reasons(repo, "HEAD~1") == {"steps/module/x": ["added"]}
    assert after(
        repo, {"steps/module/x/src/code.py": "x", "steps/module/x/pyproject.toml": "# \n" + settings("x")}
    ) == {"steps/module/x": ["code"]}


def test_a_broken_component_does_not_stop_the_others(repo: Repo) -> None:
    repo.commit({"steps/a/pyproject.toml": settings("a", comp="unknown = 1")})
    assert reasons(repo) == {}
    assert after(repo, {"steps/a/src/code.py": "x", "steps/b/src/code.py": "x"}) == {
        "steps/a": ["unreadable"],
        "steps/b": ["code"],
    }


def test_a_component_that_was_broken_before_is_not_listed_for_changes_elsewhere(repo: Repo) -> None:
    repo.commit({"steps/a/pyproject.toml": settings("a") + "not TOML"})
    assert after(repo, {"other.txt": "y", "pyproject.toml": f'{WORKSPACE}[tool.comp.defaults]\nuser = "1"\n'}) == {
        "steps/b": ["settings of parents pyproject.toml"]
    }
    assert after(repo, {"steps/a/src/code.py": "x"})["steps/a"] == ["unreadable"]


def test_a_partial_clone_takes_settings_that_it_lacks_for_changed(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"steps/a/pyproject.toml": "# comment\n" + settings("a"), "steps/b/src/code.py": "x"})
    partial = clone(repo, tmp_path / "partial", "--filter=blob:none")
    assert reasons(partial, "HEAD~1") == {"steps/a": ["settings"], "steps/b": ["code"]}


def test_a_shallow_clone_of_a_merge_commit(repo: Repo, tmp_path: Path) -> None:
    repo.git("switch", "-q", "-c", "topic")
    repo.commit({"steps/a/src/code.py": "x"})
    repo.git("switch", "-q", "main")
    repo.commit({"steps/b/src/code.py": "x"})
    repo.git("merge", "-q", "--no-edit", "topic")
    # As actions/checkout gets a pull request, with fetch-depth: 2.
    shallow = clone(repo, tmp_path / "shallow", "--depth=2")
    assert reasons(shallow, "HEAD^") == {"steps/a": ["code"]}
    with pytest.raises(UsageError, match="shallow"):
        changes(shallow, "HEAD~2")


def test_a_folder_outside_of_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    with pytest.raises(UsageError, match="is not in a git repository"):
        read_changes(folder, "HEAD", ENVIRON | {"GIT_CEILING_DIRECTORIES": str(tmp_path)})
    with pytest.raises(InputError, match="is not a folder"):
        read_changes(tmp_path / "missing", "HEAD", ENVIRON)


def test_a_lock_that_components_share_counts_for_those_whose_part_changed(repo: Repo) -> None:
    def lock(one: str, two: str) -> str:
        parts = "".join(
            f'[[component]]\nfolder = "steps/{name}"\ninputs = "{inputs}"\npython = "3.11"\nwheels = {{}}\n'
            for name, inputs in (("a", one), ("b", two))
        )
        return f"lock-version = 1\n{parts}"

    repo.write({"pyproject.toml": f'{WORKSPACE}lock = "shared"\n', "comp.lock": lock("1", "2")})
    repo.commit()
    assert after(repo, {"comp.lock": lock("1", "3")}) == {"steps/b": ["lock"]}
    assert after(repo, {"comp.lock": "# again\n" + lock("1", "2")}) == {}
    # A file that cannot be read may be about each of them.
    assert after(repo, {"comp.lock": "lock-version = 9\n"}) == {"steps/a": ["lock"], "steps/b": ["lock"]}
