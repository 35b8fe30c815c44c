"""Steps of a compiled pipeline that KFP 2's server cannot start as they are meant, found before anything is submitted.

Its driver fills in what the caller gives before it fills in defaults, and knows fewer forms than kfp's compiler
(KFP 2.17.0, `backend/src/v2/driver/util.go`). kfp's own runners have neither fault.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.forms.kfp_values import Problem
from toolkit.image_paths import LAUNCHER, absolute

_PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}")
_CONDITION, _CONCAT = '{"IfPresent":', '{"Concat":'
_LINT = "`comp lint` on its contract shows how to write the argument"


def server_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what keeps a step of a pipeline, in the data of its IR, from starting with the command line it should."""
    components = document.get("components", {})
    executors = document.get("deploymentSpec", {}).get("executors", {})
    for dag in (document.get("root", {}), *components.values()):
        may_be_null = {
            name
            for name, port in dag.get("inputDefinitions", {}).get("parameters", {}).items()
            if port.get("isOptional") and "defaultValue" not in port
        }
        for name, task in dag.get("dag", {}).get("tasks", {}).items():
            component = components.get(task.get("componentRef", {}).get("name"), {})
            if container := executors.get(component.get("executorLabel"), {}).get("container"):
                for problem in dict.fromkeys(_of_step(container, task, may_be_null)):
                    yield Problem(message=f"the step {name!r}: {problem.message}", help=problem.help)


def _of_step(container: Mapping[str, Any], task: Mapping[str, Any], may_be_null: set[str]) -> Iterator[Problem]:
    """Yield the problems of one step, whose inputs that `may_be_null` are not given for sure."""
    inputs = task.get("inputs", {})
    given = {
        name
        for name, source in inputs.get("parameters", {}).items()
        if source.get("componentInputParameter") not in may_be_null
    }
    artifacts = set(inputs.get("artifacts", {})) if absolute(LAUNCHER) not in container.get("command", []) else set()
    for text in (*container.get("command", ()), *container.get("args", ())):
        begin = text.lstrip()
        if begin.startswith(_CONCAT) or (begin.startswith(_CONDITION) and "$.outputs" in text):
            yield Problem(message=f"KFP 2's server passes the JSON {text[:60]}… on as it is", help=_LINT)
        elif begin.startswith(_CONDITION):
            yield from _of_condition(text, given, artifacts)
        elif "$.outputs" not in text:
            yield from _of_words([text], given)


def _of_condition(text: str, given: set[str], artifacts: set[str]) -> Iterator[Problem]:
    """Yield the problems of a condition, in the branch that the driver takes."""
    try:
        condition = json.loads(text)["IfPresent"]
        name = condition.get("InputName", "")
    except (ValueError, RecursionError, AttributeError):
        yield Problem(
            message=f"KFP 2's server takes {text[:60]!r} for a condition, and fails", help="begin it otherwise"
        )
        return
    if name in artifacts:
        yield Problem(
            message=f"KFP 2.17's server takes its artifact {name!r} for absent",
            help="make the artifact required in its contract, or let the program find it in {executorInput: null}",
        )
    branch = condition.get("Then" if name in given else "Else") or []
    yield from _of_words(branch if isinstance(branch, list) else [branch], given)


def _of_words(words: list[Any], given: set[str]) -> Iterator[Problem]:
    """Yield the problems of words that the driver fills in."""
    for word in words:
        if not isinstance(word, str):
            yield Problem(message="KFP 2's server fails at a form inside of `if`", help=_LINT)
            continue
        for name in _PARAMETER.findall(word):
            if name not in given:
                yield Problem(
                    message=f"KFP 2.17's server fails where {name!r} is left to its default",
                    help=f"give {name!r} a value in the pipeline, or mend its component: {_LINT}",
                )
