"""A component without a container."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")


def test_a_component_without_container_says_what_to_do() -> None:
    graph = parse_component("name: g\nimplementation: {graph: {tasks: {t: {componentRef: {name: n}}}}}", PATH)
    with pytest.raises(InputError, match="'g' is a graph of other components") as caught:
        graph.container  # noqa: B018 (what is asked for raises)
    assert caught.value.hint == "use its tasks one by one: t"
    with pytest.raises(InputError, match="'n' has no implementation"):
        parse_component("name: n", PATH).container  # noqa: B018 (what is asked for raises)
