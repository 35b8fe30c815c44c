"""Words that arrive unchanged: where they stand, and what protects them."""

import json
from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.forms.argo_words import Word, command_line, constant, doubled, joined, literal, refuse_braces

GIVEN = Word(text=None, expression="inputs.parameters.a")
MAYBE = Word(text=None, expression="inputs.parameters.b", conditions=("b_given",))


def _patched(line: Any) -> dict[str, Any]:  # noqa: ANN401 (a command line)
    """Return the fields of the patch, in which Argo finds nothing to replace."""
    assert not any("{{" in field for field in line.patched)
    found: dict[str, Any] = json.loads(f"{{{', '.join(line.patched)}}}")
    return found


def test_plain_words_stand_in_the_container() -> None:
    line = command_line([constant("sh"), constant("-c")], [constant("echo $A")], [("A", "$5")])
    assert line.container == {
        "command": ["sh", "-c"],
        "args": ["echo $$A"],
        "env": [{"name": "A", "value": "$$5"}],
    }
    assert line.patched == ()
    assert command_line([], []).container == {}


def test_words_with_braces_stand_in_the_patch() -> None:
    line = command_line([constant("run"), constant("{{x}}")], [constant("a")], [("A", "{{y}}"), ("B", "b")])
    assert line.container == {"command": ["run"], "env": [{"name": "B", "value": "b"}]}
    assert _patched(line) == {"args": ["{{x}}", "a"], "env": [{"name": "A", "value": "{{y}}"}]}
    # Argo does not replace the description of a call.
    assert command_line([constant("run")], [constant("{{$}}")]).container["args"] == ["{{$$}}"]


def test_words_that_depend_on_parameters_become_one_expression() -> None:
    (patched,) = command_line([constant("run")], [constant("{{x}}"), GIVEN]).patched
    assert r'"\u007b\u007bx\u007d\u007d"' in patched
    assert "inputs.parameters.a" in patched
    assert "filter(" not in patched
    (patched,) = command_line([constant("run")], [GIVEN, MAYBE]).patched
    assert "b_given ? inputs.parameters.b : nil" in patched
    assert "filter(" in patched


@pytest.mark.parametrize("first", [constant("{{x}}"), GIVEN, MAYBE])
def test_the_program_s_name_has_to_be_known(first: Word) -> None:
    with pytest.raises(InputError, match="the first word of the command depends on the inputs"):
        command_line([first], [])


def test_a_dollar_is_doubled_unless_argo_hands_the_words_over_in_a_file() -> None:
    assert doubled("$(A) $") == "$$(A) $$"
    long = "x" * 140_000
    assert command_line([constant("run")], [constant("$"), constant(long)]).container["args"] == ["$", long]
    # With the dollars doubled the words go into a file, and without them they do not.
    with pytest.raises(InputError, match=r"has 131\d\d\d bytes and a `\$`"):
        command_line([constant("run")], [constant("$" * 1000), constant("x" * 130_019)])
    # Go escapes these, so that they count six times.
    wide = constant("<" * 30_000)
    assert command_line([constant("run")], [constant("$"), wide]).container["args"][0] == "$"


def test_one_word_of_several() -> None:
    assert joined([constant("--a="), constant("x")]) == constant("--a=x")
    word = joined([constant("--a="), GIVEN, constant(""), MAYBE])
    assert word.text is None
    assert word.expression == '"--a=" + inputs.parameters.a + (b_given ? inputs.parameters.b : "")'
    choice = Word(text=None, expression="x ? y : z")
    assert joined([constant("--"), choice]).expression == '"--" + (x ? y : z)'
    # A question mark in a text is not an operator.
    assert joined([constant("a?"), GIVEN]).expression == '"a?" + inputs.parameters.a'


def test_a_literal_has_no_braces_and_keeps_its_text() -> None:
    text = '{{a}} "q" \\ ä\n'
    assert not set("{}") & set(literal(text))
    assert json.loads(literal(text)) == text


def test_what_nothing_protects_may_not_have_braces() -> None:
    assert refuse_braces("{a} {{$}}", "the key") == "{a} {{$}}"
    with pytest.raises(InputError, match=r"the key has '\{\{' in it, which Argo replaces"):
        refuse_braces("{{a}}", "the key")
