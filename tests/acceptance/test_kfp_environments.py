import re
import tomllib

from tests.conftest import ROOT

KFP = ROOT / "tests" / "kfp"


def test_the_environment_of_comp_with_kfp_has_what_comp_depends_on() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = "".join((KFP / name).read_text() for name in ("requirements-2.txt", "requirements-comp.txt"))
    names = {_name(line) for line in pinned.splitlines() if "==" in line}
    assert {_name(each) for each in dependencies} - names == set()


def _name(requirement: str) -> str:
    """Return the normalised name of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()
