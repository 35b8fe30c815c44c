"""Run the whole workflow on a real sample, from a function in a pipeline file to a published component.

It works in `.quickstart/` of the checkout, recreated each time, and prints every command it runs.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".quickstart"
COMP = Path(sys.executable).parent / "comp"
sys.path.insert(0, str(ROOT))


def main() -> int:
    """Run the workflow; exit with the code of the first command that fails."""
    from tests.servers import distribution_server

    started = time.monotonic()
    install_missing()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    shutil.copy(ROOT / "sample_components" / "from_function" / "train.py", WORK)
    base = choose_base()
    if base:
        os.environ["COMP_BASE"] = base
    with distribution_server(WORK / "remote") as server:
        step(f"A distribution server runs at {server.host} ({server.program}).")
        os.environ["COMP_IMAGE_PREFIX"] = f"{server.host}/quickstart"
        work()
    step(f"Done in {time.monotonic() - started:.0f} s. The results are in {WORK.relative_to(ROOT)}/.")
    return 0


def work() -> None:
    """Run the session."""
    step("Make a table to train on, with a sample component.")
    comp("run", str(ROOT / "sample_components" / "load_table"), "-i", "table=breast_cancer", "-o", "data=data.csv")
    step("Make a component from a function in a pipeline file.")
    comp("new", "train-model", "--from-function", "train.py:train")
    comp("lint", "train_model")
    step("Build it without a daemon, push it, and pin its image.")
    comp("build", "train_model", "--push")
    comp("lint", "train_model")
    show(WORK / "train_model" / "component.yaml")
    step("Run it with the first runner that works.")
    comp("run", "train_model", "-i", "training_data=data.csv", "-i", "c=0.5", "-o", "model=out/model")
    step("Share it in a component registry.")
    comp("publish", "train_model", "--registry", "registry", "--namespace", "demo")
    comp("search", "regression", "--registry", "registry")


def install_missing() -> None:
    """Install the server and the engines that the workflow uses, if this process can: as root on Debian."""
    wanted = {"docker-registry": "docker-registry", "buildah": "buildah"}
    missing = sorted(package for program, package in wanted.items() if not shutil.which(program))
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    step(f"Installing {', '.join(missing)} from Debian's packages.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=sys.stderr, timeout=120)
    install = ["apt-get", "install", "-y", "-qq", *missing]
    with (WORK.parent / ".venv" / "apt.log").open("w") as log:
        subprocess.run(install, check=True, stdout=log, stderr=log, env=environment, timeout=300)


def choose_base() -> str | None:
    """Return a base made here if the default one cannot be pulled, else None."""
    from toolkit.errors import OutsideError
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    default = "python:3.11-slim"
    try:
        reachable = Remote().head(parse_reference(default)) is not None
    except OutsideError as error:
        step(f"{default} cannot be pulled ({error.message}): making a base from Debian packages.")
        reachable = False
    return None if reachable else comp("base").strip()


def comp(*arguments: str) -> str:
    """Run one command in the work folder, show it and its stdout, and return its stdout."""
    print(f"\n$ comp {' '.join(arguments)}", flush=True)
    done = subprocess.run([COMP, *arguments], cwd=WORK, stdout=subprocess.PIPE, text=True, check=False, timeout=300)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def show(path: Path) -> None:
    """Print a file, as `cat` does."""
    print(f"\n$ cat {path.relative_to(WORK)}\n{path.read_text()}", end="", flush=True)


def step(text: str) -> None:
    """Announce the next step."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
