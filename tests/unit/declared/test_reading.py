"""Declarations from plain data: what is read, and every problem with the keys that lead to it."""

from typing import Any

import pytest

from toolkit.declared.model import Accelerator, KeyOf
from toolkit.declared.reading import (
    Problems,
    data_of_references,
    data_of_resources,
    read_env,
    read_references,
    read_resources,
    read_secrets,
)

WHOLE = {
    "cpu": "2",
    "memory": "4Gi",
    "ephemeral-storage": "10Gi",
    "requests": {"cpu": "500m", "memory": "1Gi"},
    "accelerator": {"type": "nvidia.com/gpu", "count": 2},
}


def test_resources_are_read_and_written_again() -> None:
    problems = Problems()
    resources = read_resources(WHOLE, problems)
    assert problems.found == []
    assert resources.accelerator == Accelerator(type="nvidia.com/gpu", count=2)
    assert [(name, str(amount)) for name, amount in resources.requests.items()] == [("cpu", "500m"), ("memory", "1Gi")]
    assert data_of_resources(resources) == WHOLE


def test_numbers_of_toml_are_quantities() -> None:
    problems = Problems()
    resources = read_resources({"cpu": 0.5, "memory": 4_000_000_000}, problems)
    assert problems.found == []
    assert data_of_resources(resources) == {"cpu": "0.5", "memory": "4000000000"}


@pytest.mark.parametrize(
    ("data", "keys", "message"),
    [
        ({"cpu": "two"}, "resources.cpu", "cpu is 'two', not a Kubernetes quantity"),
        ({"cpu": True}, "resources.cpu", "cpu is True, not a Kubernetes quantity"),
        ({"cpu": float("inf")}, "resources.cpu", "cpu is inf, not a Kubernetes quantity"),
        ({"cpu": "0"}, "resources.cpu", "cpu is '0', expected more than 0"),
        ({"cpu": "-1"}, "resources.cpu", "cpu is '-1', expected more than 0"),
        ({"cpu": "0.5m"}, "resources.cpu", "cpu is '0.5m', and Kubernetes divides a processor into thousandths"),
        ({"cpu": "4Gi"}, "resources.cpu", "cpu is '4Gi', which is 4,294,967,296 processors"),
        ({"memory": "400m"}, "resources.memory", "memory is '400m', which is 0.4 bytes, less than any program needs"),
        ({"memory": 4}, "resources.memory", "memory is 4, which is 4 bytes, less than any program needs"),
        ({"memory": "4GB"}, "resources.memory", "memory is '4GB', not a Kubernetes quantity"),
        ({"memory": "2000000.5"}, "resources.memory", "memory is '2000000.5', which is not a whole number of bytes"),
        (
            {"ephemeral-storage": []},
            "resources.ephemeral-storage",
            "ephemeral-storage is [], not a Kubernetes quantity",
        ),
        ({"memry": "4Gi"}, "resources.memry", "unknown key 'memry' in resources"),
        ({"requests": {"gpu": 1}}, "resources.requests.gpu", "unknown key 'gpu' in resources.requests"),
        ({"requests": "1"}, "resources.requests", "resources.requests is not a table"),
        (
            {"cpu": "1", "requests": {"cpu": "1500m"}},
            "resources.requests.cpu",
            "the request of cpu is 1500m, more than its limit of 1",
        ),
        ({"accelerator": {"count": 1}}, "resources.accelerator.type", "the accelerator has no type"),
        (
            {"accelerator": {"type": "gpu"}},
            "resources.accelerator.type",
            "the accelerator is of the type 'gpu', not the name of a resource",
        ),
        (
            {"accelerator": {"type": "nvidia.com/gpu", "count": 0}},
            "resources.accelerator.count",
            "the count of accelerators is 0, expected a whole number from 1 to 1024",
        ),
        ({"accelerator": "nvidia.com/gpu"}, "resources.accelerator", "resources.accelerator is not a table"),
    ],
)
def test_a_problem_of_resources_names_its_keys(data: dict[str, Any], keys: str, message: str) -> None:
    problems = Problems()
    read_resources(data, problems)
    assert [(".".join(problem.keys), problem.message) for problem in problems.found] == [(keys, message)]


def test_all_problems_are_collected() -> None:
    problems = Problems()
    read_resources({"cpu": "x", "memory": "y", "acelerator": {}}, problems)
    assert [problem.keys[-1] for problem in problems.found] == ["acelerator", "cpu", "memory"]
    assert problems.found[0].hint == "did you mean 'accelerator'?"


def test_env_has_constants_and_keys_of_config_maps() -> None:
    problems = Problems()
    constants, references = read_env(
        {"LEVEL": "info", "THREADS": 4, "REGION": {"config-map": "cluster", "key": "region", "optional": True}},
        problems,
    )
    assert problems.found == []
    assert constants == {"LEVEL": "info", "THREADS": "4"}
    assert references == {"REGION": KeyOf(kind="config-map", name="cluster", key="region", optional=True)}


def test_secrets_name_a_kubernetes_secret_and_its_key() -> None:
    problems = Problems()
    references = read_secrets({"TOKEN": {"secret": "api", "key": "token"}}, problems)
    assert problems.found == []
    assert references == {"TOKEN": KeyOf(kind="secret", name="api", key="token")}
    assert read_references(data_of_references(references), problems) == references


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hunter2hunter2", "the secret of TOKEN is not a table: only the name of a Kubernetes secret belongs here"),
        ({"secret": "api"}, "secrets.TOKEN names no key"),
        ({"key": "token"}, "secrets.TOKEN names no secret"),
        ({"secret": "Api_1", "key": "token"}, "'Api_1' is not the name of a Kubernetes secret"),
        ({"secret": "api", "key": "a/b"}, "secrets.TOKEN names the key 'a/b', expected letters, digits, - _ ."),
        ({"secret": "api", "key": ".."}, "secrets.TOKEN names the key '..', expected letters, digits, - _ ."),
        ({"secret": "api", "kee": "token"}, "unknown key 'kee' in secrets.TOKEN"),
        ({"secret": "api", "key": "token", "optional": "yes"}, "optional of TOKEN is 'yes', expected true or false"),
    ],
)
def test_a_problem_of_a_secret(value: object, message: str) -> None:
    problems = Problems()
    assert read_secrets({"TOKEN": value}, problems) == {}
    assert [problem.message for problem in problems.found] == [message]


def test_a_constant_that_looks_like_a_secret_is_a_problem_that_does_not_repeat_it() -> None:
    problems = Problems()
    value = "ghp_" + "a1" * 18
    constants, _ = read_env({"HUB": value}, problems)
    assert constants == {}
    [problem] = problems.found
    assert problem.secret
    assert value not in problem.message + problem.hint
    assert problem.hint == 'name a Kubernetes secret: HUB = { secret = "name", key = "key" } in [tool.comp.secrets]'


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "É", ".", "..", "..A"])
def test_a_name_that_no_variable_can_have(name: str) -> None:
    problems = Problems()
    read_env({name: "x"}, problems)
    assert [problem.message for problem in problems.found] == [f"{name!r} is not the name of a variable"]
