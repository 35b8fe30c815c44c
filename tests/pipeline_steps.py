"""A component folder of small functions, and a pipeline of them with every construct, for tests that run pipelines."""

from pathlib import Path

from tests.pipelines import Json, constant, dag, file_of, given, outer, pipeline, ports, result, task, written
from toolkit.forms.ir import ir_document
from toolkit.spec.reader import read_component

CODE = """
import os
import sys
import time

from toolkit.types import Dataset, Input, Output


def add(a: int, b: int = 1) -> int:
    print("adding", a, b)
    return a + b


def write(text: str, data: Output[Dataset]) -> None:
    with open(data.path, "w") as out:
        out.write(text)
    data.metadata["length"] = len(text)


def join(many: Input[list[Dataset]]) -> str:
    return ",".join(open(one.path).read() + str(one.metadata["length"]) for one in many)


def fail(code: int = 0) -> int:
    print("about to leave")
    sys.exit(code) if code else None
    return code


def last(status: dict) -> str:
    return status["state"]


def wait(place: str) -> None:
    print("token", os.environ.get("TOKEN"), flush=True)
    open(place, "w").write(str(os.getpid()))
    time.sleep(600)
"""
NAMES = ("add", "write", "join", "fail", "last", "wait")


def compiled(folder: Path, root: Json, **more: Json) -> Path:
    """Write the IR of a pipeline of the folder's components, as kfp compiles it from their contracts."""
    parts: dict[str, Json] = {}
    executors: dict[str, Json] = {}
    for name in NAMES:
        own = folder / "steps" / "components" / f"{name}.yaml"
        document = ir_document(read_component(own if own.exists() else folder / "steps" / "component.yaml"))
        ((_, parts[name]),) = document["components"].items()
        ((_, executors[name]),) = document["deploymentSpec"]["executors"].items()
        parts[name]["executorLabel"] = f"exec-{name}"
    path = folder / "p.yaml"
    path.write_text(written(pipeline(root, parts | more, executors)))
    return path


def everything() -> tuple[Json, dict[str, Json]]:
    """A pipeline with a condition, a loop whose artifacts are gathered, and an exit handler."""
    x = "int(inputs.parameter_values['x'])"
    branch = dag(
        {"add": task("add", inputs={"a": outer("x"), "b": constant(100.0)})},
        ports(x="int"),
        ports(o="int"),
        {"o": given("add", "output")},
    )
    either = dag(
        {
            "big": task("branch", inputs={"x": outer("x")}, triggerPolicy={"condition": f"{x} > 5"}),
            "small": task("branch", inputs={"x": outer("x")}, triggerPolicy={"condition": f"!({x} > 5)"}),
        },
        ports(x="int"),
        ports(o="int"),
        {
            "o": {
                "valueFromOneof": {
                    "parameterSelectors": [given(n, "o")["valueFromParameter"] for n in ("big", "small")]
                }
            }
        },
    )
    loop = dag({"write": task("write", inputs={"text": outer("item")})}, ports(item="str"), ports(all="[Dataset]"))
    selectors = [{"producerSubtask": "write", "outputArtifactKey": "data"}]
    loop["dag"]["outputs"] = {"artifacts": {"all": {"artifactSelectors": selectors}}}
    tasks = {
        "one": task("add", inputs={"a": outer("x")}, cachingOptions={"enableCache": True}),
        "either": task("either", inputs={"x": result("one", "output")}),
        "loop": task(
            "loop",
            inputs={"words": outer("words")},
            parameterIterator={"items": {"inputParameter": "words"}, "itemInput": "item"},
        ),
        "join": task("join", inputs={"many": file_of("loop", "all")}),
        "fail": task("fail", inputs={"code": outer("code")}),
        "last": task(
            "last",
            inputs={"status": {"taskFinalStatus": {"producerTask": "fail"}}},
            triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
        ),
    }
    inputs = ports(x="int", words="list", code="int")
    inputs["parameters"]["words"] |= {"defaultValue": ["p", "q"], "isOptional": True}
    inputs["parameters"]["code"] |= {"defaultValue": 0.0, "isOptional": True}
    sources = {"sum": given("either", "o"), "joined": given("join", "output"), "end": given("last", "output")}
    root = dag(tasks, inputs, ports(sum="int", joined="str", end="str"), sources)
    return root, {"branch": branch, "either": either, "loop": loop}
