"""Functions with `@dsl.container_component`: the bodies that kfp compiles, and those that it or we refuse."""

HEAD = """\
import textwrap
from textwrap import dedent
from typing import List, Optional

import kfp
from kfp import dsl
from kfp.dsl import (Artifact, ConcatPlaceholder, ContainerSpec, Dataset, IfPresentPlaceholder, Input, Metrics, Model,
                     Output, OutputPath, container_component)

IMAGE = "registry.example.com/tools/run:1.2"
FLAGS = ["--verbose", "--colour=never"]
IMAGES = {"small": "tools/small:1", "large": "tools/large:1"}
"""

# Each is compared with what kfp compiles.
ACCEPTED = {
    "plain": """
@dsl.container_component
def f():
    return dsl.ContainerSpec(image="a:1", command=["run"])
""",
    "every_port": '''
@container_component
def f(text: str, n: int, rate: float, on: bool, items: list, table: dict, data: Input[Dataset], more: Input[Artifact],
      model: Output[Model], metrics: Output[Metrics], count: OutputPath(int), name: OutputPath(str)) -> ContainerSpec:
    """Do everything.

    Args:
        text: Some text.
        model: The result.
    """
    return ContainerSpec(
        image=IMAGE,
        command=["sh", "run.sh"],
        args=["--text", text, "--n", n, "--rate", rate, "--on", on, "--items", items, "--table", table,
              "--data", data.path, "--data-uri", data.uri, more.uri, "--model", model.path, model.uri,
              "--metrics", metrics.path, "--count", count, "--name", name],
    )
''',
    "defaults": """
@dsl.container_component
def f(text: str = "a b", n: int = 3, rate: float = 0.5, on: bool = True, items: List[int] = [1], table: dict = {"a": 1},
      note: Optional[str] = None, data: Optional[Input[Dataset]] = None):
    return dsl.ContainerSpec(IMAGE, ["run", text, n, rate, on], [items, table, note])
""",
    "f_strings": """
@dsl.container_component
def f(text: str, data: Input[Dataset], model: Output[Model]):
    return dsl.ContainerSpec(
        image=f"{IMAGE}-slim", command=["run"],
        args=[f"--text={text}", f"{data.path}/part", f"{text}{text}", f"--model={model.uri!s}:{3}", str(text),
              "a" + "b", f"--x={text}" + "-y"])
""",
    "metadata": """
@dsl.container_component
def f(data: Input[Dataset], model: Output[Model]):
    return dsl.ContainerSpec(image="a", command=["run"], args=[
        data.metadata, data.metadata["rows"], model.metadata["framework"], "--rows=" + data.metadata["rows"]])
""",
    "placeholders": """
@dsl.container_component
def f(text: str, other: str, data: Input[Dataset], model: Output[Model], note: Optional[str] = None):
    return dsl.ContainerSpec(image="a", command=[
        "run",
        ConcatPlaceholder(["--text=", text, ":", data.uri]),
        IfPresentPlaceholder(input_name="note", then=["--note", note], else_=["--no-note"]),
        IfPresentPlaceholder("note", f"--note={note}"),
        IfPresentPlaceholder(input_name="note", then=note, else_=other),
        ConcatPlaceholder(items=["a", IfPresentPlaceholder(input_name="note", then=note, else_="b")]),
        dsl.IfPresentPlaceholder(input_name="note", then=[dsl.ConcatPlaceholder(["x", note])]),
        dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER, dsl.PIPELINE_JOB_NAME_PLACEHOLDER, "{{$}}"])
""",
    "statements": """
@dsl.container_component
def f(text: str, n: int = 3):
    import json
    image: str = IMAGE
    command = ["run", *FLAGS]
    args = ["--text", text]
    args += ["--n", n]
    args.append("--end")
    args.extend(["a", "b"])
    spec = dsl.ContainerSpec(image=image, command=command, args=args)
    return spec
""",
    "shared": """
@dsl.container_component
def f(text: str):
    command = ["run"]
    same = command
    same += [text]
    same.append("a")
    flags = FLAGS
    flags.extend(flags)
    again = [*same]
    again.append("not in the others")
    return dsl.ContainerSpec(image="a", command=command, args=[*FLAGS, *same])
""",
    "texts": """
@dsl.container_component
def f(text: str):
    lines = ["set -e", f"echo {text}"]
    return dsl.ContainerSpec(image=IMAGES["small"], command=["sh", "-c", " && ".join(lines), FLAGS[0]], args=[
        dedent(" a\\n b").strip(), textwrap.dedent(f'  echo {text}'), " x ".rstrip()])
""",
    "capitals": """
@dsl.container_component
def f(trainData: Input[Dataset], maxIter: int, Model_: Output[Model]):
    return dsl.ContainerSpec(image="a", command=["run", trainData.path, maxIter, Model_.path])
""",
    "two_lines": """
@dsl.container_component
def f(text: str):
    return dsl.ContainerSpec(image="a", command=["sh", "-c", \'\'\'
set -e
echo "$0" {"a": 1}
\'\'\', text], args=[])
""",
}

# The text of the refused part, and words of the message and the advice.
REFUSED = {
    "if": ("    if text: return dsl.ContainerSpec(image='a')", "if text", "when it compiles", "IfPresentPlaceholder"),
    "for": ("    for x in [1]: pass", "for x", "without running it", "as lists"),
    "conditional": (
        "    return dsl.ContainerSpec(image='a', command=['x' if text else 'y'])",
        "'x' if",
        "compiles",
        "If",
    ),
    "call": ("    return dsl.ContainerSpec(image=find(), command=['x'])", "find()", "`find()`", "the value itself"),
    "environment": ("    return dsl.ContainerSpec(image=os.environ['I'])", "os.environ['I']", "is not known", "value"),
    "other": ("    return ['run']", "return ['run']", "does not return dsl.ContainerSpec", "return one"),
    "nothing": ("    pass", "def f", "returns nothing", "return dsl.ContainerSpec"),
    "input itself": (
        "    return dsl.ContainerSpec(image='a', command=[dsl.IfPresentPlaceholder(text, 'x')])",
        "text, 'x'",
        "not named by a text",
        "in quotes",
    ),
    "list of inputs": (
        "    return dsl.ContainerSpec(image='a', command=[dsl.IfPresentPlaceholder(['text'], 'x')])",
        "['text']",
        "not named by a text",
        "in quotes",
    ),
    "number": ("    return dsl.ContainerSpec(image='a', command=['x', 5])", "5", "this is 5", "write '5'"),
    "nested": ("    return dsl.ContainerSpec(image='a', command=[['x']])", "['x']]", "texts and placeholders", "words"),
    "artifact": (
        "    return dsl.ContainerSpec(image='a', command=[data])",
        "data]",
        "the artifact 'data' itself",
        ".path",
    ),
    "attribute": ("    return dsl.ContainerSpec(image='a', command=[data.name])", "data.name", "`.name`", ".path"),
    "method": ("    return dsl.ContainerSpec(image='a', command=[text.upper()])", "text.upper()", "not known", "value"),
    "join": (
        "    return dsl.ContainerSpec(image='a', command=[' '.join([text])])",
        "[text]",
        "not a text yet",
        "f-string",
    ),
    "strip": (
        "    return dsl.ContainerSpec(image='a', command=[text.strip()])",
        "text.strip()",
        "not a text",
        "f-string",
    ),
    "key": ("    return dsl.ContainerSpec(image=IMAGES['x'])", "IMAGES['x']", "is not known", "the value itself"),
    "sum": ("    return dsl.ContainerSpec(image='a', command=['-' + text])", "'-' + text", "cannot add", "f-string"),
    "format": (
        "    return dsl.ContainerSpec(image='a', command=[f'{n:03}'])",
        "",
        "could format",
        "alone in the braces",
    ),
    "concat": (
        "    return dsl.ContainerSpec(image='a', command=[f\"{dsl.ConcatPlaceholder(['a'])}\"])",
        "dsl.ConcatPlaceholder",
        "into a text",
        "ConcatPlaceholder",
    ),
    "unknown": (
        "    return dsl.ContainerSpec(image='a', command=[dsl.IfPresentPlaceholder('nope', 'x')])",
        "'nope'",
        "no input 'nope'",
        "it has: data, n, parts, path, text",
    ),
    "image": ("    return dsl.ContainerSpec(image=text, command=['x'])", "text, com", "plain text", "name one image"),
    "keyword": ("    return dsl.ContainerSpec(image='a', env={})", "{}", "no argument 'env'", "image, command, args"),
    "no_image": ("    return dsl.ContainerSpec(command=['a'])", "dsl.ContainerSpec", "wrong arguments", "image"),
    "word": ("    return dsl.ContainerSpec(image='a', command='sh')", "'sh'", "not a list", "list of texts"),
    "path": ("    return dsl.ContainerSpec(image='a', command=[path])", "path]", "no placeholder", "`path: Input[…]`"),
    "list": ("    return dsl.ContainerSpec(image='a', command=[parts])", "parts]", "no placeholder", "EXECUTOR_INPUT"),
}
SIGNATURE = """
import os
from kfp.dsl import InputPath
@dsl.container_component
def f(text: str, n: int, data: Input[Dataset], path: InputPath('CSV'), parts: Input[List[Dataset]]):
"""
