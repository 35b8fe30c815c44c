"""Load and split tables as CSV."""

from typing import NamedTuple

from toolkit.types import Dataset, Input, Output

TARGET = "target"


class Shape(NamedTuple):
    """The size of a table."""

    rows: int
    columns: int


def load_table(data: Output[Dataset], table: str = "breast_cancer") -> Shape:
    """Write a table that scikit-learn ships as CSV.

    Args:
        data: CSV with a header; the column `target` is the class.
        table: `breast_cancer` or `digits`.

    Returns:
        rows: Number of rows, without the header.
        columns: Number of columns, including the target.
    """
    from sklearn.datasets import load_breast_cancer, load_digits

    known = {"breast_cancer": load_breast_cancer, "digits": load_digits}
    if table not in known:
        raise ValueError(f"unknown table {table!r}, expected {' or '.join(known)}")
    frame = known[table](as_frame=True).frame
    frame.to_csv(data.path, index=False)
    data.metadata.update(table=table, rows=len(frame))
    return Shape(*frame.shape)


def split_table(
    data: Input[Dataset], training: Output[Dataset], held_out: Output[Dataset], fraction: float = 0.25, seed: int = 0
) -> int:
    """Split a table into training rows and held-out rows, with equal proportions of classes.

    Args:
        data: CSV with a header and a column `target`.
        training: The training rows.
        held_out: The held-out rows.
        fraction: Share of the rows to hold out, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Number of held-out rows.
    """
    import pandas
    from sklearn.model_selection import train_test_split

    frame = pandas.read_csv(data.path)
    kept, other = train_test_split(frame, test_size=fraction, random_state=seed, stratify=frame[TARGET])
    kept.to_csv(training.path, index=False)
    other.to_csv(held_out.path, index=False)
    return len(other)
