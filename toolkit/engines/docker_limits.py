"""The limits of a component's resources as docker's options, as far as the daemon and its machine can keep them."""

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.declared.model import Accelerator, Resources
from toolkit.engines.docker import failing
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from docker import DockerClient

log = logging.getLogger(__name__)

# The least that docker takes.
_LEAST_CPUS = 0.01
_NVIDIA = "nvidia.com/gpu"


def limit_options(client: "DockerClient", resources: Resources) -> dict[str, Any]:
    """Return the options for a container with these limits; a warning names each limit that is not kept."""
    if resources == Resources():
        return {}
    with failing("docker does not answer"):
        facts = client.info()
    return dict(_limits(resources, facts))


def _limits(resources: Resources, facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each option and its value."""
    limits = resources.limits
    if limits.cpu:
        count = max(_LEAST_CPUS, float(limits.cpu.value))
        if count > (here := int(facts.get("NCPU") or count)):
            log.warning("the component may use %s processors, and this machine has %s", limits.cpu, here)
            count = here
        if facts.get("CpuCfsQuota"):
            yield "nano_cpus", int(count * 10**9)
        else:
            log.warning("this docker does not limit processors")
    if limits.memory:
        amount, here = int(limits.memory.value), int(facts.get("MemTotal") or 0)
        if amount > here > 0:
            log.warning("the component may use %s of memory, and this machine has %s", limits.memory, in_bytes(here))
        if facts.get("MemoryLimit"):
            yield "mem_limit", amount
            if facts.get("SwapLimit"):
                # Kubernetes' nodes have no swap, which would hide that the memory is too small.
                yield "memswap_limit", amount
        else:
            log.warning("this docker does not limit memory")
    if limits.ephemeral_storage:
        log.info("docker does not limit ephemeral storage")
    if resources.accelerator:
        yield from _accelerators(resources.accelerator, facts)


def _accelerators(accelerator: Accelerator, facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the option for accelerators, if the daemon can pass them on."""
    from docker.types import DeviceRequest

    devices = [str(device.get("ID", "")) for device in facts.get("DiscoveredDevices") or []]
    if accelerator.type == _NVIDIA and ("nvidia" in (facts.get("Runtimes") or {}) or any(map(_is_nvidia, devices))):
        yield "device_requests", [DeviceRequest(count=accelerator.count, capabilities=[["gpu"]])]
    else:
        log.warning("this docker has no %s: the component runs without its %d", accelerator.type, accelerator.count)


def _is_nvidia(device: str) -> bool:
    """Return whether a device that the daemon has found is a GPU of NVIDIA's (Container Device Interface)."""
    return device.startswith(f"{_NVIDIA}=")
