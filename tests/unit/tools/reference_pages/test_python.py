"""The page of the Python API has every public name."""

import toolkit
from toolkit import errors
from tools.reference_pages.python import prose_of, python_page


def test_every_public_name_has_a_section_with_words() -> None:
    page = python_page()
    for name in toolkit.__all__:
        if not name.startswith("_"):
            section = page.partition(f"\n## toolkit.{name}\n")[2].partition("\n## ")[0]
            assert len(section.split()) > 10, name


def test_a_function_has_its_ways_to_be_called() -> None:
    section = python_page().partition("\n## toolkit.component\n")[2].partition("\n## ")[0]
    assert "\ndef component(\n    **settings: Unpack[Settings],\n) -> Callable[" in section
    assert "Raises ComponentError for" in section


def test_a_default_stands_apart_from_its_type() -> None:
    section = python_page().partition("\n## toolkit.load\n")[2].partition("\n## ")[0]
    assert "\n    locked: bool | None = None,\n" in section


def test_errors_stand_with_their_exit_codes() -> None:
    page = python_page()
    assert "| `CompError` | 4 | " in page
    assert "| &emsp;&emsp;`RemoteError` | 3 | " in page
    assert all(
        f"`{each.__name__}`" in page
        for each in errors.CompError.__subclasses__()
        if each.__module__ == "toolkit.errors"
    )


def test_docstrings_keep_lists_and_code() -> None:
    text = """First `a_b` line
    goes on.

        x = load(1)

    - one_a
    - two
    """
    assert prose_of(text) == "First `a_b` line goes on.\n\n```python\nx = load(1)\n```\n\n- one\\_a\n- two"
