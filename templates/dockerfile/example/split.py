"""Split a table into two."""

import argparse
import csv
from pathlib import Path

parser = argparse.ArgumentParser(description="Split a table into two.")
parser.add_argument("--data", type=Path, required=True, help="A table as CSV.")
parser.add_argument("--share", type=float, default=0.8, help="The first one's share.")
parser.add_argument("--first", type=Path, required=True, help="Where one is written.")
parser.add_argument("--second", type=Path, required=True, help="Where one is written.")


def write(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


if __name__ == "__main__":
    given = parser.parse_args()
    with given.data.open(newline="") as file:
        header, *rows = csv.reader(file)
    middle = round(len(rows) * given.share)
    write(given.first, [header, *rows[:middle]])
    write(given.second, [header, *rows[middle:]])
