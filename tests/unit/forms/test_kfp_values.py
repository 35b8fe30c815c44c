"""Values that KFP's server or its compiler cannot take."""

import pytest

from toolkit.errors import InputError
from toolkit.forms.kfp_values import argument_problems, check_arguments, constant_problems, default_problems


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("{{inputs.parameters.x}}", "{{inputs.parameters.x}}"),
        ("before {{ workflow.name }} after", "{{ workflow.name }}"),
        ("{{=1+1}}", "{{=1+1}}"),
        ("{{workflow.", "{{workflow."),
        ("{{retries}}", "{{retries}}"),
        (["a", {"b": "{{tasks.a.outputs.result}}"}], "{{tasks.a.outputs.result}}"),
        ({"{{item.a}}": 1}, "{{item.a}}"),
        ("{{item}}", "{{item}}"),
        ("{{$}}", "{{$}}"),
        ("{{$.inputs.parameters['x']}}", "{{$.inputs.parameters['x']}}"),
        ("{{channel:task=a;name=b;type=String;}}", "{{channel:"),
        ("costs $$5", "$$"),
        ("$(KFP_POD_NAME)", "$(KFP_POD_NAME)"),
        ("a\0b", "null character"),
        ("\ud800", "surrogate"),
        ("x" * 140_000, "131,071"),
        (["x" * 70_000, "x" * 70_000], "131,071"),
    ],
)
def test_a_value_that_does_not_arrive_is_named(value: object, named: str) -> None:
    (problem,) = argument_problems(value)
    assert named in problem.message
    assert problem.help


@pytest.mark.parametrize(
    "value",
    [
        "",
        "two\nlines",
        "{{name}}",
        "{{ x | upper }}",
        "{{items}}",
        "{{inputs}}",
        "{{{workflow}}}",
        "{inputs.parameters.x}",
        '{"a": {"b": 1}}',
        "$HOME $(date) $5",
        "é 日本",
        "{{$.pipeline_job_name}}",
        5,
        0.5,
        True,
        None,
        [],
        {"a": [1, "b"]},
        "x" * 131_071,
    ],
)
def test_other_values_pass(value: object) -> None:
    assert not list(argument_problems(value))


def test_placeholders_of_kfp_may_stand_in_constants() -> None:
    assert not list(constant_problems("{{$.inputs.parameters['x']}} {{$}} $$"))
    assert list(constant_problems("{{workflow.name}}"))


@pytest.mark.parametrize("default", ["a\nb", "a\n", "a\rb", "a\x85b", "a\u2028b", "a\x00", "a\x1bb", "\x7f", "\ufffe"])
def test_a_default_that_kfp_cannot_write_is_named(default: str) -> None:
    (problem,) = default_problems(default)
    assert repr(default.strip("ab")) in problem.message


@pytest.mark.parametrize("default", ["", " a ", "#", "a: b", "'", '"', "\\n", "é", "a\tb", "\xa0", "😀", 5, ["a\nb"]])
def test_other_defaults_can_be_written(default: object) -> None:
    assert not list(default_problems(default))


def test_all_arguments_are_checked_at_once() -> None:
    with pytest.raises(InputError) as refused:
        check_arguments({"a": "{{workflow.name}}", "b": 1, "c": ["$$"]})
    assert refused.value.message == (
        "the argument 'a': Argo, which runs KFP's steps, reads '{{workflow.name}}' as a variable of its own; "
        "the argument 'c': Kubernetes replaces '$$' in command lines"
    )
    assert "write other braces" in (refused.value.hint or "")
    check_arguments({"a": "fine"})
