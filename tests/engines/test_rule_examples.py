"""What the pages of rules say about KFP: which wrong examples each line refuses to load, and that right ones load."""

import json
import subprocess
from pathlib import Path

import pytest

from toolkit.cli.rules import every_rule
from tools.rule_pages.example import Example
from tools.rule_pages.explanation import read_explanation
from tools.rule_pages.run import written_out

PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "loaded.py"
EXPLANATIONS = {name: read_explanation(rule) for name, rule in sorted(every_rule().items()) if name[0] == "C"}
REFUSED = {
    "1": {"C001", "C003", "C004", "C010", "C011", "C017", "C041", "C042", "C046"},
    "2": {
        *("C001", "C003", "C004", "C010", "C011", "C017", "C020", "C021", "C025", "C026", "C034", "C041", "C042"),
        *("C043", "C044", "C045", "C046"),
    },
}
# A graph, which is right for KFP 1.8.
RIGHT_BUT_REFUSED = {"1": set(), "2": {"C046"}}


@pytest.mark.parametrize("line", ["1", "2"])
def test_kfp_refuses_what_pages_say_it_refuses(line: str, request: pytest.FixtureRequest) -> None:
    python = request.getfixturevalue(f"kfp{line}")
    wrong = {name: each.wrong for name, each in EXPLANATIONS.items()}
    assert _refused(python, wrong) == REFUSED[line]
    right = {name: each.right for name, each in EXPLANATIONS.items() if each.right}
    assert _refused(python, right) == RIGHT_BUT_REFUSED[line]


def _refused(python: Path, examples: dict[str, Example]) -> set[str]:
    """Return the rules whose example a line of KFP does not load."""
    texts = {name: written_out(each.files["component.yaml"]) for name, each in examples.items() if each.files}
    asked = "".join(json.dumps(text) + "\n" for text in texts.values())
    done = subprocess.run(
        [python, "-W", "ignore", PROGRAM], input=asked, capture_output=True, text=True, check=True, timeout=300
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {name for name, answer in zip(texts, answers, strict=True) if answer is None}
