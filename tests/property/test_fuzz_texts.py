"""Readers of texts that others wrote: contracts, modules, programs, notebooks, locks, settings, records."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.tars import elf
from tests.hostile.texts import (
    CONTAINER_FUNCTIONS,
    CONTRACTS,
    DOCKERFILES,
    FUNCTIONS,
    IGNORES,
    LOCKS,
    NOTEBOOKS,
    PIPELINES,
    PROGRAMS,
    RECORDS,
    SETTINGS,
)
from tests.readers import (
    takes_container_function,
    takes_contract,
    takes_dockerfile,
    takes_function,
    takes_ignore,
    takes_lock,
    takes_notebook,
    takes_pipeline,
    takes_program,
    takes_program_file,
    takes_record,
    takes_settings,
)

_TOKENS = (
    *(
        "",
        "a",
        " ",
        "\n",
        "\t",
        "\0",
        "-",
        "--",
        ":",
        "*",
        "**",
        "&a",
        "<<",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ",",
        "=",
        "'",
        '"',
    ),
    *(
        "\\",
        "#",
        "%",
        "@",
        "!",
        "?",
        "|",
        ">",
        "~",
        "\ufeff",
        "\u2028",
        "\x85",
        "\\ud800",
        "0x10",
        "1e999",
        ".inf",
        "9" * 50,
    ),
    *("None", "null", "true", "5", "-1", "1.5", "2024-01-31", "../..", "/etc/passwd", "é", "\U0001d538"),
)

Reader = Callable[[Any, Path], bool]
READERS: dict[str, tuple[Reader, Sequence[Any]]] = {
    "contract": (takes_contract, CONTRACTS),
    "pipeline": (takes_pipeline, PIPELINES),
    "function": (takes_function, FUNCTIONS),
    "container function": (takes_container_function, CONTAINER_FUNCTIONS),
    "program": (takes_program, PROGRAMS),
    "notebook": (takes_notebook, NOTEBOOKS),
    "lock": (takes_lock, LOCKS),
    "dockerfile": (takes_dockerfile, DOCKERFILES),
    "ignore": (takes_ignore, IGNORES),
    "settings": (takes_settings, SETTINGS),
    "record": (takes_record, RECORDS),
    "elf": (
        takes_program_file,
        (elf(), elf(length=1 << 60), elf(offset=1 << 63), elf(start=1 << 62, length=9), b"\x7fELF"),
    ),
}


def _taken(reader: str, text: Any) -> bool:  # noqa: ANN401 (a text or bytes)
    with tempfile.TemporaryDirectory() as name:
        return READERS[reader][0](text, Path(name))


@pytest.mark.parametrize(
    ("reader", "number"), [(name, at) for name, (_, all_) in READERS.items() for at in range(len(all_))]
)
def test_what_nobody_should_write_is_read_or_refused_in_words(reader: str, number: int) -> None:
    _taken(reader, READERS[reader][1][number])


@st.composite
def edited(draw: st.DrawFn, seeds: Sequence[Any]) -> Any:  # noqa: ANN401 (a text or bytes, as the seeds are)
    """Cut, repeat and replace pieces of one of the seeds that are not too long."""
    seed = draw(st.sampled_from([one for one in seeds if len(one) < 2000]))
    text = seed
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(text) - 1)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        token: Any = draw(st.sampled_from(_TOKENS)) * draw(st.sampled_from([1, 1, 2, 40]))
        new = token.encode(errors="replace") if isinstance(text, bytes) else token
        text = text[:start] + (new if draw(st.booleans()) else text[start:end] * 2) + text[end:]
    return text


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=20)
@given(data=st.data())
def test_edited_texts(reader: str, data: st.DataObject) -> None:
    _taken(reader, data.draw(edited(READERS[reader][1])))
