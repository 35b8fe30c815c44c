"""`toolkit.forms.kfp_values` agrees with kfp about the defaults that its compiler can write."""

import json
from pathlib import Path

from tests.kfp_environments import run_kfp
from toolkit.forms.kfp_values import default_problems

DEFAULTS = [
    *("", "a", "a\nb", "a\n", "\na", "a\rb", "a\r\nb", "a\x85b", "a\u2028b", "a\u2029b", "a\tb", "a\x0bb", "\x0c"),
    *("é日本", "😀", " lead", "trail ", "#x", "k: v", "- x", "'", '"', "\\n", "*a", "%", "null", "{{x}}", "\ufeff"),
    *("\x00", "\x01", "\x1b", "\x1c", "\x7f", "\x9f", "\xa0", "\ufffe", "\uffff"),
]

READ_BACK = """
import json, sys, tempfile
from kfp import compiler, components, dsl

@dsl.container_component
def step(x: str):
    return dsl.ContainerSpec(image="a", command=["a", x])

def reads_back(default):
    def pipeline(x: str = default):
        step(x=x)
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        compiler.Compiler().compile(dsl.pipeline(name="p")(pipeline), file.name)
        try:
            components.load_component_from_file(file.name)
        except Exception:
            return False
    return True

print(json.dumps([reads_back(default) for default in json.loads(sys.argv[1])]))
"""


def test_kfp_reads_back_exactly_the_defaults_without_a_problem(kfp2: Path) -> None:
    read = json.loads(run_kfp(kfp2, READ_BACK, json.dumps(DEFAULTS)))
    expected = {default: not list(default_problems(default)) for default in DEFAULTS}
    assert dict(zip(DEFAULTS, read, strict=True)) == expected
