"""Declarations in KFP's forms, as kfp 2.17 and kfp-kubernetes 2.17 compile them; tests/engines compares with both."""

from pathlib import Path

import pytest
import yaml

from tests.contracts import TRAIN
from toolkit.declared.model import Declared, KeyOf
from toolkit.declared.quantity import parse_quantity
from toolkit.declared.reading import Problems, read_resources
from toolkit.errors import InputError
from toolkit.forms.ir import write_ir
from toolkit.forms.ir_reader import parse_ir
from toolkit.forms.kfp_settings import ir_resources, kfp_cpu, kfp_memory, kubernetes_config, left_out
from toolkit.spec.declared import with_declared
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
RESOURCES = read_resources(
    {
        "cpu": "500m",
        "memory": "4Gi",
        "ephemeral-storage": "1Gi",
        "requests": {"cpu": 0.25, "memory": 1_500_000},
        "accelerator": {"type": "nvidia.com/gpu", "count": 2},
    },
    Problems(),
)
REFERENCES = {
    "TOKEN": KeyOf(kind="secret", name="api", key="token"),
    "OTHER": KeyOf(kind="secret", name="api", key="other"),
    "T2": KeyOf(kind="secret", name="api", key="token", optional=True),
    "ZONE": KeyOf(kind="config-map", name="cluster", key="zone"),
}


def test_resources_are_written_as_kfp_compiles_them() -> None:
    assert ir_resources(RESOURCES) == {
        "cpuLimit": 0.5,
        "resourceCpuLimit": "500m",
        "memoryLimit": 4.294967296,
        "resourceMemoryLimit": "4Gi",
        "cpuRequest": 0.25,
        "resourceCpuRequest": "250m",
        "memoryRequest": 0.0015,
        "resourceMemoryRequest": "1500000",
        "accelerator": {
            "count": "2",
            "resourceCount": "2",
            "resourceType": "nvidia.com/gpu",
            "type": "nvidia.com/gpu",
        },
    }
    assert left_out(RESOURCES) == ["ephemeral-storage"]


def test_secrets_are_written_as_kfp_kubernetes_compiles_them() -> None:
    config = kubernetes_config(REFERENCES)
    assert [secret["keyToEnv"] for secret in config["secretAsEnv"]] == [
        [{"secretKey": "token", "envVar": "TOKEN"}, {"secretKey": "other", "envVar": "OTHER"}],
        [{"secretKey": "token", "envVar": "T2"}],
    ]
    assert config["configMapAsEnv"] == [
        {
            "configMapName": "cluster",
            "configMapNameParameter": {"runtimeValue": {"constant": "cluster"}},
            "keyToEnv": [{"configMapKey": "zone", "envVar": "ZONE"}],
            "optional": False,
        }
    ]
    assert kubernetes_config({}) == {}


@pytest.mark.parametrize(
    ("text", "cpu"), [("2", "2"), ("0.5", "500m"), ("1500m", "1500m"), ("1e1", "10"), ("2000m", "2")]
)
def test_processors_have_a_form_that_kfp_takes(text: str, cpu: str) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert kfp_cpu(quantity) == cpu


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("4Gi", "4Gi"),
        ("512Mi", "512Mi"),
        ("1.5Gi", "1610612736"),
        ("2000k", "2000000"),
        ("1e9", "1000000000"),
        ("3G", "3G"),
    ],
)
def test_memory_has_a_form_that_kfp_and_kubernetes_take(text: str, memory: str) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert kfp_memory(quantity) == memory


def test_a_contract_s_declarations_come_back_from_ir() -> None:
    spec = with_declared(parse_component(TRAIN, PATH), Declared(resources=RESOURCES, references=REFERENCES))
    text = write_ir(spec)
    first, second = yaml.safe_load_all(text)
    assert first["deploymentSpec"]["executors"]["exec-train-model"]["container"]["resources"]["cpuLimit"] == 0.5
    assert list(second["platforms"]["kubernetes"]["deploymentSpec"]["executors"]) == ["exec-train-model"]
    assert parse_ir(text, PATH) == spec
    with pytest.raises(InputError, match="a second document follows: settings of a platform") as refused:
        parse_ir(text.replace("secretKey: token", "secretKey: tokens"), PATH)
    assert refused.value.where is not None
    assert refused.value.where.line == text[: text.index("\n---\n")].count("\n") + 3
