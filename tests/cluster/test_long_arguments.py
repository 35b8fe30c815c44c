"""Under Argo, arguments that are too long for a command line reach the code whole."""

import hashlib
from pathlib import Path

import pytest

from tests.cluster import workflows
from tests.cluster.conftest import Push
from tests.commands import ok
from tests.conftest import Sample
from tools.cluster.kubectl import Kubectl

_LONG = "é\r\n\"quoted\" '$HOME' \\ \t" * 7000
_FUNCTION = '''
import hashlib, os


def arrived(text: str, own: str) -> str:
    """Return the user, and what arrived."""
    return f"{os.getuid()} {hashlib.sha256(text.encode()).hexdigest()} {own}"
'''
_PROGRAM = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--text", required=True)
print(parser.parse_args().text[:9])
"""


@pytest.fixture
def component(sample: Sample, tmp_path: Path) -> Path:
    """Make a component of the function."""
    assert sample
    (tmp_path / "arrived.py").write_text(_FUNCTION)
    ok("new", "arrived", "--from-function", "arrived.py:arrived", folder=tmp_path)
    return tmp_path / "arrived"


def _template(kubectl: Kubectl, push: Push, folder: Path) -> str:
    """Push a component and make its template; return the template's name."""
    push(folder)
    template = ok("convert", folder / "component.yaml", "--to", "argo")
    return kubectl("apply", "-f", "-", "-o", "jsonpath={.metadata.name}", data=template)


# The second is the very name of the file that Argo makes for the text.
@pytest.mark.parametrize("own", ["@", "@/tmp/argo_arg_4.txt", "@/tmp/argo_arg_77.txt", "@/etc/hostname"])
def test_a_long_value_arrives_whole_and_other_values_stay(
    kubectl: Kubectl, component: Path, push: Push, own: str
) -> None:
    name = _template(kubectl, push, component)
    given = {"text": _LONG, "own": own}
    finished = workflows.run(kubectl, workflows.of_template(name, parameters=given, artifacts={}))
    assert finished.phase == "Succeeded", finished.message
    digest = hashlib.sha256(_LONG.encode()).hexdigest()
    assert finished.parameters(name)["Output"] == f"65532 {digest} {own}"


@pytest.mark.usefixtures("sample")
def test_a_program_cannot_take_it_and_the_log_says_why(kubectl: Kubectl, tmp_path: Path, push: Push) -> None:
    (tmp_path / "shown.py").write_text(_PROGRAM)
    ok("new", "shown", "--from-program", "shown.py", folder=tmp_path)
    name = _template(kubectl, push, tmp_path / "shown")
    finished = workflows.run(kubectl, workflows.of_template(name, parameters={"text": _LONG}, artifacts={}))
    assert finished.phase == "Failed"
    pods = kubectl("get", "pods", "-o", "name").split()
    (pod,) = [pod for pod in pods if "shown" in pod]
    assert "bytes, and a command line takes 131071 a word: make the input an artifact" in kubectl(
        "logs", pod, "-c", "main"
    )
