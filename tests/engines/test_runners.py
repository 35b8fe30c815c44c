"""The three runners agree, and the samples chained by hand give a plausible model."""

from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import Sample

RUNNERS = ("process", "docker", "buildah")


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_samples_cases_pass_on_every_runner(sample: Sample, docker_host: str, runner: str) -> None:
    assert docker_host
    for name in ("summarise_text", "load_table"):
        result = comp("test", sample(name), "--runner", runner)
        assert result.code == 0, result.out + result.err
        assert result.out.count(f"({runner})\n") == len(result.out.splitlines())


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_component_that_fails_makes_exit_code_1(
    sample: Sample, docker_host: str, tmp_path: Path, runner: str
) -> None:
    assert docker_host
    result = comp("run", sample("load_table"), "--runner", runner, "-i", "table=irises", folder=tmp_path)
    assert result.code == 1
    assert result.out == ""
    assert "ValueError: unknown table 'irises'" in result.err
    assert result.err.endswith("load-table failed with exit code 1\n")


def test_the_first_runner_that_works_is_docker(sample: Sample, docker_host: str, tmp_path: Path) -> None:
    assert docker_host
    folder = sample("summarise_text")
    result = comp("run", folder, "-i", f"text={folder / 'README.md'}", folder=tmp_path)
    assert result.code == 0, result.err
    assert "running summarise-text by docker\n" in result.err


@pytest.mark.parametrize("runner", ["process", "buildah"])
def test_the_samples_chained_give_a_sensible_accuracy(sample: Sample, tmp_path: Path, runner: str) -> None:
    tables, by = sample("load_table"), ("--runner", runner)
    ok("run", tables, *by, "-o", "data=data.csv", folder=tmp_path)
    split = ("-i", "data=data.csv", "-i", "seed=1", "-o", "training=training.csv", "-o", "held_out=held_out.csv")
    assert ok("run", tables, "--component", "split-table", *by, *split, folder=tmp_path) == "Output=143"
    fit = ("-i", "training_data=training.csv", "-i", "c=0.5", "-o", "model=model.joblib", "-o", "metrics=fit.json")
    ok("run", sample("train_model"), *by, *fit, folder=tmp_path)
    measure = ("-i", "model=model.joblib", "-i", "data=held_out.csv", "-o", "report=report.html")
    printed = ok("run", sample("evaluate_model"), *by, *measure, folder=tmp_path)
    assert 0.94 < float(printed.removeprefix("Output=")) <= 1
    assert '"accuracy"' in (tmp_path / "fit.json").read_text()
    assert (tmp_path / "report.html").read_text().count("<rect") == 4


_JOIN = '''"""Join two tables."""

from pathlib import Path

from toolkit.types import InputPath, OutputPath


def join(first: InputPath("TSV"), second: InputPath("TSV"), joined: OutputPath("Directory")) -> None:
    """Join two tables into a folder."""
    folder = Path(joined)
    folder.mkdir()
    (folder / "both").write_text(Path(first).read_text() + Path(second).read_text())
    (folder / "link").symlink_to("both")
    (folder / "elsewhere").symlink_to("/etc/hostname")
'''
_JOIN_PROJECT = """[project]
name = "join-tables"
version = "1.0.0"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "join_tables:join"
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.usefixtures("sample", "docker_host")
def test_any_path_any_times_and_folders_with_links(tmp_path: Path, runner: str) -> None:
    folder = tmp_path / "join"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "join_tables.py").write_text(_JOIN)
    (folder / "pyproject.toml").write_text(_JOIN_PROJECT)
    ok("generate", folder)
    table = tmp_path / "a:b, c" / "t=1.tsv"
    table.parent.mkdir()
    table.write_text("1\t2\n")
    ok("run", folder, "--runner", runner, "-i", f"first={table}", "-i", f"second={table}", folder=tmp_path)
    joined = tmp_path / "out" / "joined"
    assert (joined / "link").read_text() == "1\t2\n1\t2\n"
    assert str((joined / "elsewhere").readlink()) == "/etc/hostname"


_COUNT = """from toolkit.types import Model, Output


def count(text: str, times: int, model: Output[Model]) -> int:
    open(model.path, "w").close()
    model.metadata["framework"] = "none"
    return len(text) * times
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_value_longer_than_a_command_line_and_metadata_of_an_artifact(tmp_path: Path, runner: str) -> None:
    (tmp_path / "count.py").write_text(_COUNT)
    ok("new", "count", "--from-function", "count.py:count", folder=tmp_path)
    (tmp_path / "long").write_text("é" * 200_000)
    given = ("--input-file", "text=long", "-i", "times=2", "-o", "model=m")
    result = comp("run", "count", "--runner", runner, *given, folder=tmp_path)
    assert (result.code, result.out) == (0, "Output=400000\n"), result.err
    assert "warning: 'text' is longer than a pipeline can pass as a value: make it an artifact\n" in result.err
    assert (tmp_path / "m.metadata.json").read_text() == '{"framework": "none"}'
