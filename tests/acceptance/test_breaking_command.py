"""`comp breaking` as a user runs it, in a repository with two components."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import comp
from tests.components import small_base, write_component
from tests.versions_of_contracts import contract

OLD = contract("{name: table, type: Dataset}, {name: rate, type: Float, default: '0.1'}", version="1.2.0")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the components `train` and `load`, in which the test runs."""
    for name, text in {"train": OLD, "load": contract(name="Load")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "component.yaml").write_text(text)
        settings = f'[project]\nname = "{name}"\nversion = "1.2.0"\n[tool.comp]\ncommand = ["python", "x.py"]\n'
        (tmp_path / name / "pyproject.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    _git("init", "-q", "-b", "main")
    _git("add", ".")
    _git("commit", "-qm", "one")
    return tmp_path


def _git(*words: str) -> None:
    """Run git here, with a user of its own."""
    named = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    subprocess.run(["git", *named, *words], check=True, capture_output=True)


def test_a_break_fails_until_the_version_says_so(repository: Path) -> None:
    path = repository / "train" / "component.yaml"
    path.write_text(OLD.replace("name: table", "name: data"))
    result = comp("breaking", "train", "--against", "main")
    assert (result.code, result.err) == (
        1,
        "Train: requires a major bump (B102); the version stays 1.2.0\n",
    )
    assert result.out.splitlines()[0] == (
        "train/component.yaml:5:17: error B102 the input 'table' is called 'data' now"
    )
    assert result.out.splitlines()[-1] == "    make it 2.0.0"
    result = comp("breaking", "train", "--against", "main", "--write-changelog", "CHANGELOG.md")
    assert "CHANGELOG.md stays as it is: the version 1.2.0 does not allow the changes\n" in result.err
    assert not (repository / "CHANGELOG.md").exists()
    path.write_text(path.read_text().replace("1.2.0", "2.0.0"))
    result = comp("breaking", "train", "--against", "main")
    assert result.code == 0
    assert "warning B102" in result.out
    assert "    the version 2.0.0 allows it" in result.out
    assert comp("breaking", "train", "--against", "main", "--even-with-bump").code == 1
    assert comp("breaking", "train", "--against", "main", "--write-changelog", "CHANGELOG.md").code == 0
    assert "- The input 'table' is called 'data' now (B102)." in (repository / "CHANGELOG.md").read_text()


def test_a_file_that_is_no_contract_is_refused(repository: Path) -> None:
    (repository / "weekly.py").write_text("x = 1\n")
    _git("add", ".")
    _git("commit", "-qm", "two")
    result = comp("breaking", "weekly.py", "--against", "main")
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: weekly.py is not a contract\n\nhint: name a component.yaml, or a component's folder\n"


def test_a_collection_in_one_run(repository: Path) -> None:
    assert comp("breaking", "--all", "--against", "HEAD").err == "nothing changed\n"
    (repository / "train" / "component.yaml").write_text(OLD.replace("'0.1'", "'0.2'").replace("1.2.0", "1.3.0"))
    (repository / "load" / "component.yaml").unlink()
    result = comp("breaking", "--all", "--against", "HEAD", "--format", "json")
    document = json.loads(result.out)
    assert result.code == 1
    assert [component["name"] for component in document["components"]] == ["Train"]
    assert [change["rule"] for change in document["components"][0]["changes"]] == ["B106"]
    assert [finding["rule"] for finding in document["findings"]] == ["B305"]
    result = comp("breaking", ".", "--all", "--against", "HEAD", "--format", "github")
    assert "::error file=load/component.yaml,title=B305::" in result.out


def test_components_of_one_title_have_their_paths(repository: Path) -> None:
    for name in ("train", "load"):
        (repository / name / "component.yaml").write_text(OLD.replace("1.2.0", "1.2.1"))
    _git("commit", "-qam", "two")
    for name in ("train", "load"):
        (repository / name / "component.yaml").write_text(OLD.replace("Dataset", "Model").replace("1.2.0", "2.0.0"))
    result = comp("breaking", "--all", "--against", "HEAD")
    assert result.err == (
        "load/component.yaml: Train: requires a major bump (B108); 1.2.1 -> 2.0.0 is a major one\n"
        "train/component.yaml: Train: requires a major bump (B108); 1.2.1 -> 2.0.0 is a major one\n"
    )


def test_a_collection_that_lost_every_component(repository: Path) -> None:
    for name in ("train", "load"):
        shutil.rmtree(repository / name)
    result = comp("breaking", "--all", "--against", "HEAD")
    assert result.code == 1
    assert result.out.splitlines()[0] == "load/component.yaml: error B305 the contract is gone"
    _git("commit", "-qam", "two")
    result = comp("breaking", "--all", "--against", "HEAD")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: no component below ")


def test_consumers_that_break(repository: Path) -> None:
    pipelines = repository / "pipelines"
    pipelines.mkdir()
    (pipelines / "weekly.py").write_text(
        "from pathlib import Path\n\n"
        "from kfp import components, dsl\n\n"
        'train = components.load_component_from_file(Path(__file__).parent.parent / "train" / "component.yaml")\n\n\n'
        '@dsl.pipeline(name="w")\n'
        "def weekly(uri: str):\n"
        "    train(table=uri, rate=0.2)\n"
    )
    asked = ("breaking", "train", "--against", "HEAD", "--consumers", "pipelines")
    assert comp(*asked).code == 0
    (repository / "train" / "component.yaml").write_text(OLD.replace("name: rate", "name: pace"))
    result = comp(*asked)
    assert result.code == 1
    assert result.out.splitlines() == [
        "pipelines/weekly.py:10:22: error B102 the step train of w passes 'rate', and that input is called 'pace' now",
        "        train(table=uri, rate=0.2)",
        "                         ^",
        "    pass 'pace'",
    ]
    assert result.err.splitlines() == [
        "Train: requires a major bump (B102); the version stays 1.2.0",
        "1 use of what changed in 1 file: 1 breaks",
    ]
    (broken,) = json.loads(comp(*asked, "--format", "json").out)["breaks"]
    assert (broken["pipeline"], broken["step"], broken["line"], broken["column"]) == ("w", "train", 10, 22)
    assert comp(*asked[:-1], "nowhere").code == 1
    (pipelines / "weekly.py").write_text((pipelines / "weekly.py").read_text().replace(", rate=0.2", ""))
    assert comp(*asked).code == 0


def test_an_image_that_comp_built_is_an_earlier_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = small_base(tmp_path / "base")
    monkeypatch.chdir(write_component(tmp_path / "count", base))
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    assert comp("build", "--output", f"layout:{tmp_path / 'image'}").code == 0
    result = comp("breaking", "--against", f"layout:{tmp_path / 'image'}")
    assert (result.code, result.out, result.err) == (0, "", "nothing changed\n")
    contract_path = tmp_path / "count" / "component.yaml"
    contract_path.write_text(contract_path.read_text().replace("text", "words"))
    result = comp("breaking", "--against", f"layout:{tmp_path / 'image'}")
    assert result.code == 1
    assert "error B102 the input 'text' is called 'words' now" in result.out
    result = comp("breaking", "--against", f"image:layout:{base}")
    assert (result.code, result.out) == (1, "")
    assert "has no contract in it: comp did not build it" in result.err
