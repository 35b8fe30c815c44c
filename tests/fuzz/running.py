"""The shared part of the fuzzing programs: instrumented readers, an initial corpus, and libFuzzer's options."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

Reader = Callable[[bytes, Path], object]


def fuzz(reader: Reader, seeds: Iterable[bytes]) -> None:
    """Feed `reader` until it raises or the time is over; options are libFuzzer's, a folder among them is the corpus."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        corpus = place / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)

        def once(data: bytes) -> None:
            with tempfile.TemporaryDirectory(dir=place) as inner:
                reader(data, Path(inner))

        options = ["-timeout=30", "-rss_limit_mb=2048", "-max_len=20000", *sys.argv[1:]]
        atheris.Setup([sys.argv[0], *options, str(corpus)], once)
        atheris.Fuzz()
