"""The graph of what the real kfp compiles: every construct of its language becomes data."""

import subprocess
from pathlib import Path

import pytest

from toolkit.pipelines.graph import Component, Dag, Importer, Loop, Step, StepOutput, walk
from toolkit.pipelines.graph_reader import read_pipeline

# kfp reads the source of functions, so they stand in a file.
CONSTRUCTS = """
from typing import List, NamedTuple
from kfp import dsl, compiler
from kfp.dsl import Input, Output, Dataset, Model, Artifact

@dsl.component
def number(x: int = 3) -> int:
    return x

@dsl.component
def text(s: str) -> str:
    return s

@dsl.component
def items() -> List[str]:
    return ["a", "b"]

@dsl.component
def make(name: str, data: Output[Dataset], count: dsl.OutputPath(int)):
    open(data.path, "w").write(name)
    open(count, "w").write("3")

@dsl.component
def join(data: Input[List[Dataset]]) -> str:
    return ",".join(open(d.path).read() for d in data)

@dsl.component
def use(data: Input[Dataset], n: int = 1, opt: str = None) -> str:
    return "x"

@dsl.component
def total(numbers: List[int]) -> int:
    return sum(numbers)

@dsl.component
def final(status: dsl.PipelineTaskFinalStatus, note: str):
    print(status)

@dsl.container_component
def prog(data: Input[Dataset], out: dsl.OutputPath(str), word: str = "w"):
    given = dsl.IfPresentPlaceholder("word", [word], ["no"])
    args = [dsl.ConcatPlaceholder(["x=", word]), given, data.path, out]
    return dsl.ContainerSpec(image="alpine:3", command=["sh", "-c"], args=args)

@dsl.pipeline(name="inner", description="an inner one")
def inner(x: int, data: Input[Dataset]) -> NamedTuple("o", [("v", int), ("d", Dataset)]):
    n = number(x=x)
    u = use(data=data, n=n.output)
    m = make(name="in")
    o = NamedTuple("o", [("v", int), ("d", Dataset)])
    return o(n.output, m.outputs["data"])

@dsl.pipeline(name="everything", description="All constructs")
def everything(
    x: int = 5,
    names: List[str] = ["p", "q"],
    s: str = "hi",
    extra: Input[Dataset] = None,
    flag: bool = True,
    d: dict = {"a": {"b": 1}},
) -> int:
    n = number(x=x).set_caching_options(False).set_env_variable("A", "b").set_display_name("The number")
    n.set_retry(3, backoff_duration="2s", backoff_factor=2.0, backoff_max_duration="10s")
    n.set_cpu_limit("1").set_memory_limit("1G").set_cpu_request("500m")
    t = text(s=f"{s}-{n.output}").after(n)
    with dsl.If(n.output > 3):
        a = number(x=1)
        with dsl.If(t.output == "hi-5"):
            aa = number(x=4)
    with dsl.Elif(n.output == 2):
        b = number(x=2)
    with dsl.Else():
        c = number(x=3)
    one = dsl.OneOf(a.output, b.output, c.output)
    after = number(x=one)
    with dsl.ParallelFor(names, parallelism=2) as name:
        m = make(name=name)
        with dsl.ParallelFor([1, 2]) as k:
            num = number(x=k)
        with dsl.If(name == "p"):
            text(s=name)
    joined = join(data=dsl.Collected(m.outputs["data"]))
    tot = total(numbers=dsl.Collected(m.outputs["count"]))
    it = items()
    with dsl.ParallelFor(it.output) as i2:
        text(s=i2)
    with dsl.ParallelFor([{"a": 'm', "b": "x"}, {"a": 'n', "b": "y"}]) as rec:
        text(s=rec.a)
        text(s=rec.b)
    imp = dsl.importer(artifact_uri="file:///tmp/x.csv", artifact_class=Dataset, reimport=False, metadata={"k": "v"})
    imp2 = dsl.importer(artifact_uri=s, artifact_class=Dataset, reimport=True, metadata={"k": s})
    i = inner(x=n.output, data=imp.output)
    u = use(data=i.outputs["d"])
    pr = prog(data=imp2.output)
    fin = final(note=s)
    with dsl.ExitHandler(fin, name="guard"):
        w = number(x=7)
        number(x=w.output)
    use(data=extra)
    ig = text(s="late").after(u).ignore_upstream_failure()
    with dsl.If(flag == True):
        number(x=9)
    with dsl.If(s != "no"):
        number(x=10)
    return after.output

import sys
compiler.Compiler().compile(everything, sys.argv[1])
"""


@pytest.fixture(scope="session")
def constructs(kfp2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The IR of a pipeline with every construct, as kfp compiles it."""
    folder = tmp_path_factory.mktemp("constructs")
    (folder / "constructs.py").write_text(CONSTRUCTS)
    made = folder / "constructs.yaml"
    subprocess.run([kfp2, "-W", "ignore", "constructs.py", made], check=True, timeout=120, cwd=folder)
    return made


def test_every_construct_is_read(constructs: Path) -> None:
    pipeline = read_pipeline(constructs)
    found = {"/".join(each.name for each in (*above, step)): step for above, step in walk(pipeline.root)}
    assert len(found) == 44
    kinds = {kind: sum(isinstance(step.work, kind) for step in found.values()) for kind in (Component, Dag, Importer)}
    assert kinds == {Component: 28, Dag: 14, Importer: 2}
    assert [(port.name, port.type, port.default) for port in pipeline.interface.inputs][:3] == [
        ("d", "JsonObject", '{"a": {"b": 1}}'),
        ("flag", "Boolean", "true"),
        ("names", "JsonArray", '["p", "q"]'),
    ]
    assert found["for-loop-6"].loop == Loop(
        item="pipelinechannel--names-loop-item", items="pipelinechannel--names", most=2
    )
    assert found["final"].needs == "completed"
    assert found["number"].title == "The number"
    assert found["text-6"].needs == "completed"
    branches = found["condition-branches-1"].work
    assert isinstance(branches, Dag)
    assert [len(sources) for sources in branches.outputs.values()] == [3]
    assert pipeline.root.outputs == {"Output": (StepOutput(step="number-6", output="Output"),)}
    conditions: list[Step] = [step for step in found.values() if step.condition]
    assert len(conditions) == 7
