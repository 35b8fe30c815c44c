"""Count the words of a text."""

import re
from collections import Counter
from typing import NamedTuple

from toolkit.types import Artifact, Input, Markdown, Output


class Summary(NamedTuple):
    """The results of counting."""

    words: int
    average_length: float
    frequent: list
    has_numbers: bool


def summarise(
    text: Input[Artifact], report: Output[Markdown], most: int = 5, ignore: list | None = None, title: str = "Summary"
) -> Summary:
    """Count the words of a text and list the most frequent words.

    Args:
        text: A text in UTF-8.
        report: The counts as a page in Markdown.
        most: Number of frequent words to list.
        ignore: Words to exclude from the frequent words.
        title: Heading of the page.

    Returns:
        words: Number of words.
        average_length: Average length of the words in letters; 0 if there are none.
        frequent: The most frequent words, in order.
        has_numbers: Whether a word contains a digit.
    """
    with open(text.path, encoding="utf-8") as stream:
        words = re.findall(r"\w+", stream.read().lower())
    left_out = set(ignore or ())
    counts = Counter(word for word in words if word not in left_out)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
    with open(report.path, "w", encoding="utf-8") as stream:
        stream.write(f"# {title}\n\n| word | count |\n|---|---|\n")
        stream.writelines(f"| {word} | {count} |\n" for word, count in ranked)
    return Summary(
        words=len(words),
        average_length=sum(map(len, words)) / len(words) if words else 0.0,
        frequent=[word for word, _ in ranked],
        has_numbers=any(re.search(r"\d", word) for word in words),
    )
