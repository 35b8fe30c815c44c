"""Where the cluster's files and servers are: one state folder, loopback, and the addresses of its bridge."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import UsageError

# Of the machine, not of a checkout: a machine has room for one cluster.
_FOLDER = "/var/lib/comp-cluster"
# The address of a socket is at most 108 bytes long (unix(7)), and the longest name below the folder has 27.
_LONGEST_FOLDER = 80

BRIDGE = "comp-pods"
POD_NETWORK = "10.217.0.0/24"
# The machine's own address on the bridge. Pods reach its servers there.
HOST = "10.217.0.1"
SERVICE_NETWORK = "10.218.0.0/24"
# The first address of the service network belongs to the service `kubernetes`.
API_SERVICE = "10.218.0.1"

NODE = "comp-node"
ARGO_NAMESPACE = "argo"
BUCKET = "comp-artifacts"


class Endpoint(Struct, frozen=True, kw_only=True):
    """A server's address and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


ETCD = Endpoint(host="127.0.0.1", port=7461)
ETCD_PEERS = Endpoint(host="127.0.0.1", port=7462)
KUBELET_HEALTH = Endpoint(host="127.0.0.1", port=7463)
SCHEDULER = Endpoint(host="127.0.0.1", port=7464)
CONTROLLER_MANAGER = Endpoint(host="127.0.0.1", port=7465)
# On loopback: engines speak plain HTTP to a distribution server only there.
REMOTE = Endpoint(host="127.0.0.1", port=7466)
API = Endpoint(host=HOST, port=6443)
KUBELET = Endpoint(host=HOST, port=10250)
STORE = Endpoint(host=HOST, port=9000)


class State(Struct, frozen=True, kw_only=True):
    """The folder of a cluster's state; `make cluster-down` leaves only logs in it."""

    folder: Path

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> "State":
        """Return the state in `$COMP_CLUSTER`, or in the machine's own folder. Raises UsageError."""
        folder = Path(environ.get("COMP_CLUSTER") or _FOLDER).resolve()
        if len(str(folder)) > _LONGEST_FOLDER:
            raise UsageError(
                f"the path of the cluster's folder has {len(str(folder))} characters,"
                f" expected at most {_LONGEST_FOLDER}: {folder}",
                hint="set COMP_CLUSTER to a shorter path",
            )
        return cls(folder=folder)

    @property
    def logs(self) -> Path:
        """A log for each part, and `pods/` with those of pods."""
        return self.folder / "logs"

    @property
    def earlier_logs(self) -> Path:
        """The logs of the cluster before."""
        return self.folder / "logs-before"

    @property
    def kept(self) -> tuple[Path, ...]:
        """The paths that stay when the cluster is down."""
        return (self.marker, self.logs, self.earlier_logs)

    @property
    def marker(self) -> Path:
        """An empty file that tells a cluster's folder from any other, whose files are left alone."""
        return self.folder / ".comp-cluster"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access for kubectl."""
        return self.folder / "kubeconfig"

    @property
    def supervisor(self) -> Path:
        """Which process is the supervisor, from its start on."""
        return self.folder / "supervisor.json"

    @property
    def ready(self) -> Path:
        """Written when the cluster is up: the pins that its programs were built from."""
        return self.folder / "ready.json"

    @property
    def certificates(self) -> Path:
        """The certificate authority, and keys."""
        return self.folder / "certificates"

    @property
    def configuration(self) -> Path:
        """The configuration files of the parts."""
        return self.folder / "configuration"

    @property
    def containerd_socket(self) -> Path:
        """The socket that containerd listens on."""
        return self.folder / "containerd.sock"
