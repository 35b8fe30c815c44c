"""Settings that decide a component, and comments and other tables that do not."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from tests.changed_components import LIBRARY, WORKSPACE, after, component, reasons
from tests.repositories import Repo
from toolkit.collection.changed_settings import ParentChange, same_settings
from toolkit.config.toml import TomlDocument


def parent_change(
    path: Path,
    *,
    defaults: AbstractSet[str] = frozenset(),
    sources: AbstractSet[str] = frozenset(),
    project: bool = False,
    packages: bool = False,
) -> ParentChange:
    return ParentChange(
        path=path, defaults=frozenset(defaults), sources=frozenset(sources), project=project, packages=packages
    )


def document(folder: Path, text: str) -> TomlDocument:
    return TomlDocument.parse(folder / "pyproject.toml", text.encode())


def test_settings_of_parents(repo: Repo) -> None:
    defaults = '[tool.comp.defaults]\nbase = "{base}"\nuser = "{user}"\n'
    repo.commit(
        {
            "pyproject.toml": WORKSPACE + defaults.format(base="x", user="1"),
            **component("steps/b", comp='user = "7"'),
            **component("team/c"),
            "team/pyproject.toml": defaults.format(base="z", user="1"),
        }
    )
    text = "settings of parents pyproject.toml"
    # A component's own value counts before a default, and nearer defaults before others.
    assert after(repo, {"pyproject.toml": WORKSPACE + defaults.format(base="x", user="2")}) == {"steps/a": [text]}
    assert after(repo, {"pyproject.toml": WORKSPACE + defaults.format(base="y", user="1")}) == {
        "steps/a": [text],
        "steps/b": [text],
    }
    commented = "# x\n[tool.ruff]\n" + WORKSPACE + defaults.format(base="x", user="1")
    assert after(repo, {"pyproject.toml": commented}) == {}
    assert after(repo, {"team/pyproject.toml": None}) == {"team/c": ["settings of parents team/pyproject.toml"]}


def test_a_project_above_a_component(repo: Repo) -> None:
    whole = LIBRARY.format(name="whole", requires="{requires}", more="")
    own = '[tool.comp]\nentrypoint = "code:step"\n'
    repo.commit(
        {
            "pyproject.toml": WORKSPACE + whole.format(requires='"a", "b"'),
            "steps/inner/pyproject.toml": own,
            "steps/inner/src/code.py": "",
        }
    )
    # The order of requirements decides nothing.
    assert after(repo, {"pyproject.toml": WORKSPACE + whole.format(requires='"b", "a"')}) == {}
    assert after(repo, {"pyproject.toml": WORKSPACE + whole.format(requires='"b"')}) == {
        "steps/inner": ["settings of parents pyproject.toml"]
    }


def test_settings_of_uv_above_components(repo: Repo) -> None:
    index = '[[tool.uv.index]]\nname = "own"\nurl = "https://{host}/simple"\n'
    sources = '[tool.uv.sources]\nnumpy = {{ index = "own" }}\nx = {{ index = "own" }}\n'
    repo.commit({"pyproject.toml": WORKSPACE + index.format(host="one"), **component("steps/a", requires='"numpy"')})
    text = "settings of parents pyproject.toml"
    # What chooses packages is nothing to a component without any.
    assert after(repo, {"pyproject.toml": WORKSPACE + index.format(host="two")}) == {"steps/a": [text]}
    repo.write({"pyproject.toml": WORKSPACE + index.format(host="one") + sources.format()})
    assert reasons(repo) == {"steps/a": [text]}
    repo.commit()
    more = sources.format() + 'scipy = { index = "own" }\n'
    assert after(repo, {"pyproject.toml": WORKSPACE + index.format(host="one") + more}) == {}
    assert after(repo, {"uv.toml": 'resolution = "lowest"\n'}) == {"steps/a": ["settings of parents uv.toml"]}


def test_settings_of_uv_for_development_are_no_change(repo: Repo) -> None:
    repo.commit(component("steps/a", requires='"numpy"'))
    development = '[tool.uv]\ndev-dependencies = ["pytest"]\nmanaged = true\n[dependency-groups]\ntest = ["pytest"]\n'
    assert after(repo, {"pyproject.toml": WORKSPACE + development}) == {}
    assert after(repo, {"pyproject.toml": f"{WORKSPACE}[tool.uv]\nprerelease = 'allow'\n"}) == {
        "steps/a": ["settings of parents pyproject.toml"]
    }


def test_a_default_is_joined_with_a_table_of_the_component(tmp_path: Path) -> None:
    top = tmp_path / "pyproject.toml"
    change = parent_change(top, defaults={"argo", "user"})
    assert change.reaches(document(tmp_path / "a", "[tool.comp.argo]\n"), frozenset())
    change = parent_change(top, defaults={"user"})
    assert change.reaches(document(tmp_path / "a", "[tool.comp.argo]\n"), frozenset())
    assert not change.reaches(document(tmp_path / "a", '[tool.comp]\nuser = "1"\n'), frozenset())


def test_nearer_settings_hide_those_above(tmp_path: Path) -> None:
    change = parent_change(tmp_path / "pyproject.toml", defaults={"user"}, project=True)
    (tmp_path / "team").mkdir()
    near = tmp_path / "team" / "pyproject.toml"
    own = document(tmp_path / "team" / "a", "[tool.comp]\n")
    assert change.reaches(own, frozenset())
    near.write_text('[project]\nname = "team"\n')
    assert change.reaches(own, frozenset())
    near.write_text('[project]\nname = "team"\n[tool.comp.defaults]\n')
    assert not change.reaches(own, frozenset())


def test_packages_and_sources_reach_those_that_require_some(tmp_path: Path) -> None:
    own = document(tmp_path / "a", "")
    sources = parent_change(tmp_path / "pyproject.toml", sources={"numpy"})
    packages = parent_change(tmp_path / "pyproject.toml", packages=True)
    for names, by_sources, by_packages in ((set(), False, False), ({"click"}, False, True), ({"numpy"}, True, True)):
        assert sources.reaches(own, frozenset(names)) == by_sources
        assert packages.reaches(own, frozenset(names)) == by_packages


def test_order_comments_and_other_tools_are_the_same_settings(tmp_path: Path) -> None:
    text = '[project]\nname = "a"\ndependencies = ["x", "y"]\n[tool.comp]\nuser = "1"\n'
    before = document(tmp_path, text)
    for same in (
        text.replace('"x", "y"', '"y", "x"'),
        f"# comment\n{text}[tool.comp.workspace]\n[tool.ruff]\n",
        f'{text}[tool.comp.registries]\nshared = "../shared"\n',
        text.replace('name = "a"', 'name = "a"\nkeywords = ["k"]'),
    ):
        assert same_settings(before, document(tmp_path, same))
    for other in (
        text.replace('"y"', '"y>1"'),
        text.replace('"1"', "1"),
        text + '[tool.uv.sources]\nx = { path = "x" }\n',
        text.replace('["x", "y"]', '"x"'),
        "tool = 1\n",
    ):
        assert not same_settings(before, document(tmp_path, other))
    # A partial clone does not have it.
    assert not same_settings(None, before)
