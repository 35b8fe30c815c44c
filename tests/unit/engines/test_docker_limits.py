"""Limits as docker's options: what a daemon keeps, and a warning for what it does not."""

import logging
from typing import Any, cast

import pytest

from toolkit.declared.reading import Problems, read_resources
from toolkit.engines.docker_limits import limit_options

ABLE = {"NCPU": 2, "CpuCfsQuota": True, "MemTotal": 8 << 30, "MemoryLimit": True, "SwapLimit": True}


class Daemon:
    """A daemon that knows only about itself."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts

    def info(self) -> dict[str, object]:
        return self.facts


def _options(data: dict[str, Any], **facts: object) -> dict[str, Any]:
    return limit_options(cast("Any", Daemon(**facts)), read_resources(data, Problems()))


def test_a_component_without_limits_asks_nothing() -> None:
    assert limit_options(cast("Any", None), read_resources({}, Problems())) == {}


def test_processors_and_memory_without_swap_are_limited(caplog: pytest.LogCaptureFixture) -> None:
    options = _options({"cpu": "500m", "memory": "64Mi"}, **ABLE)
    assert options == {"nano_cpus": 500_000_000, "mem_limit": 64 << 20, "memswap_limit": 64 << 20}
    assert _options({"cpu": "1m"}, **ABLE) == {"nano_cpus": 10_000_000}
    assert caplog.messages == []


def test_what_the_machine_does_not_have_is_not_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    assert _options({"cpu": 4, "memory": "16Gi"}, **ABLE) == {
        "nano_cpus": 2_000_000_000,
        "mem_limit": 16 << 30,
        "memswap_limit": 16 << 30,
    }
    assert caplog.messages == [
        "the component may use 4 processors, and this machine has 2",
        "the component may use 16Gi of memory, and this machine has 8.6 GB",
    ]


def test_a_daemon_without_cgroups_limits_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert _options({"cpu": 1, "memory": "1Gi", "ephemeral-storage": "1Gi"}, NCPU=2) == {}
    assert caplog.messages == [
        "this docker does not limit processors",
        "this docker does not limit memory",
        "docker does not limit ephemeral storage",
    ]


@pytest.mark.parametrize(
    "facts",
    [{"Runtimes": {"nvidia": {}, "runc": {}}}, {"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}],
)
def test_accelerators_are_passed_on_if_the_daemon_has_them(facts: dict[str, object]) -> None:
    [request] = _options({"accelerator": {"type": "nvidia.com/gpu", "count": 2}}, **facts)["device_requests"]
    assert (request["Count"], request["Capabilities"]) == (2, [["gpu"]])


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "amd.com/gpu"])
def test_accelerators_that_the_daemon_lacks_are_named(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    assert _options({"accelerator": {"type": kind, "count": 1}}, Runtimes={"runc": {}}, DiscoveredDevices=None) == {}
    assert caplog.messages == [f"this docker has no {kind}: the component runs without its 1"]


def test_the_sdk_takes_the_options() -> None:
    from docker.types import HostConfig

    facts = {**ABLE, "Runtimes": {"nvidia": {}}}
    options = _options({"cpu": 1, "memory": "64Mi", "accelerator": {"type": "nvidia.com/gpu"}}, **facts)
    host = HostConfig(version="1.41", **options)
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (10**9, 64 << 20, 64 << 20)
    assert host["DeviceRequests"][0]["Count"] == 1
