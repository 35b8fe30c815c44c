"""Measure a classifier on a table and write a report."""

from report import page

from toolkit.types import HTML, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

TARGET = "target"


def evaluate(
    model: Input[Model],
    data: Input[Dataset],
    metrics: Output[Metrics],
    confusion: Output[ClassificationMetrics],
    report: Output[HTML],
) -> float:
    """Compare a model's predictions with the classes of a table.

    Args:
        model: A fitted scikit-learn classifier, as joblib writes it.
        data: CSV with a header; the column `target` is the class.
        metrics: Accuracy, and precision, recall and F1, averaged over the classes.
        confusion: The confusion matrix, with a row for each true class.
        report: A self-contained page with the metrics and the matrix.

    Returns:
        Accuracy on the table.
    """
    import joblib
    import pandas
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    table = pandas.read_csv(data.path)
    fitted = joblib.load(model.path)
    predicted = fitted.predict(table.drop(columns=TARGET))
    precision, recall, f1, _ = precision_recall_fscore_support(table[TARGET], predicted, average="macro")
    accuracy = float(accuracy_score(table[TARGET], predicted))
    numbers = {"accuracy": accuracy, "precision": float(precision), "recall": float(recall), "f1": float(f1)}
    for name, value in numbers.items():
        metrics.log_metric(name, value)
    labels = [str(label) for label in fitted.classes_]
    matrix = confusion_matrix(table[TARGET], predicted, labels=fitted.classes_).tolist()
    confusion.log_confusion_matrix(labels, matrix)
    with open(report.path, "w", encoding="utf-8") as stream:
        stream.write(page(numbers, labels, matrix, rows=len(table)))
    return accuracy
