from pathlib import Path

import pytest

from toolkit import limits
from toolkit.errors import InputError, UsageError

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "security.md"
_LIMIT = limits.Limit(name="length-of-it", default=2_000, unit="bytes", about="something")


def test_what_is_within_the_limit_passes() -> None:
    _LIMIT.check(2_000, "it")


def test_an_error_names_the_limit_and_the_variable() -> None:
    with pytest.raises(InputError) as refused:
        _LIMIT.check(2_001, "the length of it")
    assert refused.value.message == "the length of it exceeds the limit of 2.0 kB"
    assert refused.value.hint == "if you trust it, COMP_LIMIT_LENGTH_OF_IT=… raises the limit"


def test_a_variable_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_LENGTH_OF_IT", "3000")
    assert _LIMIT.value == 3_000
    _LIMIT.check(3_000, "it")


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "٣"])
def test_a_variable_that_is_not_a_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_LENGTH_OF_IT", text)
    with pytest.raises(UsageError, match="expected a whole number of bytes above zero"):
        _ = _LIMIT.value


def test_the_document_lists_each_with_its_default() -> None:
    document = _DOCUMENT.read_text("utf-8")
    for limit in limits.ALL:
        assert f"| `{limit.variable}` | {limit} | {limit.about} |" in document


def test_all_lists_every_limit_once() -> None:
    defined = [value for value in vars(limits).values() if isinstance(value, limits.Limit)]
    assert list(limits.ALL) == defined
    assert len({limit.name for limit in limits.ALL}) == len(limits.ALL)
