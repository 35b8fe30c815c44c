"""Required projects and files of the same repository, and locks of other tools."""

from tests.changed_components import LIBRARY, WORKSPACE, after, component, reasons
from tests.repositories import Repo


def test_local_dependencies_transitively(repo: Repo) -> None:
    source = '[tool.uv.sources]\n{name} = {{ path = "{path}" }}\n'
    repo.commit(
        {
            **component("steps/a", requires='"first"', more=source.format(name="first", path="../../libs/first")),
            "libs/first/pyproject.toml": LIBRARY.format(
                name="first", requires='"second"', more=source.format(name="second", path="../second")
            ),
            "libs/first/first.py": "",
            "libs/second/pyproject.toml": LIBRARY.format(name="second", requires="", more=""),
            "libs/second/second.py": "",
            "libs/third/third.py": "",
        }
    )
    assert after(repo, {"libs/third/third.py": "x", "libs/second/__pycache__/x.pyc": b""}) == {}
    assert after(repo, {"libs/second/second.py": "x"}) == {"steps/a": ["local dependency second"]}
    repo.write({"libs/first/first.py": None})
    assert reasons(repo) == {"steps/a": ["local dependency first", "local dependency second"]}
    # Gone, so that it is not known what the component requires.
    repo.write({"libs/first/pyproject.toml": None})
    assert reasons(repo) == {"steps/a": ["unreadable"]}


def test_members_of_a_workspace_of_uv_and_a_wheel_in_the_repository(repo: Repo) -> None:
    root = f'{WORKSPACE}[tool.uv.workspace]\nmembers = ["libs/*"]\n'
    repo.commit(
        {
            "pyproject.toml": root,
            "libs/shared/pyproject.toml": LIBRARY.format(name="shared", requires="", more=""),
            "libs/shared/shared.py": "",
            "wheels/w-1-py3-none-any.whl": b"1",
            **component("steps/a", requires='"shared"', more="[tool.uv.sources]\nshared = { workspace = true }\n"),
            **component(
                "steps/b",
                requires='"w"',
                more='[tool.uv.sources]\nw = { path = "../../wheels/w-1-py3-none-any.whl" }\n',
            ),
        }
    )
    assert after(repo, {"libs/shared/shared.py": "x"}) == {"steps/a": ["local dependency shared"]}
    repo.commit()
    assert after(repo, {"wheels/w-1-py3-none-any.whl": b"2"}) == {"steps/b": ["local dependency w"]}


def test_files_that_a_local_dependency_takes_from_outside_of_its_folder(repo: Repo) -> None:
    library = LIBRARY.format(name="lib", requires="", more="") + (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel.force-include]\n"../../data" = "lib/data"\n'
    )
    own = '[tool.uv.sources]\nlib = { path = "../../libs/lib" }\n'
    files = {"libs/lib/pyproject.toml": library, "data/x.csv": "1", "data/y.csv": "1"}
    repo.commit({**component("steps/a", requires='"lib"', more=own), **files})
    assert after(repo, {"other.txt": "y"}) == {}
    assert after(repo, {"data/x.csv": "2"}) == {"steps/a": ["local dependency lib"]}
    (repo.folder / "libs/lib/link").symlink_to("../../other.txt")
    repo.commit()
    assert after(repo, {"other.txt": "z"}) == {"steps/a": ["local dependency lib"]}


def test_a_lock_of_another_tool_with_the_files_that_it_includes(repo: Repo) -> None:
    repo.commit(
        {
            **component("steps/a", comp='requirements = "../../requirements.txt"'),
            "requirements.txt": "-r more.txt\n",
            "more.txt": "numpy==1\n",
        }
    )
    assert after(repo, {"more.txt": "numpy==2\n"}) == {"steps/a": ["lock"]}


def test_a_shared_uv_lock_counts_for_those_whose_packages_changed(repo: Repo) -> None:
    def lock(numpy: str, click: str) -> str:
        table = '[[package]]\nname = "{}"\nversion = "{}"\ndependencies = [{}]\n'
        return "version = 1\n" + "".join(
            table.format(*row)
            for row in (("pandas", "2", '{ name = "numpy" }'), ("numpy", numpy, ""), ("click", click, ""))
        )

    requirements = 'requirements = "../../uv.lock"'
    repo.commit(
        {
            **component("steps/a", requires='"pandas>=1"', comp=requirements),
            **component("steps/b", requires='"click"', comp=requirements),
            "uv.lock": lock("1", "8"),
        }
    )
    assert after(repo, {"uv.lock": lock("2", "8")}) == {"steps/a": ["lock"]}
    assert after(repo, {"uv.lock": lock("1", "9")}) == {"steps/b": ["lock"]}
    assert after(repo, {"uv.lock": "# moved\n" + lock("1", "8")}) == {}
    assert after(repo, {"uv.lock": None}) == {"steps/a": ["lock"], "steps/b": ["lock"]}


def test_a_uv_lock_with_a_circle_and_extras(repo: Repo) -> None:
    def lock(deep: str, python: str = ">=3.11") -> str:
        return (
            f'version = 1\nrequires-python = "{python}"\n'
            '[[package]]\nname = "one"\ndependencies = [{ name = "two" }]\n'
            '[[package]]\nname = "two"\ndependencies = [{ name = "one" }]\n'
            '[package.optional-dependencies]\nmore = [{ name = "deep" }]\n'
            f'[[package]]\nname = "deep"\nversion = "{deep}"\n'
        )

    requirements = 'requirements = "../../uv.lock"'
    repo.commit({**component("steps/a", requires='"One[more]"', comp=requirements), "uv.lock": lock("1")})
    assert after(repo, {"uv.lock": lock("2")}) == {"steps/a": ["lock"]}
    # Packages for another Python may be others.
    assert after(repo, {"uv.lock": lock("1", ">=3.12")}) == {"steps/a": ["lock"]}
    assert after(repo, {"uv.lock": lock("1") + '[[package]]\nname = "apart"\n'}) == {}


def test_a_uv_lock_that_is_or_was_invalid_may_be_about_all(repo: Repo) -> None:
    requirements = 'requirements = "../../uv.lock"'
    repo.commit({**component("steps/a", requires='"one"', comp=requirements), "uv.lock": "version = 1\n"})
    assert after(repo, {"uv.lock": "<<<<<<< HEAD\n"}) == {"steps/a": ["lock"]}
    repo.commit()
    assert after(repo, {"uv.lock": "version = 1\n"}) == {"steps/a": ["lock"]}
    # TOML of another shape.
    repo.commit()
    assert after(repo, {"uv.lock": 'version = 1\npackage = [1]\n[[other]]\nname = "one"\n'}) == {}


def test_a_dependency_that_two_components_have_in_common_is_named_for_both(repo: Repo) -> None:
    own = {"requires": '"Lib", "numpy"', "more": '[tool.uv.sources]\nlib = { path = "../../lib" }\n'}
    library = {"lib/pyproject.toml": LIBRARY.format(name="lib", requires="", more=""), "lib/lib.py": ""}
    repo.commit({**component("steps/a", **own), **component("steps/b", **own), **library})
    reason = ["local dependency lib"]
    assert after(repo, {"lib/lib.py": "x"}) == {"steps/a": reason, "steps/b": reason}
