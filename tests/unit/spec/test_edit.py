"""Changes of single texts in a contract: everything else stays as its author wrote it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.spec.edit import with_texts
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
KEY = ("metadata", "annotations", "comp.resources")
IMPLEMENTATION = "implementation:\n  container: {image: a:1}  # the image\n"


def _expected(text: str, value: str | None) -> ComponentSpec:
    spec = parse_component(text, PATH)
    others = {key: kept for key, kept in spec.annotations.items() if key != KEY[-1]}
    return replace(spec, annotations=others if value is None else {**others, KEY[-1]: value})


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        (
            f"name: A\n{IMPLEMENTATION}",
            f"name: A\nmetadata:\n  annotations:\n    comp.resources: new\n{IMPLEMENTATION}",
        ),
        (
            f"metadata:\n    labels:\n        a: b # kept\n{IMPLEMENTATION}",
            "metadata:\n    annotations:\n      comp.resources: new\n    labels:\n        a: b # kept\n"
            + IMPLEMENTATION,
        ),
        (
            f"metadata:\n  annotations:\n    # of the author\n    author: x\n{IMPLEMENTATION}",
            f"metadata:\n  annotations:\n    # of the author\n    comp.resources: new\n    author: x\n{IMPLEMENTATION}",
        ),
        (
            f"metadata:\n  annotations:\n    comp.resources: 'old'  # note\n    author: x\n{IMPLEMENTATION}",
            f"metadata:\n  annotations:\n    comp.resources: new  # note\n    author: x\n{IMPLEMENTATION}",
        ),
        (
            f"metadata: {{annotations: {{comp.resources: old, author: x}}}}\n{IMPLEMENTATION}",
            f"metadata: {{annotations: {{comp.resources: new, author: x}}}}\n{IMPLEMENTATION}",
        ),
        (
            f"metadata:\n  annotations:\n{IMPLEMENTATION}",
            f"metadata:\n  annotations:\n    comp.resources: new\n{IMPLEMENTATION}",
        ),
        (
            f"metadata:\r\n  annotations:\r\n    comp.resources: old\r\n{IMPLEMENTATION}",
            f"metadata:\r\n  annotations:\r\n    comp.resources: new\r\n{IMPLEMENTATION}",
        ),
    ],
)
def test_a_text_is_set(text: str, edited: str) -> None:
    assert with_texts(text, PATH, {KEY: "new"}, _expected(text, "new")) == edited


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        (
            f"metadata:\n  annotations:\n    comp.resources: old # gone\n    author: x\n{IMPLEMENTATION}",
            f"metadata:\n  annotations:\n    author: x\n{IMPLEMENTATION}",
        ),
        (
            f"name: A\nmetadata:\n  annotations:\n    comp.resources: old\n{IMPLEMENTATION}",
            f"name: A\n{IMPLEMENTATION}",
        ),
        (
            f"metadata:\n  annotations:\n    comp.resources: |-\n      old\n  labels:\n    a: b\n{IMPLEMENTATION}",
            f"metadata:\n  labels:\n    a: b\n{IMPLEMENTATION}",
        ),
    ],
)
def test_a_text_is_removed(text: str, edited: str) -> None:
    assert with_texts(text, PATH, {KEY: None}, _expected(text, None)) == edited


@pytest.mark.parametrize(
    "text",
    [f"metadata: {{annotations: {{author: x}}}}\n{IMPLEMENTATION}", "{implementation: {container: {image: a:1}}}\n"],
)
def test_a_layout_that_no_edit_can_change_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="the contract's layout keeps") as refused:
        with_texts(text, PATH, {KEY: "new"}, _expected(text, "new"))
    assert refused.value.hint == "write them in lines of their own: comp.resources: new"
