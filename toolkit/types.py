"""Annotations for component functions, without dependencies.

A function with these annotations can be called directly, for example in a unit test: an artifact is an object with a
path. Inside an image the launcher has stand-ins for these names, so this package is not needed there. The names and
their behaviour are KFP's (kfp 2.17, `kfp/dsl/types`).
"""

from typing import Annotated, Any, TypeVar

_T = TypeVar("_T")

# `Annotated` lets type checkers see the artifact's own class, as in KFP.
Input = Annotated[_T, "comp: input artifact"]
Output = Annotated[_T, "comp: output artifact"]


class InputPath:
    """`data: InputPath('CSV')`: the function receives the path of an input artifact."""

    def __init__(self, type: object = None) -> None:  # noqa: A002 (KFP's own name)
        self.type = type


class OutputPath:
    """`table: OutputPath('CSV')`: the function receives the path to write an output to."""

    def __init__(self, type: object = None) -> None:  # noqa: A002 (KFP's own name)
        self.type = type


class InputTextFile(InputPath):
    """`text: InputTextFile('CSV')`: the function receives the input, open for reading in UTF-8."""


class InputBinaryFile(InputPath):
    """`data: InputBinaryFile('Zip')`: the function receives the input, open for reading bytes."""


class OutputTextFile(OutputPath):
    """`table: OutputTextFile('CSV')`: the function receives the output, open for writing in UTF-8."""


class OutputBinaryFile(OutputPath):
    """`data: OutputBinaryFile('Zip')`: the function receives the output, open for writing bytes."""


class Artifact:
    """A file or folder with a name, a URI and metadata."""

    def __init__(
        self, name: str = "", uri: str = "", metadata: dict[str, Any] | None = None, path: str | None = None
    ) -> None:
        self.name = name
        self.path = str(path) if path is not None else uri
        self.uri = uri or self.path
        self.metadata = metadata or {}


class Dataset(Artifact):
    """A data set."""


class Model(Artifact):
    """A model; `framework` is part of its metadata."""

    @property
    def framework(self) -> str:
        """The framework that made the model, empty if unknown."""
        return str(self.metadata.get("framework", ""))

    @framework.setter
    def framework(self, framework: str) -> None:
        self.metadata["framework"] = framework


class Metrics(Artifact):
    """Numbers by name, in the metadata."""

    def log_metric(self, metric: str, value: float) -> None:
        """Set one metric."""
        self.metadata[metric] = value


class ClassificationMetrics(Artifact):
    """A confusion matrix and the points of a ROC curve."""

    # The names in the metadata are those that KFP's user interface draws.

    def log_roc_data_point(self, fpr: float, tpr: float, threshold: float) -> None:
        """Add a point of the ROC curve."""
        point = {"confidenceThreshold": threshold, "recall": tpr, "falsePositiveRate": fpr}
        self.metadata.setdefault("confidenceMetrics", []).append(point)

    def log_roc_curve(self, fpr: list[float], tpr: list[float], threshold: list[float]) -> None:
        """Add the points of a ROC curve, given as three lists of one length."""
        for point in zip(fpr, tpr, threshold, strict=True):
            self.log_roc_data_point(*point)

    def set_confusion_matrix_categories(self, categories: list[str]) -> None:
        """Set the categories, and every cell to 0."""
        names = [{"displayName": category} for category in categories]
        rows = [{"row": [0] * len(categories)} for _ in categories]
        self.metadata["confusionMatrix"] = {"annotationSpecs": names, "rows": rows}

    def log_confusion_matrix_row(self, row_category: str, row: list[int]) -> None:
        """Set one row."""
        self.metadata["confusionMatrix"]["rows"][self._index(row_category)] = {"row": list(row)}

    def log_confusion_matrix_cell(self, row_category: str, col_category: str, value: int) -> None:
        """Set one cell."""
        cells = self.metadata["confusionMatrix"]["rows"][self._index(row_category)]["row"]
        cells[self._index(col_category)] = value

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[int]]) -> None:
        """Set the confusion matrix, a row for each true category."""
        self.set_confusion_matrix_categories(categories)
        for category, row in zip(categories, matrix, strict=True):
            self.log_confusion_matrix_row(category, row)

    def _index(self, category: str) -> int:
        """Return the position of a category, for its row and its column."""
        names = [spec["displayName"] for spec in self.metadata["confusionMatrix"]["annotationSpecs"]]
        return names.index(category)


class SlicedClassificationMetrics(Artifact):
    """Classification metrics for each slice of the data."""


class HTML(Artifact):
    """An HTML page."""


class Markdown(Artifact):
    """A Markdown document."""
