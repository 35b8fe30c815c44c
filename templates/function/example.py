"""An example to start from."""

from collections import Counter

from toolkit.types import Artifact, Input, Metrics, Output


def count_words(text: Input[Artifact], counts: Output[Metrics], most: int = 10) -> int:
    """Count the words of a text.

    Args:
        text: A text file in UTF-8.
        counts: The most frequent words and how often each occurs.
        most: How many words to report.

    Returns:
        The number of words in the text.
    """
    with open(text.path, encoding="utf-8") as stream:
        words = stream.read().lower().split()
    for word, count in Counter(words).most_common(most):
        counts.log_metric(word, count)
    return len(words)
