"""What no migration can rewrite."""

import pytest

from tests.migrations import contract, left

GRAPH = """name: g
implementation:
  graph:
    tasks:
      a: {componentRef: {name: a}}
"""


@pytest.mark.parametrize(
    ("text", "kind", "line", "why"),
    [
        (GRAPH, "graph", 4, "KFP 2 has no graph components"),
        ("name: n\n", "no-implementation", 1, "KFP 2 cannot load a component without an implementation"),
        (
            contract("[]", "[a, {outputMetadata: null}]"),
            "placeholder",
            4,
            "only KFP 1.8's v2-compatible mode knows outputMetadata, and KFP 2 cannot load it",
        ),
        (
            contract("[{name: x, type: CSV}]", "[{inputPath: x}, {inputMetadata: x}]"),
            "placeholder",
            4,
            "only KFP 1.8's v2-compatible mode knows inputMetadata, and KFP 2 cannot load it",
        ),
        (
            contract("[]", "[{inputValue: x}]"),
            "unknown-port",
            4,
            "unknown input 'x': neither line of KFP can load it",
        ),
        (
            contract("[]", "[{outputPath: x}]"),
            "unknown-port",
            4,
            "unknown output 'x': neither line of KFP can load it",
        ),
    ],
)
def test_it_is_said(text: str, kind: str, line: int, why: str) -> None:
    assert left(text) == [(kind, line, why)]
