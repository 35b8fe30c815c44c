"""Train every week."""

from kfp import components, dsl

from team import settings

load_op = components.load_component_from_file("../component.yaml")
train_op = components.load_component_from_file("../train/component.yaml")

@dsl.pipeline(name="weekly")
def weekly(name: str):
    """Train twice."""
    table = load_op(table=name)
    task = train_op(table=table.output, rate=0.2, seed=3).set_memory_limit("1Gi")
    again = train_op(**settings(table))
