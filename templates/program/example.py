"""Count the words of a text."""

import argparse
import json
from collections import Counter
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the words of a text.")
    parser.add_argument("--text-file", required=True, help="A text in UTF-8.")
    parser.add_argument(
        "--most", type=int, default=10, help="How many words to report."
    )
    parser.add_argument(
        "--order", choices=["count", "word"], default="count", help="Sort order."
    )
    parser.add_argument("--lower", action="store_true", help="Ignore case.")
    parser.add_argument("--ignore", nargs="*", default=[], help="Words to leave out.")
    parser.add_argument("--output-path", required=True, help="File for the counts.")
    args = parser.parse_args()
    text = Path(args.text_file).read_text(encoding="utf-8")
    words = (text.lower() if args.lower else text).split()
    counts = Counter(word for word in words if word not in args.ignore)
    listed = counts.most_common(args.most)
    if args.order == "word":
        listed = sorted(listed)
    Path(args.output_path).write_text(json.dumps(dict(listed)), encoding="utf-8")


if __name__ == "__main__":
    main()
