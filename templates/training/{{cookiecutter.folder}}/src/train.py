"""Train a model, measure it on held-out rows, and write a card about it."""

from toolkit.types import (
    ClassificationMetrics,
    Dataset,
    Input,
    Markdown,
    Metrics,
    Model,
    Output,
)

CARD = """# {name}

| | |
|---|---|
| kind | {kind} |
| trained on | {rows} rows, {columns} columns |
| held out | {held_out} rows |
| accuracy | {accuracy:.3f} |

Parameters: {parameters}
"""


def train(
    data: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    confusion: Output[ClassificationMetrics],
    card: Output[Markdown],
    target: str = "target",
    held_out: float = 0.25,
    seed: int = 0,
) -> float:
    """{{ cookiecutter.description }}

    Args:
        data: CSV with a header.
        model: The fitted classifier, as joblib writes it.
        metrics: Accuracy and the number of rows.
        confusion: The confusion matrix on the rows held out.
        card: A description of the model and its accuracy, in Markdown.
        target: The column to predict.
        held_out: The share of the rows to hold out for measuring.
        seed: The seed of the split and the model.

    Returns:
        Accuracy on the rows held out.
    """
    import joblib
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import confusion_matrix
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv(data.path)
    features = table.drop(columns=[target])
    classes = table[target].astype(str)
    seen, unseen, truth, wanted = train_test_split(
        features, classes, test_size=held_out, random_state=seed, stratify=classes
    )
    classifier = LogisticRegression(max_iter=1000, random_state=seed)
    fitted = make_pipeline(StandardScaler(), classifier).fit(seen, truth)
    joblib.dump(fitted, model.path)

    accuracy = float(fitted.score(unseen, wanted))
    model.metadata["framework"] = "scikit-learn"
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("rows", len(table))
    labels = sorted(set(classes))
    matrix = confusion_matrix(wanted, fitted.predict(unseen), labels=labels)
    confusion.log_confusion_matrix(labels, matrix.tolist())
    with open(card.path, "w", encoding="utf-8") as stream:
        stream.write(
            CARD.format(
                name="{{ cookiecutter.name }}",
                kind=type(classifier).__name__,
                rows=len(seen),
                columns=features.shape[1],
                held_out=len(unseen),
                accuracy=accuracy,
                parameters=classifier.get_params(),
            )
        )
    return accuracy
