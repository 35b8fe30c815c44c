"""Tables as CSV: load one, split one."""

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
        columns: Number of columns, the target included.
    """
    from sklearn.datasets import load_breast_cancer, load_digits

    known = {"breast_cancer": load_breast_cancer, "digits": load_digits}
    if table not in known:
        raise ValueError(f"there is no table {table!r}; there are {', '.join(known)}")
    frame = known[table](as_frame=True).frame
    frame.to_csv(data.path, index=False)
    data.metadata.update(table=table, rows=len(frame))
    return Shape(*frame.shape)


def split_table(
    data: Input[Dataset], training: Output[Dataset], held_out: Output[Dataset], fraction: float = 0.25, seed: int = 0
) -> int:
    """Split a table into rows to train on and rows held out, the classes in proportion.

    Args:
        data: CSV with a header and a column `target`.
        training: The rows to train on.
        held_out: The other rows.
        fraction: Share of the rows that is held out, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Number of rows held out.
    """
    import pandas
    from sklearn.model_selection import train_test_split

    frame = pandas.read_csv(data.path)
    kept, other = train_test_split(frame, test_size=fraction, random_state=seed, stratify=frame[TARGET])
    kept.to_csv(training.path, index=False)
    other.to_csv(held_out.path, index=False)
    return len(other)
