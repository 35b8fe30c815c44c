"""The declarations of a component in KFP 2: resources in IR, secrets and config maps in the document of a platform.

The forms are those that kfp 2.17 and kfp-kubernetes 2.17 compile for `task.set_cpu_limit(…)` and `use_secret_as_env`.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from toolkit.declared.model import Amounts, KeyOf, Resources
from toolkit.declared.quantity import Quantity

# kfp's `K` is unknown to Kubernetes, whose `k` is unknown to kfp.
_MEMORY = re.compile(r"[0-9]+(?:[EPTGM]i?|Ki)?")
_CONFIG_MAPS = ("configMapAsEnv", "configMapName", "configMapKey")
_SECRETS = ("secretAsEnv", "secretName", "secretKey")


def ir_resources(resources: Resources) -> dict[str, Any]:
    """Return the `resources` of a container in IR; empty for none. KFP has no ephemeral storage: see `left_out`."""
    written = _amounts("Limit", resources.limits) | _amounts("Request", resources.requests)
    if accelerator := resources.accelerator:
        count = str(accelerator.count)
        # kfp writes each value twice: the first field of a pair is for older servers.
        written["accelerator"] = {
            "count": count,
            "resourceCount": count,
            "resourceType": accelerator.type,
            "type": accelerator.type,
        }
    return written


def kubernetes_config(references: Mapping[str, KeyOf]) -> dict[str, Any]:
    """Return the settings of an executor in the platform `kubernetes`; empty for none."""
    # One entry for each secret or config map, as one call of kfp-kubernetes makes.
    grouped: dict[tuple[str, str, bool], dict[str, str]] = {}
    for variable, reference in references.items():
        grouped.setdefault((reference.kind, reference.name, reference.optional), {})[variable] = reference.key
    config: dict[str, Any] = {}
    for (kind, name, optional), variables in grouped.items():
        group, named, key_of = _SECRETS if kind == "secret" else _CONFIG_MAPS
        config.setdefault(group, []).append(
            {
                named: name,
                f"{named}Parameter": {"runtimeValue": {"constant": name}},
                "keyToEnv": [{key_of: key, "envVar": variable} for variable, key in variables.items()],
                "optional": optional,
            }
        )
    return config


def platform_document(executors: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the second document of a pipeline: the settings of its executors on Kubernetes."""
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": dict(executors)}}}}


def left_out(resources: Resources) -> list[str]:
    """Return the declared resources that KFP has no field for."""
    named = (("ephemeral-storage", resources.limits), ("the request of ephemeral-storage", resources.requests))
    return [name for name, amounts in named if amounts.ephemeral_storage]


def kfp_cpu(quantity: Quantity) -> str:
    """Return processors as `set_cpu_limit` takes them: `2`, `500m`."""
    thousandths = quantity.value * 1000
    return str(quantity.value) if quantity.value.denominator == 1 else f"{thousandths}m"


def kfp_memory(quantity: Quantity) -> str:
    """Return memory as `set_memory_limit` takes it, and Kubernetes after it: `4Gi`, else bytes."""
    return quantity.text if _MEMORY.fullmatch(quantity.text) else str(quantity.value)


def _amounts(side: str, amounts: Amounts) -> dict[str, Any]:
    """Return the fields of limits or of requests: numbers of cores and of GB, and texts."""
    written: dict[str, Any] = {}
    if amounts.cpu:
        written |= {f"cpu{side}": float(amounts.cpu.value), f"resourceCpu{side}": kfp_cpu(amounts.cpu)}
    if amounts.memory:
        gigabytes = float(amounts.memory.value / Fraction(10**9))
        written |= {f"memory{side}": gigabytes, f"resourceMemory{side}": kfp_memory(amounts.memory)}
    return written
