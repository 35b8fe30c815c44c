"""Fuzz the reader of image archives, those of `docker save` included."""

import atheris

with atheris.instrument_imports(include=["toolkit", "tarfile"]):
    from tests.property.test_fuzz_readers import ARCHIVE, SAVED
    from tests.readers import takes_archive

from tests.fuzz.running import fuzz

if __name__ == "__main__":
    fuzz(takes_archive, [ARCHIVE, SAVED])
