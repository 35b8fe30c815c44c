import sys

from toolkit.wheels.bytecode.interpreter import of_this_machine

VERSION = sys.version.split()[0]


def test_this_machines_python() -> None:
    found = of_this_machine(VERSION)
    assert found is not None
    assert found[1].startswith(f"{VERSION} 1.")
    assert of_this_machine("3.99.1") is None
