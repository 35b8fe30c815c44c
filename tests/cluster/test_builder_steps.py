"""A workflow that fans a collection out over restricted pods: each builds one component by the image of comp."""

import io
import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import yaml

from tests.builder_image import ROOT, write_builder
from tests.cluster import store, workflows
from tests.commands import ok
from tests.conftest import Sample
from tests.registries import serving_registry
from toolkit.oci.descriptor import host_platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote
from tools.cluster.kubectl import Kubectl
from tools.cluster.places import HOST

_NAMES = ("load_table", "summarise_text")
_BLOCK = re.compile(r"^```yaml\n(apiVersion: argoproj.io/v1alpha1\n.*?)^```$", re.MULTILINE | re.DOTALL)
_HOST = "registry.example.com"
_LIST = """
import json, pathlib
print(json.dumps(sorted(path.parent.name for path in pathlib.Path("/source").glob("*/component.yaml"))))
"""


def _workflow(image: str, host: str, key: str, environ: dict[str, str]) -> dict[str, Any]:
    """Return the workflow of the documentation, with sources from the store: the cluster has no git server."""
    match = _BLOCK.search((ROOT / "docs" / "ci.md").read_text())
    assert match
    workflow: dict[str, Any] = yaml.safe_load(match[1].replace(f"{_HOST}/ml/comp-builder", image).replace(_HOST, host))
    by_name = {template["name"]: template for template in workflow["spec"]["templates"]}
    for name in ("list", "build"):
        artifacts = by_name[name]["inputs"]["artifacts"]
        artifacts[0] = {"name": "source", "path": "/source", "s3": {"key": key}}
    by_name["list"]["container"] |= {"command": ["python", "-c"], "args": [_LIST]}
    by_name["build"]["container"]["env"] += [{"name": name, "value": value} for name, value in environ.items()]
    return workflow


def _packed(folder: Path) -> bytes:
    """Return the components as Argo stores a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in _NAMES:
            archive.add(folder / name, f"source/{name}")
    return stream.getvalue()


def test_a_collection_over_pods(
    kubectl: Kubectl, remote_host: str, sample: Sample, debian_base: Path, tmp_path: Path
) -> None:
    login = f"--from-literal=.dockerconfigjson={json.dumps({'auths': {}})}"
    kubectl("create", "secret", "generic", "registry-login", "--type=kubernetes.io/dockerconfigjson", login)
    kubectl("label", "namespace", str(kubectl.namespace), "pod-security.kubernetes.io/enforce=restricted")
    image = ok("build", write_builder(tmp_path), "--push", "--image", f"{remote_host}/tests/comp-builder")
    folders = [sample(name) for name in _NAMES]
    with serving_registry(tmp_path / "registry", address=HOST) as host:
        environ = os.environ | {"COMP_INSECURE_REGISTRIES": host}
        image_of_base = read_layout(debian_base, platform=host_platform())
        Remote(environ=environ).push(image_of_base, parse_reference(f"{host}/base:1"))
        environ["COMP_BASE"] = f"{host}/base@{image_of_base.digest}"
        digests = {}
        for folder in folders:
            reference = f"{host}/first/{folder.name.replace('_', '-')}"
            pushed = ok("build", folder, "--push", "--pin", "none", "--image", reference, env=environ)
            digests[folder.name.replace("_", "-")] = pushed.partition("@")[2]
        ok("cache", "export", f"oci://{host}/ci/cache", env=environ)
        key = f"{kubectl.namespace}/source.tgz"
        store.put(key, _packed(folders[0].parent))
        variables = {name: environ[name] for name in ("COMP_INSECURE_REGISTRIES", "COMP_BASE")}
        done = workflows.run(kubectl, _workflow(image, host, key, variables))
        assert done.phase == "Succeeded", (done.message, done.nodes)
        for name, digest in digests.items():
            found = Remote(environ=environ).head(parse_reference(f"{host}/ml/{name}@{digest}"))
            assert found, f"{name} was not pushed as {digest}"
