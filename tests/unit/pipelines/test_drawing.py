"""Pictures of pipelines: what stands in the boxes, and that texts of others stay texts."""

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.pipelines import Json, dag, executed, outer, pipeline, ports, task, written
from toolkit.pipelines.drawing import (
    MARK,
    Mark,
    kind_of,
    loop_words,
    numbered,
    picture,
    short_image,
    shown,
    steps_by_path,
)
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline

SVG = "{http://www.w3.org/2000/svg}"


def example() -> Pipeline:
    """Return a pipeline with a loop, a condition, and an importer."""
    inner = dag({"one": task("one", inputs={"x": outer("item")})}, ports(item="int"))
    when = {"triggerPolicy": {"condition": "int(inputs.parameter_values['pipelinechannel--n']) > 3"}}
    loop: Json = {"parameterIterator": {"items": {"inputParameter": "pipelinechannel--words"}, "itemInput": "item"}}
    items = {"parameterIterator": {"items": {"raw": "[1, 2]"}, "itemInput": "item"}}
    root = dag(
        {
            "a": task("one", inputs={"x": outer("n")}),
            "b": task("loop", inputs={"pipelinechannel--words": outer("words")}, **loop),
            "c": task("loop", **items, iteratorPolicy={"parallelismLimit": 1}),
            "d": task("one", inputs={"x": outer("n"), "pipelinechannel--n": outer("n")}, **when),
            "e": task("get"),
        },
        ports(n="int", words="list"),
    )
    parts = {
        "one": executed("one", ports(x="int")),
        "loop": inner,
        "get": executed("get", None, ports(artifact="Model")),
    }
    importer = {"get": {"importer": {"artifactUri": {"constant": "/x"}}}}
    return parse_pipeline(written(pipeline(root, parts, importer)), Path("p.yaml"))


def drawn(marks: dict[str, Mark] | None = None, *, linked: bool = False, styled: bool = True) -> ET.Element:
    text = picture(example(), marks=marks or {}, changed={"comp-one": "x"}, linked=linked, styled=styled)
    assert (MARK in text) is styled
    return ET.fromstring(text)  # noqa: S314 (our own)


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_every_step_has_its_box() -> None:
    found = texts(drawn())
    assert found.count("image:1") == 4
    assert {"if int(n) > 3", "for each item of words", "for each of 2 items, 1 at once", "importer"} <= set(found)
    assert found.count("⚠ differs from the lock") == 4
    assert "inputs: n: Integer, words: JsonArray" in found


def test_a_state_stands_at_its_step() -> None:
    found = texts(drawn({"a": Mark(state="failed", words="failed 3 s"), "b": Mark(state="cached", words="cached")}))
    assert found.count("✕ failed 3 s") == 1
    assert found.count("↺ cached") == 1


def test_boxes_lead_to_the_rows_of_a_page() -> None:
    links = [element.get("href") for element in drawn(linked=True, styled=False).iter(f"{SVG}a")]
    assert sorted(links, key=str) == sorted(f"#step-{number}" for number in range(len(numbered(example()))))
    assert not [*drawn().iter(f"{SVG}a")]


def test_steps_are_named_by_their_path() -> None:
    assert [*numbered(example())] == ["a", "b", "b/one", "c", "c/one", "d", "e"]
    steps = steps_by_path(example())
    assert [kind_of(steps[path]) for path in ("a", "b", "d", "e")] == ["component", "loop", "condition", "importer"]
    assert loop_words(steps["a"]) == ""


def test_a_text_of_others_is_escaped_cut_and_without_secrets() -> None:
    assert shown("<a>\n & \u202e").startswith("&lt;a&gt; &amp;")
    assert "\u202e" not in shown("\u202e")
    assert "a1B2" not in shown("ghp_" + "a1B2" * 10)
    assert shown("x" * 50, 72.0) == "x" * 9 + "…"
    # They take twice the room.
    assert shown("模" * 50, 72.0) == "模" * 4 + "…"
    assert shown("x" * 10, 72.0) == "x" * 10


def test_names_are_short() -> None:
    digest = "sha256:" + "ab" * 32
    assert short_image(f"host:5000/team/one@{digest}") == "one@sha256:abababab…"
    assert short_image("host:5000/team/one:2") == "one:2"
