"""The page and the picture of a pipeline: well-formed, complete, and safe with hostile names."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from tests.pipelines import Json, constant, dag, executed, given, outer, pipeline, ports, result, task, written
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.page import Shown, page, svg
from toolkit.pipelines.run_record import RunRecord, StepRecord

HOSTILE = "</title><script>alert(1)</script>\"'&\x00\u202e\u2028" + "x" * 300
DIGEST = "sha256:" + "ab" * 32
SVG = "{http://www.w3.org/2000/svg}"


def example(name: str = "train", description: str = "Trains.") -> Pipeline:
    loop = dag({"inner": task("one", inputs={"x": outer("item")})}, ports(item="int"))
    when = {"triggerPolicy": {"condition": "int(inputs.parameter_values['x']) > 3"}}
    root: Json = dag(
        {
            "a": task("one", inputs={"x": outer("n")}, retryPolicy={"maxRetryCount": 2}),
            "b": task("one", "a", inputs={"x": result("a")}, **when),
            "c": task("one", inputs={"x": constant(5.0)}, taskInfo={"name": name}),
            "loop": task("loop", "a", parameterIterator={"items": {"raw": "[1, 2]"}, "itemInput": "item"}),
            "last": task("last", "loop", triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}),
        },
        ports(n="int"),
        ports(out="int"),
        {"out": given("b")},
    )
    parts = {"one": executed("one", ports(x="int"), ports(Output="int")), "loop": loop, "last": executed("last")}
    document = pipeline(root, parts, {"one": {"container": {"image": f"host:5000/team/one@{DIGEST}"}}})
    document["pipelineInfo"] |= {"displayName": name, "description": description}
    return parse_pipeline(written(document), Path("p.yaml"))


def record(path: str, state: str, seconds: float = 1.0, **facts: str) -> StepRecord:
    kind = {"title": path, "component": "", "kind": "component"}
    made = StepRecord(path=path, state=state, started=10.0, ended=10.0 + seconds, **kind)  # type: ignore[arg-type]
    return replace(made, **facts)


RUN = RunRecord(
    folder=Path("runs/train-1"),
    pipeline="example",
    state="failed",
    inputs={},
    steps={
        each.path: each
        for each in (
            record("a", "succeeded", 1.5),
            record("b", "skipped", why="its condition is false"),
            record("c", "cached"),
            record("loop", "failed", why="iteration 1 failed"),
            record("loop/0/inner", "succeeded"),
            record("loop/1/inner", "failed", 65, why="exit code 3"),
        )
    },
    outputs={"out": {"value": 7}},
    started=10.0,
    ended=99.0,
)


class Elements(HTMLParser):
    """Every element and the attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def texts(drawn: str) -> Iterator[str]:
    for element in ET.fromstring(drawn).iter(f"{SVG}text"):  # noqa: S314 (our own)
        yield element.text or ""


def test_the_picture_has_every_step_with_its_ports_and_state() -> None:
    drawn = svg(example(), Shown(run=RUN))
    found = [*texts(drawn)]
    assert {"one", "train", "loop", "last"} <= set(found)
    assert "x: Integer" in found
    assert "one@sha256:abababab…" in found
    assert "✓ succeeded 1.5 s" in found
    assert "↺ cached" in found
    assert any(text.startswith("✕ 1 failed, 1 succeeded") for text in found)
    assert "for each of 2 items" in found
    assert "if int(x) > 3" in found
    assert "runs in any case" in found
    root = ET.fromstring(drawn)  # noqa: S314 (our own)
    assert root.find(f"{SVG}title") is not None
    description = root.find(f"{SVG}desc")
    assert description is not None
    assert "failed: loop, loop/inner" in (description.text or "")


def test_the_page_has_tables_and_links_from_the_picture() -> None:
    html = page(example(), Shown(run=RUN, changed={"comp-one": "the image is not in the lock"}, changes=("changed",)))
    elements = Elements(html)
    links = [value for name, value in elements.attributes if name == "href"]
    ids = {value for name, value in elements.attributes if name == "id"}
    assert len(links) == 6
    assert {link.removeprefix("#") for link in links if link} <= ids
    assert f"host:5000/team/one@{DIGEST}" in html
    assert "x: Integer ← a.Output" in elements.words
    assert "tried 2 times more" in html
    assert "Differs from the lock" in html
    assert "⚠ differs from the lock" in html
    assert "Run train-1: failed in 1 min 29 s" in html
    assert html.count("failed 65") == 0


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    html = page(example(), Shown(run=RUN))
    elements = Elements(html)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(elements.tags)
    assert not [name for name, _ in elements.attributes if name.startswith("on") or name == "src"]
    assert "default-src 'none'" in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("run", [None, RUN])
def test_names_of_others_are_only_text(run: RunRecord | None) -> None:
    # YAML takes no null character, so a name gets its others.
    name = HOSTILE.replace("\x00", "")
    hostile = example(name, name)
    assert hostile.root.steps[2].title == name or name in {step.title for step in hostile.root.steps}
    beside = Shown(run=run, changed={"comp-one": HOSTILE}, changes=(HOSTILE,))
    html = page(hostile, beside)
    assert "script" not in Elements(html).tags
    drawn = svg(hostile, beside)
    assert max(len(text) for text in texts(drawn)) < 120
    for letter in "\x00\u202e\u2028":
        assert letter not in html + drawn


def test_a_name_with_a_token_is_hidden() -> None:
    token = "ghp_" + "a1B2" * 10
    assert token not in page(example(token), Shown())


def test_a_pipeline_without_a_run_has_no_states() -> None:
    drawn = svg(example(), Shown())
    assert not [text for text in texts(drawn) if "✓" in text or "succeeded" in text]


def test_wide_letters_take_more_room() -> None:
    wide = [text for text in texts(svg(example("模" * 100), Shown())) if "模" in text]
    assert all(len(text) < 60 for text in wide)
