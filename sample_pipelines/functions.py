"""Components made from functions of the pipeline's own code.

`comp pipeline compile functions.py` builds and pushes an image for each function, and the steps name them by digest.
"""

from pathlib import Path

from kfp import dsl

from toolkit import component

PUNCTUATION = ".,;:!?"


def words_of(text: str) -> list[str]:
    """Return the words of a text. It comes along into the images of the functions that call it."""
    return [word.strip(PUNCTUATION).lower() for word in text.split()]


@component
def collect(sentences: list, text: dsl.Output[dsl.Artifact]) -> int:
    """Write sentences to a file.

    Args:
        sentences: The sentences.
        text: One sentence a line.

    Returns:
        Number of words.
    """
    Path(text.path).write_text("\n".join(sentences), encoding="utf-8")
    return sum(len(words_of(sentence)) for sentence in sentences)


@component(requirements=["snowballstemmer>=2"], title="Count stems")
def count_stems(text: dsl.Input[dsl.Artifact], language: str = "english") -> dict:
    """Count words by their stems.

    Args:
        text: A text in UTF-8.
        language: Its language, as snowballstemmer names it.

    Returns:
        How often each stem occurs.
    """
    from collections import Counter

    from snowballstemmer import stemmer

    words = words_of(Path(text.path).read_text(encoding="utf-8"))
    return dict(Counter(stemmer(language).stemWords(words)))


@dsl.pipeline(name="stems")
def stems(sentences: list, language: str = "english") -> dict:
    """Write sentences to a file, and count the stems of their words."""
    collected = collect(sentences=sentences)
    return count_stems(text=collected.outputs["text"], language=language).output
