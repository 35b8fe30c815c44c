import pytest

from toolkit.supply.licenses import debian_licenses, debian_name, python_licenses, spdx

BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("Apache-2.0 or MIT", "Apache-2.0 OR MIT"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("BSD License", None),
        ("MIT AND", None),
        ("()", None),
        ("", None),
        ("MIT OR " * 200 + "MIT", None),
    ],
)
def test_expressions_get_their_usual_spelling(text: str, expected: str | None) -> None:
    assert spdx(text) == expected


@pytest.mark.parametrize(
    ("expression", "classifiers", "text", "expected"),
    [
        ("MIT OR Apache-2.0", ["License :: OSI Approved :: BSD License"], "x", ("MIT OR Apache-2.0",)),
        ("", ["License :: OSI Approved :: MIT License"], "", ("MIT",)),
        ("", ["License :: OSI Approved"], "Apache License, Version 2.0", ("Apache-2.0",)),
        ("", ["License :: OSI Approved :: BSD License"], "new BSD", ("BSD-3-Clause",)),
        ("", ["License :: OSI Approved :: BSD License"], "", ("BSD License",)),
        ("", ["License :: OSI Approved :: BSD License"], f"Copyright\n{BSD} Neither the name", ("BSD-3-Clause",)),
        ("", [], f"{BSD}\nTHIS SOFTWARE", ("BSD-2-Clause",)),
        ("", [], "Our own terms", ("Our own terms",)),
        ("", [], "UNKNOWN", ()),
        ("", [], "long and unknown " * 100, ()),
        ("", ["License :: OSI Approved :: MIT License"], "Apache-2.0", ("MIT",)),
        (
            "",
            ["License :: OSI Approved :: MIT License", "License :: OSI Approved :: Apache Software License"],
            "",
            ("MIT", "Apache-2.0"),
        ),
    ],
)
def test_the_most_exact_field_of_metadata_counts(
    expression: str, classifiers: list[str], text: str, expected: tuple[str, ...]
) -> None:
    assert python_licenses(expression, classifiers, text) == expected


def test_a_machine_readable_copyright_file_names_licenses() -> None:
    text = (
        "Format: https://www.example.org/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n\n"
        "Files: x\nLicense: Expat or BSD-3-clause\n\nLicense: GPL-2+\n The text: see /usr/share/common-licenses/GPL-3\n"
    )
    assert debian_licenses(text) == ("GPL-2.0-or-later", "MIT", "BSD-3-Clause")


def test_another_copyright_file_refers_to_common_licenses() -> None:
    text = "On Debian systems see /usr/share/common-licenses/LGPL-2.1, and\n/usr/share/common-licenses/GPL-3.\n"
    assert debian_licenses(text) == ("LGPL-2.1-only", "GPL-3.0-only")
    assert debian_licenses("Do what you want.") == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("Expat", "MIT"),
        ("GPL-3+ with Bison exception", "GPL-3+ with Bison exception"),
        ("Apache-2.0", "Apache-2.0"),
        ("something-else", "something-else"),
    ],
)
def test_short_names_of_debian_have_identifiers(name: str, expected: str) -> None:
    assert debian_name(name) == expected


def test_spaces_in_a_copyright_file_take_no_time() -> None:
    # Each space was tried as the first one: hours for a line like this.
    assert debian_licenses(f"Format: x\nLicense: MIT{' ' * 1_000_000}or GPL-2+\n") == ("MIT", "GPL-2.0-or-later")
