"""The pod of a step: rights, volumes, variables and resources."""

import json

import pytest

from toolkit.config.argo import USER, ArgoSettings, MountedFiles
from toolkit.declared.model import Accelerator, Amounts, Declared, KeyOf, Resources
from toolkit.declared.quantity import Quantity, parse_quantity
from toolkit.forms.argo_pod import container_fields, pod_fields, pod_patch, referenced_variables

OPEN = ArgoSettings(restricted=False)
NO_RIGHTS = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _quantity(text: str) -> Quantity:
    quantity = parse_quantity(text)
    assert quantity is not None
    return quantity


def test_a_pod_is_restricted_unless_the_settings_say_otherwise() -> None:
    assert pod_fields(ArgoSettings()) == {
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": USER},
    }
    assert container_fields(ArgoSettings(), Declared())["securityContext"] == NO_RIGHTS
    read_only = container_fields(ArgoSettings(read_only_root=True), Declared())["securityContext"]
    assert read_only == NO_RIGHTS | {"readOnlyRootFilesystem": True}
    assert "runAsUser" not in pod_fields(ArgoSettings(run_as_user=None))["securityContext"]
    assert "securityContext" not in pod_fields(OPEN)
    assert "securityContext" not in container_fields(OPEN, Declared())


def test_settings_choose_the_node_and_the_end() -> None:
    settings = ArgoSettings(
        node_selector={"disk": "ssd"},
        tolerations=({"key": "gpu", "operator": "Exists"},),
        retries=0,
        active_deadline_seconds=60,
    )
    fields = pod_fields(settings)
    assert fields["nodeSelector"] == {"disk": "ssd"}
    assert fields["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert fields["retryStrategy"] == {"limit": "0"}
    assert fields["activeDeadlineSeconds"] == 60
    policy = pod_fields(ArgoSettings(retries=3, retry_policy="OnError"))["retryStrategy"]
    assert policy == {"limit": "3", "retryPolicy": "OnError"}


def test_secrets_and_config_maps_become_files() -> None:
    settings = ArgoSettings(
        secrets=(MountedFiles(name="s", path="/etc/s"),),
        config_maps=(MountedFiles(name="c", path="/etc/c.yaml", key="c.yaml"),),
    )
    assert pod_fields(settings)["volumes"][1:] == [
        {"name": "files-0", "secret": {"secretName": "s"}},
        {"name": "files-1", "configMap": {"name": "c"}},
    ]
    assert container_fields(settings, Declared())["volumeMounts"][1:] == [
        {"name": "files-0", "mountPath": "/etc/s", "readOnly": True},
        {"name": "files-1", "mountPath": "/etc/c.yaml", "readOnly": True, "subPath": "c.yaml"},
    ]


def test_argo_s_own_containers_have_no_rights_either() -> None:
    patch = pod_patch(ArgoSettings(), ['"args": ["a"]'])
    assert json.loads(patch or "") == {
        "initContainers": [{"name": "init", "securityContext": NO_RIGHTS}],
        "containers": [{"name": "wait", "securityContext": NO_RIGHTS}, {"name": "main", "args": ["a"]}],
    }
    # The pod has no container without a change, so that Argo would refuse an empty one.
    assert [each["name"] for each in json.loads(pod_patch(ArgoSettings(), []) or "")["containers"]] == ["wait"]
    assert json.loads(pod_patch(OPEN, ['"args": []']) or "") == {"containers": [{"name": "main", "args": []}]}
    assert pod_patch(OPEN, []) is None


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(), None),
        (Resources(requests=Amounts(cpu=_quantity("100m"))), {"requests": {"cpu": "100m"}}),
        (
            Resources(limits=Amounts(memory=_quantity("1Gi")), accelerator=Accelerator(type="nvidia.com/gpu", count=2)),
            {"limits": {"memory": "1Gi", "nvidia.com/gpu": "2"}},
        ),
    ],
)
def test_resources_are_written_as_declared(resources: Resources, expected: object) -> None:
    assert container_fields(OPEN, Declared(resources=resources)).get("resources") == expected


def test_variables_name_keys_and_have_no_values() -> None:
    references = {
        "TOKEN": KeyOf(kind="secret", name="s", key="k"),
        "MODE": KeyOf(kind="config-map", name="c", key="m", optional=True),
    }
    assert referenced_variables(references) == [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "m", "optional": True}}},
    ]
