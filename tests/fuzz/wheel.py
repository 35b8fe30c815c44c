"""Fuzz the reader of wheels, from the archive's directory to the layer."""

import atheris

with atheris.instrument_imports(include=["toolkit", "zipfile", "installer"]):
    from tests.property.test_fuzz_readers import WHEEL
    from tests.readers import takes_wheel

from tests.fuzz.running import fuzz

if __name__ == "__main__":
    fuzz(takes_wheel, [WHEEL])
