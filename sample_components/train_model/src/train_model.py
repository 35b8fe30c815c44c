"""Fit a classifier on a table."""

from toolkit.types import Dataset, Input, Metrics, Model, Output

TARGET = "target"


def train(
    training_data: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    c: float = 1.0,
    max_iter: int = 2000,
    class_weight: dict | None = None,
) -> float:
    """Fit a logistic regression on standardised columns.

    Args:
        training_data: CSV with a header; the column `target` is the class, all other columns are numbers.
        model: The fitted pipeline, as joblib writes it.
        metrics: Accuracy on the training rows, number of rows and columns, iterations of the solver.
        c: Inverse regularisation strength.
        max_iter: Upper limit of the solver's iterations.
        class_weight: Weight of each class, by its label; equal weights if missing.

    Returns:
        Accuracy on the training rows.
    """
    import joblib
    import pandas
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = pandas.read_csv(training_data.path)
    features, target = table.drop(columns=TARGET), table[TARGET]
    weights = {int(label): float(weight) for label, weight in class_weight.items()} if class_weight else None
    regression = LogisticRegression(C=c, max_iter=max_iter, class_weight=weights)
    pipeline = make_pipeline(StandardScaler(), regression).fit(features, target)
    joblib.dump(pipeline, model.path)
    model.metadata["framework"] = "scikit-learn"
    accuracy = float(pipeline.score(features, target))
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("rows", len(table))
    metrics.log_metric("columns", features.shape[1])
    metrics.log_metric("iterations", int(regression.n_iter_.max()))
    print(f"{len(table)} rows, {features.shape[1]} columns, accuracy {accuracy:.3f}")
    return accuracy
