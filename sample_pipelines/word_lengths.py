"""An existing program: it knows nothing of pipelines, and stays as it is."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description="Count the words of a text by their length.")
parser.add_argument("--text", type=Path, required=True, help="a text in UTF-8")
parser.add_argument("--least", type=int, default=1, help="leave out shorter words")
parser.add_argument("--counts", type=Path, required=True, help="where the counts are written, as JSON")

if __name__ == "__main__":
    given = parser.parse_args()
    lengths = [len(word) for word in given.text.read_text("utf-8").split() if len(word) >= given.least]
    given.counts.write_text(json.dumps({length: lengths.count(length) for length in sorted(set(lengths))}))
    print(f"{len(lengths)} words")
