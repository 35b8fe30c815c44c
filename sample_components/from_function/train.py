"""A typical pipeline file: one step, and the pipeline around it.

`comp new train-model --from-function train.py:train` cuts out the step and leaves the rest behind.
"""

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

TARGET = "target"


@dsl.component(packages_to_install=["numpy==1.26.4", "pandas==2.2.2", "scikit-learn==1.5.0"])
def train(training_data: Input[Dataset], model: Output[Model], c: float = 1.0, max_iter: int = 1000) -> float:
    """Fit a logistic regression on a CSV table.

    Args:
        training_data: CSV with a header; the column `target` is what to predict.
        model: The fitted pipeline, as joblib writes it.
        c: Inverse regularisation strength.
        max_iter: Upper limit of the solver's iterations.

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
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=max_iter)).fit(features, target)
    joblib.dump(fitted, model.path)
    accuracy = float(fitted.score(features, target))
    model.metadata["accuracy"] = accuracy
    print(f"{len(table)} rows, {features.shape[1]} columns, accuracy {accuracy:.3f}")
    return accuracy


@dsl.pipeline(name="train-on-a-table")
def pipeline(url: str) -> None:
    """Fetch a table and train on it."""
    table = dsl.importer(artifact_uri=url, artifact_class=Dataset)
    train(training_data=table.output)
