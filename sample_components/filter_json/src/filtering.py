"""Filter JSON by jq."""

import subprocess

from toolkit.types import Dataset, Input, Output


def filter_json(data: Input[Dataset], kept: Output[Dataset], query: str) -> int:
    """Write what a query of jq gives for a file of JSON values, one value on each line.

    Args:
        data: JSON values, one behind the other.
        kept: The results of the query as JSON lines.
        query: A program of jq, such as `select(.amount > 10)`.

    Returns:
        Number of results.
    """
    with open(data.path, "rb") as values, open(kept.path, "w+b") as results:
        subprocess.run(["jq", "--compact-output", query], stdin=values, stdout=results, check=True)
        results.seek(0)
        return sum(1 for _ in results)
