"""Fixtures of the tests that run on the cluster: the cluster itself, a namespace, images that its pods can pull.

`make test-cluster` runs these tests. While a cluster is up (`make cluster`), `pytest tests/cluster/…` uses it.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import ok
from tools.cluster import resources
from tools.cluster.kubectl import Kubectl
from tools.cluster.lifecycle import is_up
from tools.cluster.places import REMOTE, State
from tools.cluster.programs import KUBERNETES, Programs, cached

Push = Callable[[Path], str]


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs that the cluster runs."""
    return cached(os.environ)


@pytest.fixture(scope="session")
def cluster() -> State:
    """The cluster that is up; without one, these tests fail."""
    state = State.find(os.environ)
    if not is_up(state):
        pytest.fail(f"no cluster is up in {state.folder}: `make cluster`, or `make test-cluster`", pytrace=False)
    return state


@pytest.fixture(scope="module")
def kubectl(cluster: State, programs: Programs, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """Access with a namespace of the module's own, which can run workflows and goes when the module ends."""
    name = re.sub(r"[^a-z0-9]+", "-", Path(request.node.name).stem.removeprefix("test_")).strip("-")
    name = f"{name}-{os.getpid()}"
    access = Kubectl(program=programs.path(KUBERNETES, "kubectl"), kubeconfig=cluster.kubeconfig, namespace=name)
    access.apply(resources.namespace(name))
    # Pods are refused until the controller manager has made it.
    access("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
    yield access
    access("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def remote_host(cluster: State) -> str:
    """The address of the cluster's distribution server; the node pulls from it under the same address."""
    assert cluster
    return str(REMOTE)


@pytest.fixture
def push(remote_host: str) -> Push:
    """Build the component in a folder, push its image, pin its contracts, and return the reference by digest."""

    def pushed(folder: Path) -> str:
        return ok("build", folder, "--push", "--image", f"{remote_host}/tests/{folder.name.replace('_', '-')}")

    return pushed
