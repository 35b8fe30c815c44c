"""Modules by the files of a distribution."""

from toolkit.scaffold.distribution_modules import owned_modules


def test_the_modules_of_a_distribution() -> None:
    files = {
        "one/__init__.py": "",
        "one/inner/__init__.py": "",
        "space/part/__init__.py": "",
        "space/part/x.py": "",
        "declared/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
        "declared/sub/__init__.py": "",
        "single.py": "",
        "fast.cpython-312-darwin.so": "",
        "_private.py": "",
        "utils/__init__.py": "",
        "one-1.0.dist-info/x.py": "",
        "../../bin/x.py": "",
    }
    expected = {"one", "space.part", "declared.sub", "single", "fast"}
    assert owned_modules(files, files.__getitem__) == expected
