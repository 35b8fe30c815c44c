"""The configuration files of the cluster's parts."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tools.cluster import places
from tools.cluster.images import PAUSE
from tools.cluster.places import State

_CNI_PLUGINS = "/usr/lib/cni"


def write_configuration(state: State) -> None:
    """Write every file that a part reads at its start, and the kubeconfig."""
    folder = state.configuration
    (folder / "network").mkdir(parents=True)
    (folder / "containerd.toml").write_text(_containerd(state))
    (folder / "network" / "10-pods.conflist").write_text(json.dumps(_network(state)))
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(_kubelet(state)))
    (folder / "remote.yaml").write_text(yaml.safe_dump(_remote(state)))
    # The parts see a /run of their own, and this may be a link into the machine's.
    shutil.copyfile("/etc/resolv.conf", folder / "resolv.conf")
    state.kubeconfig.touch(mode=0o600)
    state.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(state.certificates)))


def _containerd(state: State) -> str:
    """Return containerd's settings.

    `restrict_oom_score_adj`: without CAP_SYS_RESOURCE a score cannot be lowered, and runc fails to start a pod.
    """
    return f"""\
version = 2
root = "{state.folder}/containerd/root"
state = "{state.folder}/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
address = "{state.containerd_socket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_tcp_service = true
stream_server_address = "127.0.0.1"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{_CNI_PLUGINS}"
conf_dir = "{state.configuration}/network"
"""


def _network(state: State) -> dict[str, Any]:
    """Return the network of pods. The bridge and its address are ours, so the plugin changes no setting of the host."""
    addresses = {
        "type": "host-local",
        "dataDir": str(state.folder / "addresses"),
        "ranges": [[{"subnet": places.POD_NETWORK, "gateway": places.HOST}]],
        "routes": [{"dst": "0.0.0.0/0", "gw": places.HOST}],
    }
    bridge = {"type": "bridge", "bridge": places.BRIDGE, "isGateway": False, "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": places.BRIDGE, "plugins": [bridge]}


def _kubelet(state: State) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": places.KUBELET.host,
        "port": places.KUBELET.port,
        "healthzBindAddress": places.KUBELET_HEALTH.host,
        "healthzPort": places.KUBELET_HEALTH.port,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(state.certificates / "ca.pem")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{state.containerd_socket}",
        "podLogsDir": str(state.logs / "pods"),
        "resolvConf": str(state.configuration / "resolv.conf"),
        "volumePluginDir": str(state.folder / "kubelet" / "volume-plugins"),
        "cgroupDriver": "cgroupfs",
        # Machines with hybrid cgroups count as version 1.
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        # The machine's disk holds more than the cluster, which must neither evict pods nor remove images for it.
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }


def _remote(state: State) -> dict[str, Any]:
    return {
        "version": 0.1,
        "log": {"level": "info", "formatter": "text"},
        "storage": {"filesystem": {"rootdirectory": str(state.folder / "remote")}, "delete": {"enabled": True}},
        "http": {"addr": str(places.REMOTE), "secret": "for tests"},
    }


def _kubeconfig(certificates: Path) -> dict[str, Any]:
    def encoded(name: str) -> str:
        return base64.b64encode((certificates / name).read_bytes()).decode()

    cluster = {"server": f"https://{places.API}", "certificate-authority-data": encoded("ca.pem")}
    user = {"client-certificate-data": encoded("admin.pem"), "client-key-data": encoded("admin.key")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "comp", "cluster": cluster}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "comp", "context": {"cluster": "comp", "user": "admin"}}],
        "current-context": "comp",
    }
