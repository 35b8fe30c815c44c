"""What GitHub reads from a step: the very text."""

from pathlib import Path

import pytest

from toolkit.cli.ci_reports import error_as_commands, findings_as_commands, summary, write_outputs, write_summary
from toolkit.errors import Finding, FindingsError, InputError, Location, OutsideError, Severity
from toolkit.redaction import learn

SECRET = "ci-reports:mark%01"


def _finding(message: str = "m", path: Path = Path("a/component.yaml"), **place: int) -> Finding:
    where = Location(path=path, **place)
    return Finding(rule="C010", severity=Severity.ERROR, message=message, where=where, help="do this")


def test_findings() -> None:
    found = [_finding("50%\nof: it", line=2, column=3, end_line=2, end_column=6), _finding()]
    assert findings_as_commands(found, {}) == (
        "::error file=a/component.yaml,line=2,col=3,endLine=2,endColumn=6,title=C010::50%25%0Aof: it%0Ado this\n"
        "::error file=a/component.yaml,title=C010::m%0Ado this"
    )


def test_a_path_is_escaped() -> None:
    finding = Finding(rule="C010", severity=Severity.WARNING, message="m", where=Location(path=Path("a,b:c\n::d")))
    assert findings_as_commands([finding], {}) == "::warning file=a%2Cb%3Ac%0A%3A%3Ad,title=C010::m"


def test_a_path_counts_from_the_top_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repository" / "ml").mkdir(parents=True)
    (tmp_path / "link").symlink_to("repository")
    monkeypatch.chdir(tmp_path / "link" / "ml")
    environ = {"GITHUB_WORKSPACE": str(tmp_path / "repository")}
    place = findings_as_commands([_finding()], environ).partition(",")[0]
    assert place == "::error file=ml/a/component.yaml"
    outside = findings_as_commands([_finding(path=tmp_path / "other.yaml")], environ).partition(",")[0]
    assert outside == f"::error file={tmp_path}/other.yaml"


def test_the_line_of_a_cell_is_not_a_line_of_the_notebook() -> None:
    error = InputError("no", where=Location(path=Path("a.ipynb"), cell=3, line=1))
    assert error_as_commands(error, {}) == "::error file=a.ipynb,title=comp::no"


def test_errors() -> None:
    assert error_as_commands(OutsideError("it is down", hint="try later"), {}) == (
        "::error title=comp::it is down%0Atry later"
    )
    both = FindingsError((_finding("one"), _finding("two", line=3)))
    assert error_as_commands(both, {}) == (
        "::error file=a/component.yaml,title=C010::one%0Ado this\n"
        "::error file=a/component.yaml,line=3,title=C010::two%0Ado this"
    )


def test_a_secret_is_found_before_it_is_escaped() -> None:
    learn(SECRET)
    assert "mark" not in error_as_commands(InputError(f"no {SECRET}"), {})
    assert "mark" not in summary(SECRET, ["a"], [[SECRET]])


def _outputs(text: str) -> dict[str, str]:
    """Read the file as GitHub's runner does: `NAME=VALUE`, or `NAME<<DELIMITER` and lines up to the delimiter."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and not 0 <= heredoc < equals:
            found[line[:equals]] = line[equals + 1 :]
        elif heredoc >= 0:
            value: list[str] = []
            while (part := next(lines)) != line[heredoc + 2 :]:
                value.append(part)
            found[line[:heredoc]] = "\n".join(value)
        else:
            assert not line
    return found


def test_outputs_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    path.write_text("earlier=1\n")
    values = {"image": "host/x@sha256:0", "json": '["a<<b", "c=d"]', "empty": ""}
    write_outputs(path, values)
    assert path.read_text() == 'earlier=1\nimage=host/x@sha256:0\njson=["a<<b", "c=d"]\nempty=\n'
    assert _outputs(path.read_text()) == {"earlier": "1", **values}


@pytest.mark.parametrize("value", ["a\nstolen=1", "a\nend\nstolen=1", "a\n\n", "\n", "a\rstolen=1", "x<<y\nz"])
def test_no_value_adds_an_output(tmp_path: Path, value: str) -> None:
    path = tmp_path / "outputs"
    write_outputs(path, {"first": value, "last": "1"})
    with path.open(newline="") as stream:
        assert _outputs(stream.read()) == {"first": value, "last": "1"}


def test_outputs_without_a_file_are_nothing() -> None:
    write_outputs(None, {"a": "1"})


def test_an_output_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match=r"cannot write .*/none/outputs"):
        write_outputs(tmp_path / "none" / "outputs", {"a": "1"})


def test_a_summary(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# earlier\n")
    write_summary("comp build", ["component", "result"], [["a", "built"]], {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text() == ("# earlier\n### comp build\n\n| component | result |\n| --- | --- |\n| a | built |\n\n")
    write_summary("comp build", ["component"], [["a"]], {})


def test_an_empty_column_is_left_out() -> None:
    assert summary("x", ["a", "b", "c"], [["1", "", ""], ["2", "", "3"]]).splitlines()[2:] == [
        "| a | c |",
        "| --- | --- |",
        "| 1 |  |",
        "| 2 | 3 |",
        "",
    ]


def test_a_cell_stays_a_cell() -> None:
    hostile = "a|b\n<img src=x> `c` [d](e) *f* &amp; \\|"
    row = summary("x", ["y"], [[hostile]]).splitlines()[4]
    assert row == r"| a\|b \<img src=x\> \`c\` \[d\](e) \*f\* \&amp; \\\| |"


def test_a_summary_has_no_more_rows_than_github_takes() -> None:
    text = summary("x", ["y"], [["a" * 1000]] * 2000)
    assert len(text.encode()) < 1 << 20
    assert text.endswith("\n\nand 1005 more\n\n")
