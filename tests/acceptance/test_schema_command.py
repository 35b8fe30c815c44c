"""`comp schema`: what it prints is a whole schema to other programs, and editors find it where headers say."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.commands import comp, ok
from toolkit.scaffold.schemas import SCHEMAS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
TAPLO = Path(sys.executable).with_name("taplo")
CASES = {
    "inputs: []": False,
    "outputs: {a: {equal: 1}}": False,
    "outputs: {a: {}}": False,
    "fails: {exit: 0}": False,
    "input: {}": False,
    "inputs: {a: 1}\noutputs: {a: {equals: 1}}": True,
}
PROJECTS = {
    '[tool.comp]\nentrypint = "a:b"\n': False,
    '[tool.comp]\nentrypoint = "a"\n': False,
    '[project]\nname = 5\n[tool.comp]\nentrypoint = "a:b"\n': False,
    '[project]\ndependencies = "pandas"\n[tool.comp]\nentrypoint = "a:b"\n': False,
    '[project]\nname = "a"\nreadme = "README.md"\n[tool.comp]\nentrypoint = "a:b"\n[tool.ruff]\nx = 120\n': True,
    '[build-system]\nrequires = []\n[tool.comp.defaults]\nbase = "x"\n': True,
}
CHANGED = {
    "{}": False,
    '{"since": {"reference": "main", "commit": "x"}, "changed": [], "removed": [], "components": []}': False,
}

BASELINES = {
    "{}": False,
    '{"version": 2, "findings": {}}': False,
    '{"version": 1, "findings": {"a": {"C020": {"x": 0}}}}': False,
}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every schema as `comp schema` prints it."""
    folder = tmp_path_factory.mktemp("schemas")
    for name in SCHEMAS:
        (folder / f"{name}.json").write_text(ok("schema", name) + "\n")
    return folder


def _refused(schema: Path, files: Iterable[Path]) -> set[Path]:
    """Return the files that check-jsonschema finds wrong."""
    words: list[str | Path] = [
        Path(sys.executable).with_name("check-jsonschema"),
        "--output-format",
        "json",
        "--schemafile",
        schema,
    ]
    done = subprocess.run([*words, *files], capture_output=True, text=True, check=False, timeout=300)
    report = json.loads(done.stdout)
    assert not report.get("parse_errors"), done.stdout
    assert done.returncode == int(report["status"] == "fail"), done.stderr
    return {Path(error["filename"]) for error in report.get("errors", ())}


def _written(folder: Path, suffix: str, texts: dict[str, bool]) -> dict[Path, bool]:
    """Write the texts into files, and return whether each is right."""
    files = {folder / f"{index}{suffix}": right for index, right in enumerate(texts.values())}
    for path, text in zip(files, texts, strict=True):
        path.write_text(text)
    return files


def test_the_names_are_listed() -> None:
    listed = ok("schema").splitlines()
    assert [line.split()[0] for line in listed] == list(SCHEMAS)
    assert {path.name for path in (ROOT / "schemas").iterdir()} == {schema.file for schema in SCHEMAS.values()}
    wrong = comp("schema", "compnent")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err == "error: unknown schema: 'compnent'\n\nhint: did you mean component?\n"
    assert comp("schema", "case", "--install", ".").code == 2


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_whole(schemas: Path, name: str) -> None:
    text = (schemas / f"{name}.json").read_text()
    document = json.loads(text)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)
    assert document["title"]
    assert document["description"]
    # There is no address to fetch anything from. Taplo refuses a schema with a relative `$id`.
    assert "$id" not in document
    assert all(part.startswith("#") for part in _references(document))


def _references(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def test_the_schema_of_contracts(schemas: Path) -> None:
    right = {*EXAMPLES.glob("positive/*/component.yaml"), *ROOT.glob("sample_components/*/component.yaml")}
    wrong = {*EXAMPLES.glob("negative/*/component.yaml")}
    assert len(right) > 5
    assert len(wrong) > 5
    assert _refused(schemas / "component.json", [*right, *wrong]) == wrong


def test_the_schema_of_cases(schemas: Path, tmp_path: Path) -> None:
    files = _written(tmp_path, ".yaml", CASES)
    files |= dict.fromkeys(ROOT.glob("sample_components/*/tests/cases/*/case.yaml"), True)
    files |= dict.fromkeys(ROOT.glob("templates/*/cases/*/case.yaml"), True)
    assert _refused(schemas / "case.json", files) == {path for path, right in files.items() if not right}


def test_the_schema_of_settings(schemas: Path, tmp_path: Path) -> None:
    files = _written(tmp_path, ".toml", PROJECTS)
    files |= dict.fromkeys(ROOT.glob("sample_components/*/pyproject.toml"), True)
    files[ROOT / "pyproject.toml"] = True
    assert _refused(schemas / "pyproject.json", files) == {path for path, right in files.items() if not right}


def test_the_schema_of_what_changed(schemas: Path, tmp_path: Path) -> None:
    files = _written(tmp_path, ".json", CHANGED)
    assert _refused(schemas / "changed.json", files) == {path for path, right in files.items() if not right}
    subprocess.run(["git", "init", "-q", tmp_path / "repository"], check=True)
    named = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    commit = ["git", *named, "commit", "-q", "--allow-empty", "-m", "one"]
    subprocess.run(commit, cwd=tmp_path / "repository", check=True)
    ok("new", "train", folder=tmp_path / "repository")
    printed = tmp_path / "printed.json"
    printed.write_text(ok("changed", ".", "--since", "HEAD", "--format", "json", folder=tmp_path / "repository"))
    assert json.loads(printed.read_text())["components"]
    assert _refused(schemas / "changed.json", [printed]) == set()


def test_the_schema_of_a_baseline(schemas: Path, tmp_path: Path) -> None:
    files = _written(tmp_path, ".json", BASELINES)
    (tmp_path / "component.yaml").write_text("name: a\nimplementation: {container: {image: 'A b'}}\n")
    ok("lint", "component.yaml", "--write-baseline", "known.json", folder=tmp_path)
    assert "C069" in (tmp_path / "known.json").read_text()
    files[tmp_path / "known.json"] = True
    assert _refused(schemas / "baseline.json", files) == {path for path, right in files.items() if not right}


def test_what_comp_new_makes_fits_and_names_the_schemas(schemas: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    result = comp("schema", "--install", tmp_path, folder=tmp_path)
    assert result.code == 0
    assert result.err in (ROOT / "docs" / "editors.md").read_text()
    templates = ("container", "function", "notebook", "program", "shell", "training")
    for template in templates:
        ok("new", template, "--template", template, folder=tmp_path)
        assert ok("sync", template, "--check", folder=tmp_path) == ""
    ok("generate", *templates, "--check", folder=tmp_path)
    ok("lint", *templates, folder=tmp_path)
    kinds = {"component": "*/component.yaml", "case": "*/tests/cases/*/case.yaml", "pyproject": "*/pyproject.toml"}
    for name, pattern in kinds.items():
        files = sorted(tmp_path.glob(pattern))
        assert len(files) == 6
        assert _refused(schemas / f"{name}.json", files) == set()
        for path in files:
            header = path.read_text().splitlines()[0]
            if name == "component" and "#" not in header:
                assert path.parent.name in {"function", "training"}
                continue
            named = path.parent / header.replace("=", " ").split()[-1]
            assert named.resolve() == tmp_path / ".comp" / "schemas" / f"{name}.schema.json"


@pytest.mark.skipif(not TAPLO.exists(), reason="taplo is not installed: it belongs to the group dev")
def test_taplo_reads_the_header(tmp_path: Path) -> None:
    ok("schema", "--install", ".", folder=tmp_path)
    ok("new", "train", folder=tmp_path)

    def lint() -> subprocess.CompletedProcess[str]:
        words: list[str | Path] = [TAPLO, "lint", "--no-auto-config", "pyproject.toml"]
        return subprocess.run(words, cwd=tmp_path / "train", capture_output=True, text=True, check=False, timeout=300)

    done = lint()
    assert done.returncode == 0, done.stderr
    settings = tmp_path / "train" / "pyproject.toml"
    settings.write_text(settings.read_text().replace("entrypoint", "entrypint"))
    done = lint()
    assert done.returncode == 1
    assert "'entrypint' was unexpected" in done.stderr
