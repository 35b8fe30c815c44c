"""Reading the driver's answers; tests/acceptance/test_new_program.py probes whole programs."""

import json
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.errors import FindingsError
from toolkit.interface.programs.model import Form
from toolkit.program_probe.driver import MARK, of_pattern
from toolkit.program_probe.probe import option_of, probe_program, read_answer


def test_the_last_line_with_the_mark_is_the_answer() -> None:
    answers = [{"words": ["a"]}, {"words": ["b"]}]
    output = f"epoch 1\n{MARK}{json.dumps(answers[0])}\nmore\n{MARK}{json.dumps(answers[1])}\n"
    assert read_answer(output) == answers[1]
    assert read_answer("epoch 1\n") is None


class _Pattern:
    """An option of docopt: `--learning-rate=R [default: 0.1]`."""

    name = "--learning-rate"
    argcount = 1
    value = "0.1"


def test_a_description_becomes_an_option() -> None:
    option = option_of(of_pattern(_Pattern(), "Option", optional=True, several=False), Path("prog.py"))
    assert (option.name, option.dest, option.flag) == ("learning_rate", "learning-rate", "--learning-rate")
    assert (option.type, option.form, option.default, option.required) == ("String", Form.VALUE, "0.1", False)
    assert str(option.where) == "prog.py"


def test_a_required_option_has_no_default() -> None:
    described = {**of_pattern(_Pattern(), "Option", optional=True, several=False), "required": True}
    assert option_of(described, Path("prog.py")).default is None


def test_a_program_with_unknown_imports_is_not_run(tmp_path: Path) -> None:
    program = tmp_path / "prog.py"
    program.write_text("import surely_nothing_of_this_name\n")
    with pytest.raises(FindingsError) as caught:
        probe_program(program, Cache(tmp_path / "cache"), {})
    assert "`# /// script`" in (caught.value.hint or "")
    assert not (tmp_path / "cache").exists()
