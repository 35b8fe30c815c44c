"""Dockerfiles become instructions as BuildKit reads them."""

from pathlib import Path

import pytest

from toolkit.dockerfile.model import Dockerfile, Heredoc
from toolkit.dockerfile.reader import parse_dockerfile, read_dockerfile, trigger_of
from toolkit.errors import InputError, Location

PATH = Path("Dockerfile")


def parsed(text: str) -> Dockerfile:
    return parse_dockerfile(text, PATH)


def texts(text: str) -> list[tuple[str, str]]:
    return [(one.keyword, one.text) for one in parsed(text).instructions]


def test_lines_continue_across_comments_and_empty_lines() -> None:
    text = "# a comment\nfrom a\nRUN one \\\n  # not a part\n\n  && two\\\t \n;x\nUSER b"
    assert texts(text) == [("FROM", "a"), ("RUN", "one   && two;x"), ("USER", "b")]
    assert [(one.line, one.end_line) for one in parsed(text).instructions] == [(2, 2), (3, 7), (8, 8)]


def test_the_last_line_may_continue() -> None:
    (_, run) = parsed("FROM a\nRUN x \\\n").instructions
    assert (run.text, run.end_line) == ("x", 2)


def test_two_escapes_end_a_line() -> None:
    assert texts("FROM a\nRUN echo \\\\\nUSER b") == [("FROM", "a"), ("RUN", "echo \\\\"), ("USER", "b")]


def test_line_ends_of_windows_and_a_mark_of_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"\xef\xbb\xbf# escape=`\r\nFROM a\r\nRUN c:\\ `\r\n x\r\n")
    read = read_dockerfile(path)
    assert read.escape == "`"
    assert [one.text for one in read.instructions] == ["a", "c:\\  x"]


def test_a_directive_after_a_comment_is_a_comment() -> None:
    assert parsed("# syntax=docker/dockerfile:1\n# a comment\n# escape=`\nFROM a").escape == "\\"
    assert parsed("# Syntax = x\n# check=skip=all\n#escape=`\nFROM a").escape == "`"


def test_flags_stand_before_the_text() -> None:
    copy = parsed("FROM a\nCOPY --from=b --chown=1:1 --link x --y z").instructions[1]
    assert (copy.flags, copy.text) == (("from=b", "chown=1:1", "link"), "x --y z")
    assert (copy.flag("from"), copy.flag("link"), copy.flag("chmod")) == ("b", "", None)
    assert parsed("FROM a\nENTRYPOINT -- --x").instructions[1].text == "--x"


def test_documents_belong_to_their_instruction() -> None:
    text = "FROM a\nCOPY <<one <<-'two' /d/\nUSER x\none\n\tUSER $y\n\t\ttwo\nRUN cat <<EOF\nFROM z\nEOF\nUSER b"
    copy, run, user = parsed(text).instructions[1:]
    assert copy.heredocs == (
        Heredoc(name="one", text="USER x\n", expand=True),
        Heredoc(name="two", text="USER $y\n", expand=False),
    )
    assert (copy.line, copy.end_line, user.line) == (2, 6, 10)
    assert [document.text for document in run.heredocs] == ["FROM z\n"]


def test_other_instructions_and_shifts_have_no_documents() -> None:
    assert texts('FROM a\nLABEL x=<<EOF\nRUN echo $((1 << 2))\nRUN cat <<<word\nRUN ["<<EOF"]')[1:] == [
        ("LABEL", "x=<<EOF"),
        ("RUN", "echo $((1 << 2))"),
        ("RUN", "cat <<<word"),
        ("RUN", '["<<EOF"]'),
    ]


def test_triggers_are_instructions() -> None:
    read = parsed("FROM a\nONBUILD COPY --chown=1 <<EOF /x\ntext\nEOF")
    trigger = trigger_of(read.instructions[1], PATH)
    assert (trigger.keyword, trigger.flags, trigger.line, trigger.end_line) == ("COPY", ("chown=1",), 2, 4)
    assert [document.text for document in trigger.heredocs] == ["text\n"]


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("FROM a\n\nCPOY x y", 3, "unknown instruction CPOY", "did you mean COPY?"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "the document <<EOF does not end", "a line with EOF alone ends it"),
        ("RUN x", 1, "RUN before the first FROM", "begin with FROM IMAGE"),
        ("ARG x", 1, "ARG before the first FROM", "begin with FROM IMAGE"),
        ("FROM", 1, "FROM without arguments", "write what FROM is about"),
        ("# escape=x\nFROM a", 1, "the escape character is 'x'", "write escape=\\ or escape=`"),
        ("# escape=`\n# escape=`\nFROM a", 2, "a second directive escape", "keep one"),
        ("# nothing\n", None, "a file without instructions", "begin with FROM IMAGE"),
    ],
)
def test_what_is_wrong_has_a_line(text: str, line: int | None, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.where == Location(path=PATH, line=line)


def test_a_trigger_that_cannot_be_one() -> None:
    read = parsed("FROM a\nONBUILD FROM b")
    with pytest.raises(InputError, match="ONBUILD FROM is not allowed"):
        trigger_of(read.instructions[1], PATH)


def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_dockerfile(tmp_path / "Dockerfile")
    with pytest.raises(InputError, match="a folder"):
        read_dockerfile(tmp_path)
    (tmp_path / "Dockerfile").write_bytes(b"FROM \xff")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_dockerfile(tmp_path / "Dockerfile")


def test_a_long_file_is_read_in_time_that_grows_with_it() -> None:
    # Quadratic work would take minutes.
    text = "FROM a\nRUN x \\\n" + "  && true \\\n" * 100_000 + "y\n" + "ENV A=" + "'x'" * 100_000
    assert len(parsed(text).instructions) == 3


def test_more_instructions_than_any_engine_takes() -> None:
    with pytest.raises(InputError, match="the number of instructions exceeds the limit of 5,000 items") as caught:
        parse_dockerfile("FROM a\n" + "ENV A=b\n" * 5_000, Path("Dockerfile"))
    assert caught.value.where
    assert caught.value.where.line == 5_001
