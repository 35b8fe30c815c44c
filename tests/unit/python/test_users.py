"""Users of images, by name and by number."""

import pytest

from toolkit.python.users import by_number, is_number, is_root, read_accounts


def test_accounts_by_name() -> None:
    text = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:\r\napp:x:7:7::/:\nstaff:x:50:\n"
    assert read_accounts(text) == {"root": "0", "app": "1000", "staff": "50"}


@pytest.mark.parametrize("line", ["", "# a comment", "+::::::", "app", "app:x", "app:x:", "app:x:-1:", ":x:5:"])
def test_lines_that_are_no_accounts_are_passed_over(line: str) -> None:
    assert read_accounts(f"{line}\nlast:x:5:5\n") == {"last": "5"}


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("app", "1000"),
        ("app:staff", "1000:50"),
        ("app:7", "1000:7"),
        ("7:staff", "7:50"),
        ("root", "0"),
        ("root:root", "0:0"),
        ("stranger:staff", "stranger:50"),
        ("", ""),
    ],
)
def test_names_that_are_known_become_numbers(user: str, expected: str) -> None:
    assert by_number(user, {"app": "1000"}, {"staff": "50"}) == expected


@pytest.mark.parametrize(
    ("user", "number", "root"),
    [
        ("0", True, True),
        ("00:5", True, True),
        ("0:staff", True, True),
        ("5:0", True, False),
        ("65532:65532", True, False),
        ("root", False, False),
        ("", False, False),
        ("-1", False, False),
        ("\u00b2", False, False),
        ("\u0660", False, False),
    ],
)
def test_numbers_and_root(user: str, *, number: bool, root: bool) -> None:
    assert (is_number(user), is_root(user)) == (number, root)
