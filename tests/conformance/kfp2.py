"""Run KFP 2's own tests of structures, placeholders and component factories against our parts.

    python tests/conformance/kfp2.py CHECKOUT [--ref sdk-2.17.0-1] [--python PYTHON]

CHECKOUT is one of kubeflow/pipelines, a bare one too; PYTHON has kfp 2 (`.venv-kfp2`). `absl-py`, which the tests
import, is installed beside for the time of the run. Nothing of the checkout is kept.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import uv

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("structures_test", "placeholders_test", "component_factory_test")


def main() -> int:
    """Print how many tests pass by our parts, and each that does not with the end of its report."""
    parser = argparse.ArgumentParser(description="KFP 2's tests against our readers and writers")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--ref", default="sdk-2.17.0-1", help="the tag or commit whose tests are run")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-kfp2" / "bin" / "python")
    options = parser.parse_args()
    outcome = run(options.checkout, options.ref, options.python.absolute())
    for module in MODULES:
        of_module = {name: said for name, said in outcome.items() if name.startswith(f"{module}.")}
        print(f"{module}: {len(of_module)} tests, {dict(Counter(said.split(':')[0] for said in of_module.values()))}")
        for name, said in of_module.items():
            if said.startswith("failed"):
                print(f"  {name.partition('.')[2].partition(' (')[0]}: {said.strip().splitlines()[-1][:300]}")
    return 0


def run(checkout: Path, reference: str, python: Path) -> dict[str, str]:
    """Give what became of each test, by its full name; `internal` is one that none of our parts has a part in."""
    with tempfile.TemporaryDirectory() as folder:
        for module in MODULES:
            path = f"{reference}:sdk/python/kfp/dsl/{module}.py"
            shown = subprocess.run(["git", "-C", str(checkout), "show", path], check=True, capture_output=True)
            Path(folder, f"{module}.py").write_bytes(shown.stdout)
        beside = Path(folder, "beside")
        install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(beside), "absl-py"]
        subprocess.run(install, check=True)
        answer = Path(folder, "answer.json")
        shim = Path(__file__).with_name("kfp2_shim.py")
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(beside)))}
        command = [str(python), "-W", "ignore", str(shim), str(answer), *MODULES]
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
        if not answer.exists():
            raise SystemExit(done.stderr[-3000:])
        outcome: dict[str, str] = json.loads(answer.read_text())
    return outcome


if __name__ == "__main__":
    sys.exit(main())
