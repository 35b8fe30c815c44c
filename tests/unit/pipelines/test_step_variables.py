"""The variables of steps that come from secrets and config maps, in a run on this machine."""

from pathlib import Path

import pytest

from tests.pipelines import Json, constant, dag, executed, pipeline, ports, task, written
from toolkit.declared.model import KeyOf
from toolkit.errors import UsageError
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.step_variables import references_of, step_variables
from toolkit.pipelines.workers import Worker

SETTINGS: Json = {
    "secretAsEnv": [
        {"secretName": "store", "keyToEnv": [{"secretKey": "token", "envVar": "TOKEN"}]},
        {"secretName": "more", "keyToEnv": [{"secretKey": "a", "envVar": "MAYBE"}], "optional": True},
    ],
    "configMapAsEnv": [{"configMapName": "zone", "keyToEnv": [{"configMapKey": "name", "envVar": "ZONE"}]}],
}


def two(settings: Json) -> Pipeline:
    """Return a pipeline of a component with these settings, and one without any."""
    parts = {"count": executed("count", ports(x="int")), "other": executed("other")}
    root = dag({"count": task("count", inputs={"x": constant(1)}), "other": task("other")})
    platform = {"kubernetes": {"deploymentSpec": {"executors": {"exec-count": settings}}}}
    text = written(pipeline(root, parts)) + "---\n" + written({"platforms": platform})
    return parse_pipeline(text, Path("p.yaml"))


class Nothing:
    """A runner that is not used."""

    name = "nothing"

    def run(self, run: object) -> object:
        raise NotImplementedError(run)


def _workers(*, own: bool) -> dict[str, Worker]:
    worker = Worker(runner=Nothing(), image="", own=own)  # type: ignore[arg-type]
    return {"comp-count": worker, "comp-other": worker}


def test_variables_of_secrets_are_given_or_for_own_code_inherited() -> None:
    pipeline_ = two(SETTINGS)
    environ = {"TOKEN": "own-token-value", "ZONE": "b"}
    assert step_variables(pipeline_, _workers(own=True), {"ZONE": "a"}, environ) == {
        "comp-count": {"TOKEN": "own-token-value", "ZONE": "a"},
        "comp-other": {},
    }
    with pytest.raises(UsageError, match="the component count needs TOKEN"):
        step_variables(pipeline_, _workers(own=False), {}, environ)
    with pytest.raises(UsageError, match="the pipeline declares no secret 'TOKN'"):
        step_variables(pipeline_, _workers(own=True), {"TOKN": "x"}, environ)


@pytest.mark.parametrize(
    "settings",
    [
        {"secretAsEnv": 3},
        {"secretAsEnv": [3, {"keyToEnv": 3}, {"keyToEnv": [3, {"envVar": 4}]}]},
        {"configMapAsEnv": {"keyToEnv": []}},
        {},
    ],
)
def test_settings_of_another_form_are_passed_over(settings: Json) -> None:
    assert references_of(settings) == {}


def test_each_variable_has_its_object_and_key() -> None:
    assert references_of(SETTINGS) == {
        "TOKEN": KeyOf(kind="secret", name="store", key="token", optional=False),
        "MAYBE": KeyOf(kind="secret", name="more", key="a", optional=True),
        "ZONE": KeyOf(kind="config-map", name="zone", key="name", optional=False),
    }
