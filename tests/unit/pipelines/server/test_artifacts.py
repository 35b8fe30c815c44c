import json
from typing import Any

import pytest

from toolkit.pipelines.server.artifacts import Address, Artifact, chosen, pod_artifacts

EXECUTOR_INPUT = {
    "inputs": {"parameterValues": {"rows": 3}},
    "outputs": {
        "artifacts": {
            "executor-logs": {"artifacts": [{"name": "executor-logs", "uri": "minio://b/k/executor-logs"}]},
            "model": {
                "artifacts": [{"name": "model", "type": {"schemaTitle": "system.Model"}, "uri": "minio://b/k/model"}]
            },
        },
        "outputFile": "/tmp/kfp_outputs/output_metadata.json",  # noqa: S108 (a text)
    },
}


def pod(words: list[str]) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "wait"}, {"name": "main", "command": words}]}}


def test_artifacts_of_a_pod() -> None:
    words = ["/kfp-launcher/launch", "--executor_input", json.dumps(EXECUTOR_INPUT), "--pod_name", "x"]
    (artifact,) = pod_artifacts([("train", pod(words))])
    assert artifact == Artifact(step="train", output="model", type="Model", uri="minio://b/k/model")
    assert artifact.name == "train/model"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"outputs": {"artifacts": {"a": 1}}}', "[" * 100_000])
def test_pod_with_other_arguments(text: str) -> None:
    assert list(pod_artifacts([("train", pod(["launch", "--executor_input", text])), ("train", {})])) == []


def test_tries_count_once_and_iterations_have_numbers() -> None:
    def created(time: str, uri: str) -> dict[str, Any]:
        text = json.dumps(EXECUTOR_INPUT).replace("minio://b/k/model", uri)
        return pod(["launch", "--executor_input", text]) | {"metadata": {"creationTimestamp": time}}

    pods = [("train", created(time, f"minio://b/{key}")) for time, key in (("03", "b"), ("02", "a"), ("01", "a"))]
    names = [(artifact.name, artifact.uri) for artifact in pod_artifacts(pods)]
    assert names == [("train/model", "minio://b/a"), ("train #2/model", "minio://b/b")]


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("minio://mlpipeline/v2/a/model", Address(scheme="minio", bucket="mlpipeline", key="v2/a/model")),
        ("s3://b/k/", Address(scheme="s3", bucket="b", key="k")),
        ("gs://b/k", Address(scheme="gs", bucket="b", key="k")),
        ("s3://b/v1/a#1/model%20?region=x&s=a/b", Address(scheme="s3", bucket="b", key="v1/a#1/model%20")),
        ("s3://b", None),
        ("s3://b?region=x", None),
        ("https://host/file", None),
        ("/local/file", None),
        ("s3://[", None),
        ("", None),
    ],
)
def test_address(uri: str, address: Address | None) -> None:
    assert Address.parse(uri) == address


def test_choice_by_step_and_by_output() -> None:
    every = [Artifact(step=step, output=output, type="Model", uri="") for step in "ab" for output in "xy"]
    assert chosen(every, ()) == (tuple(every), ())
    picked, unknown = chosen(every, ["a", "b/y", "c", "a/z"])
    assert [artifact.name for artifact in picked] == ["a/x", "a/y", "b/y"]
    assert unknown == ("c", "a/z")
