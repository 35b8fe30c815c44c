"""What the cluster changes on the machine, and how it is undone: bridge, firewall rules, settings, cgroups, folders."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import OutsideError
from tools.cluster import places
from tools.cluster.places import State
from tools.cluster.reporting import last_lines

_SECONDS = 60
_PAUSE = 0.1
_COMMENT = ("-m", "comment", "--comment", "comp-cluster")
# The table, the chain, and what a rule matches and does.
_RULES = (
    # The service `kubernetes`; no kube-proxy runs.
    (
        "nat",
        "PREROUTING",
        ("-i", places.BRIDGE, "-d", places.API_SERVICE, "-p", "tcp", "--dport", "443"),
        ("-j", "DNAT", "--to-destination", str(places.API)),
    ),
    # Between pods: docker makes the kernel filter what passes through bridges, and drops what it does not know.
    ("filter", "FORWARD", ("-i", places.BRIDGE, "-o", places.BRIDGE), ("-j", "ACCEPT")),
)
# Those that kubelet writes.
_SETTINGS = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)
# In the supervisor's own view they are empty. Here they only have to exist.
MOUNT_POINTS = (Path("/var/lib/kubelet"), Path("/var/lib/cni"))


def prepare(state: State) -> None:
    """Make the bridge, the rules and the folders, and note how the settings are. Raises OutsideError."""
    if _link_exists():
        owner = _run("ip", "-o", "link", "show", places.BRIDGE).partition("alias ")[2].strip()
        raise OutsideError(
            f"the network interface {places.BRIDGE} exists: another cluster runs on this machine",
            hint=f"end it: COMP_CLUSTER={owner or 'ITS_FOLDER'} make cluster-down",
        )
    if cgroups := list(_cgroups()):
        raise OutsideError(
            f"another kubelet runs on this machine: {cgroups[-1]} exists", hint="end it, or use another machine"
        )
    made = [str(path) for path in MOUNT_POINTS if not path.exists()]
    settings = {name: (Path("/proc/sys") / name).read_text().strip() for name in _SETTINGS}
    _record(state).write_text(json.dumps({"settings": settings, "folders": made}))
    for path in MOUNT_POINTS:
        path.mkdir(parents=True, exist_ok=True)
    _run("ip", "link", "add", places.BRIDGE, "type", "bridge")
    _run("ip", "link", "set", places.BRIDGE, "up", "alias", str(state.folder))
    _run("ip", "address", "add", f"{places.HOST}/24", "dev", places.BRIDGE)
    for table, chain, match, action in _RULES:
        _run("iptables", "-w", "-t", table, "-I", chain, *match, *_COMMENT, *action)


def restore(state: State) -> None:
    """Undo what `prepare` and a cluster did; whatever is undone already stays so. Raises OutsideError."""
    if not _record(state).exists():
        return
    for table, chain, match, action in _RULES:
        rule = ("-t", table, "-D", chain, *match, *_COMMENT, *action)
        while _succeeds("iptables", "-w", *rule):
            pass
    if _link_exists():
        _run("ip", "link", "delete", places.BRIDGE)
    _remove_cgroups()
    record = json.loads(_record(state).read_text())
    for name, value in record["settings"].items():
        (Path("/proc/sys") / name).write_text(value)
    for path in map(Path, record["folders"]):
        if path.exists():
            path.rmdir()
    _record(state).unlink()


def remains(state: State) -> list[str]:
    """List what of a cluster is left on the machine: its interface, rules, mounts, cgroups and folders."""
    found = [f"the network interface {places.BRIDGE}"] if _link_exists() else []
    for table in ("nat", "filter"):
        rules = _run("iptables-save", "-t", table).splitlines()
        found += [f"the rule {rule}" for rule in rules if "comp-cluster" in rule or places.BRIDGE in rule]
    mounted = re.findall(r"^\S+ \S+ \S+ \S+ (\S+)", Path("/proc/self/mountinfo").read_text(), re.MULTILINE)
    below = (state.folder, *MOUNT_POINTS)
    found += [f"the mount {path}" for path in mounted if any(Path(path).is_relative_to(folder) for folder in below)]
    found += [f"the cgroup {cgroup}" for cgroup in _cgroups()]
    if state.folder.exists():
        found += [f"the file {path}" for path in sorted(state.folder.iterdir()) if path not in state.kept]
    return found


def _record(state: State) -> Path:
    return state.folder / "machine.json"


def _cgroups() -> Iterator[Path]:
    """List the cgroups of pods, in every hierarchy."""
    for top in Path("/sys/fs/cgroup").glob("*/kubepods"):
        yield top
        yield from (path for path in top.rglob("*") if path.is_dir())


def _remove_cgroups() -> None:
    """Remove the cgroups of pods. Raises OutsideError if a process stays in one."""
    deadline = time.monotonic() + _SECONDS
    # Children before their parents, as rmdir wants it.
    while cgroups := sorted(_cgroups(), reverse=True):
        try:
            for cgroup in cgroups:
                cgroup.rmdir()
        except OSError as error:
            # The kernel may not have finished with the processes that it killed.
            if time.monotonic() > deadline:
                raise OutsideError(f"cannot remove {error.filename}: {error.strerror}") from error
            time.sleep(_PAUSE)


def _link_exists() -> bool:
    return (Path("/sys/class/net") / places.BRIDGE).exists()


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS).returncode == 0


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        raise OutsideError(f"`{' '.join(command)}` failed:\n{last_lines(done.stderr)}")
    return done.stdout
