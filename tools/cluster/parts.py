"""The cluster's processes in the order of their start: how each is started, and how it shows that it is ready."""

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from tools.cluster import places
from tools.cluster.places import Endpoint, State
from tools.cluster.programs import ETCD, KUBERNETES, Programs

# An environment of its own, since its dependencies do not go together with those of the tests.
STORE_PROGRAM = Path(__file__).parent.parent.parent / ".venv-moto" / "bin" / "moto_server"

_SECONDS = 2


class Part(Struct, frozen=True, kw_only=True):
    """One process. `ready` is asked until it says yes; `listens` are the ports that must be free before."""

    name: str
    command: Sequence[str | Path]
    ready: Callable[[], bool]
    listens: Sequence[Endpoint] = ()
    environment: dict[str, str] = field(default_factory=dict)


def control_plane(state: State, programs: Programs) -> list[Part]:
    """List the parts that the node needs: etcd, API server, controller manager, scheduler."""
    program = partial(programs.path, KUBERNETES)
    access = f"--kubeconfig={state.kubeconfig}"
    serving = f"--cert-dir={state.folder}/serving"
    keys = state.certificates
    return [
        Part(
            name="etcd",
            command=(
                *(programs.path(ETCD, "etcd"), f"--data-dir={state.folder}/etcd", "--name=comp"),
                *(f"--listen-client-urls=http://{places.ETCD}", f"--advertise-client-urls=http://{places.ETCD}"),
                *(f"--listen-peer-urls=http://{places.ETCD_PEERS}", "--unsafe-no-fsync"),
                f"--initial-advertise-peer-urls=http://{places.ETCD_PEERS}",
                f"--initial-cluster=comp=http://{places.ETCD_PEERS}",
            ),
            ready=partial(_answers, f"http://{places.ETCD}/health"),
            listens=(places.ETCD, places.ETCD_PEERS),
        ),
        Part(
            name="kube-apiserver",
            command=(
                *(program("kube-apiserver"), f"--etcd-servers=http://{places.ETCD}"),
                *(f"--bind-address={places.API.host}", f"--secure-port={places.API.port}"),
                *(f"--advertise-address={places.API.host}", f"--service-cluster-ip-range={places.SERVICE_NETWORK}"),
                *(f"--tls-cert-file={keys}/server.pem", f"--tls-private-key-file={keys}/server.key"),
                *(f"--client-ca-file={keys}/ca.pem", "--authorization-mode=RBAC"),
                f"--kubelet-client-certificate={keys}/api-client.pem",
                f"--kubelet-client-key={keys}/api-client.key",
                "--kubelet-preferred-address-types=InternalIP",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={keys}/service-accounts.key",
                f"--service-account-signing-key-file={keys}/service-accounts.key",
            ),
            ready=partial(_answers, f"https://{places.API}/readyz", authority=keys / "ca.pem"),
            listens=(places.API,),
        ),
        Part(
            name="kube-controller-manager",
            command=(
                *(program("kube-controller-manager"), access, serving, "--leader-elect=false"),
                *(f"--bind-address={places.CONTROLLER_MANAGER.host}", f"--root-ca-file={keys}/ca.pem"),
                f"--secure-port={places.CONTROLLER_MANAGER.port}",
                f"--service-account-private-key-file={keys}/service-accounts.key",
            ),
            ready=partial(_accepts, places.CONTROLLER_MANAGER),
            listens=(places.CONTROLLER_MANAGER,),
        ),
        Part(
            name="kube-scheduler",
            command=(
                *(program("kube-scheduler"), access, serving, "--leader-elect=false"),
                *(f"--bind-address={places.SCHEDULER.host}", f"--secure-port={places.SCHEDULER.port}"),
            ),
            ready=partial(_accepts, places.SCHEDULER),
            listens=(places.SCHEDULER,),
        ),
    ]


def runtime(state: State) -> Part:
    """Return containerd. It runs before the kubelet, since it has to hold the images that nothing serves."""
    return Part(
        name="containerd",
        command=("containerd", f"--config={state.configuration}/containerd.toml"),
        ready=partial(_accepts_socket, state.containerd_socket),
    )


def node(state: State, programs: Programs) -> Part:
    """Return the kubelet."""
    return Part(
        name="kubelet",
        command=(
            *(programs.path(KUBERNETES, "kubelet"), f"--config={state.configuration}/kubelet.yaml"),
            *(f"--kubeconfig={state.kubeconfig}", f"--root-dir={state.folder}/kubelet"),
            # The machine's name need not resolve.
            *(f"--hostname-override={places.NODE}", f"--node-ip={places.HOST}"),
        ),
        ready=partial(_answers, f"http://{places.KUBELET_HEALTH}/healthz"),
        listens=(places.KUBELET, places.KUBELET_HEALTH),
    )


def servers(state: State) -> list[Part]:
    """List the distribution server and the artifact store."""
    return [
        Part(
            name="docker-registry",
            command=("docker-registry", "serve", f"{state.configuration}/remote.yaml"),
            ready=partial(_answers, f"http://{places.REMOTE}/v2/"),
            listens=(places.REMOTE,),
        ),
        Part(
            name="moto",
            command=(STORE_PROGRAM, "-H", places.STORE.host, "-p", str(places.STORE.port)),
            ready=partial(_answers, f"http://{places.STORE}/{places.BUCKET}", method="PUT"),
            listens=(places.STORE,),
        ),
    ]


def is_free(endpoint: Endpoint) -> bool:
    """Return whether a port can be listened on."""
    with socket.socket() as tried:
        # Connections of the last cluster that are still closing do not matter.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((endpoint.host, endpoint.port))
        except OSError:
            return False
    return True


def _accepts(endpoint: Endpoint) -> bool:
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True


def _accepts_socket(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(str(path))
        except OSError:
            return False
    return True


def _answers(url: str, *, method: str = "GET", authority: Path | None = None) -> bool:
    """Return whether a server on this machine answers with success; `authority` signed its certificate."""
    context = ssl.create_default_context(cafile=authority) if authority else None
    # No proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=_SECONDS):  # noqa: S310 (http, from here)
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
