"""The annotation vocabulary of component functions, without dependencies.

A function annotated with these can be called by hand, in a unit test for example: an artifact is an object
with a path. Inside an image the launcher brings names of its own for them, so this package is not needed
there. The names and their behaviour are KFP's (kfp 2.17, `kfp/dsl/types`).
"""

from typing import Annotated, Any, TypeVar

_T = TypeVar("_T")

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
        """The framework it was made with."""
        return str(self.metadata.get("framework", ""))

    @framework.setter
    def framework(self, framework: str) -> None:
        self.metadata["framework"] = framework


class Metrics(Artifact):
    """Named numbers."""

    def log_metric(self, metric: str, value: float) -> None:
        """Set one metric."""
        self.metadata[metric] = value


class ClassificationMetrics(Artifact):
    """A confusion matrix and the points of a ROC curve."""

    def log_roc_data_point(self, fpr: float, tpr: float, threshold: float) -> None:
        """Add a point of the ROC curve."""
        point = {"confidenceThreshold": threshold, "recall": tpr, "falsePositiveRate": fpr}
        self.metadata.setdefault("confidenceMetrics", []).append(point)

    def log_roc_curve(self, fpr: list[float], tpr: list[float], threshold: list[float]) -> None:
        """Add the points of a ROC curve, given as three lists of one length."""
        for point in zip(fpr, tpr, threshold, strict=True):
            self.log_roc_data_point(*point)

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[int]]) -> None:
        """Set the confusion matrix, a row for each true category."""
        names = [{"displayName": category} for category in categories]
        rows = [{"row": list(row)} for row in matrix]
        self.metadata["confusionMatrix"] = {"annotationSpecs": names, "rows": rows}


class SlicedClassificationMetrics(Artifact):
    """Classification metrics by slice."""


class HTML(Artifact):
    """A page."""


class Markdown(Artifact):
    """A text in Markdown."""
