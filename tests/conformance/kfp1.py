"""Run KFP 1.8's own tests of contracts and of functions against our parts.

    python tests/conformance/kfp1.py CHECKOUT [--ref 1.8.22] [--python PYTHON]

CHECKOUT is one of kubeflow/pipelines, a bare one too; PYTHON has kfp 1.8 (`.venv-kfp1`, which `make` and the
tests of engines make). Nothing of the checkout is kept.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("test_components", "test_python_op")
# Tests of pickled code and of modules captured with it: no component of ours carries either.
EXCLUDED = {
    "test_func_to_container_op_call_other_func",
    "test_func_to_container_op_check_nothing_extra_captured",
    "test_func_to_container_op_call_other_func_global",
    "test_func_to_container_op_with_imported_func",
    "test_func_to_container_op_with_imported_func2",
    "test_handling_base64_pickle_arguments",
}


def main() -> int:
    """Print how many tests pass, and each that does not with the end of its report."""
    parser = argparse.ArgumentParser(description="KFP 1.8's tests against our reader, resolver and launcher")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--ref", default="1.8.22", help="the tag or commit whose tests are run")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-kfp1" / "bin" / "python")
    options = parser.parse_args()
    outcome = run(options.checkout, options.ref, options.python.absolute())
    for module in MODULES:
        of_module = {name.split(".")[-1]: said for name, said in outcome.items() if f".{module}." in name}
        excluded = sorted(name for name in of_module if name in EXCLUDED)
        counted = Counter(said.split(":")[0] for name, said in of_module.items() if name not in EXCLUDED)
        print(f"{module}: {len(of_module)} tests, {len(excluded)} excluded, {dict(counted)}")
        for name, said in of_module.items():
            if name not in EXCLUDED and said != "passed":
                print(f"  {name}: {said.strip().splitlines()[-1][:300]}")
    return 0


def run(checkout: Path, reference: str, python: Path) -> dict[str, str]:
    """Give what became of each test, by its full name."""
    with tempfile.TemporaryDirectory() as folder:
        listing = ["git", "-C", str(checkout), "archive", reference, "sdk/python/kfp/components_tests"]
        archive = subprocess.run(listing, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            for member in members.getmembers():
                member.name = member.name.removeprefix("sdk/python/kfp").lstrip("/") or "."
                members.extract(member, folder, filter="data")
        answer = Path(folder, "answer.json")
        shim = Path(__file__).with_name("kfp1_shim.py")
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "COMP_PYTHON": sys.executable}
        command = [str(python), "-W", "ignore", str(shim), str(answer), *MODULES]
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
        if not answer.exists():
            raise SystemExit(done.stderr[-3000:])
        outcome: dict[str, str] = json.loads(answer.read_text())
    return outcome


if __name__ == "__main__":
    sys.exit(main())
