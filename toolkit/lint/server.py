"""Rules about what KFP 2's server does not resolve, and what its engines replace in texts."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from toolkit.forms.kfp_values import Problem, argument_problems, constant_problems, default_problems
from toolkit.interface.model import Kind
from toolkit.lint.rule import INFO, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, container_of, top_arguments
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument

_MEANT = re.compile(r"\{\{\s*(?:workflow|pod)\.")
_METADATA = re.compile(r"\{\{\$\.(?:inputs|outputs)\.artifacts\['[^']+'\]\.metadata")


@rule(
    "C031",
    "engine-variable",
    WARNING,
    RuleCategory.PORTABILITY,
    "A text that Argo or Kubernetes replaces, such as `{{workflow.name}}` or `$$`.",
)
def engine_variable(document: ComponentDocument) -> Iterator[Remark]:
    """Report defaults, arguments and variables that do not arrive as they are written.

    Argo runs the steps of KFP. It replaces `{{workflow.name}}` and the like in the texts of a workflow, and evaluates
    `{{=…}}`; a text in double braces that it does not know can keep the whole workflow from being accepted. Kubernetes
    makes one `$` of `$$` in commands, arguments and variables, and replaces `$(NAME)` by a variable of the step. So
    such a text does not arrive as it is written.

    In arguments and variables only the braces are reported: Kubernetes' own are mostly meant there. One with
    `{{workflow.…}}` or `{{pod.…}}` may be meant too, and is an info.

    Wrong:
        inputs:
        - {name: title, type: String, default: 'Report of {{workflow.name}}'}
        args: [{if: {cond: {isPresent: title}, then: [--title, {inputValue: title}]}}]

    Right:
        inputs:
        - {name: title, type: String, default: Report}
        args: [{if: {cond: {isPresent: title}, then: [--title, {inputValue: title}]}}]
    """
    for index, port in enumerate(document.spec.interface.inputs):
        # C028 reports a long default.
        if port.default is not None and port.kind is Kind.PARAMETER and len(port.default) <= LONGEST_ARGUMENT:
            place: Place = ("inputs", index, "default")
            yield from _remarks(document, place, f"the default of {port.name!r}", argument_problems(port.default))
    texts = [(place, "an argument", argument) for place, argument in arguments(document) if isinstance(argument, str)]
    container = container_of(document)
    texts += [(("env",), f"the variable {name}", value) for name, value in (container.env if container else {}).items()]
    for place, what, text in texts:
        # Authors of contracts for KFP 1.8 name the pod and the workflow so.
        meant = _MEANT.search(text)
        for remark in _remarks(document, place, what, constant_problems(text)):
            advice = f"unless that is meant, {remark.help}"
            yield replace(remark, severity=INFO, help=advice) if meant else remark


@rule(
    "C035",
    "default-kfp-cannot-write",
    INFO,
    RuleCategory.PORTABILITY,
    "A default that kfp cannot write into the file of the component alone: several lines, or a control character.",
)
def default_not_writable(document: ComponentDocument) -> Iterator[Remark]:
    r"""Report defaults that kfp's compiler cannot write at the top of a file.

    If the component alone is compiled, kfp writes its defaults into a comment at the top of the file. A line break
    leaves the comment, so that the file is no longer YAML that kfp can read. In a pipeline the same default works.

    Wrong:
        inputs:
        - {name: note, type: String, default: "one\ntwo"}

    Right:
        inputs:
        - {name: note, type: String, default: one two}
    """
    for index, port in enumerate(document.spec.interface.inputs):
        if port.kind is Kind.PARAMETER:
            place: Place = ("inputs", index, "default")
            yield from _remarks(document, place, f"the default of {port.name!r}", default_problems(port.default))


@rule(
    "C047",
    "not-resolved-by-server",
    WARNING,
    RuleCategory.PORTABILITY,
    "An argument that KFP 2's SDK compiles, and that its server (2.17) does not fill in, such as `concat`.",
)
def not_resolved(document: ComponentDocument) -> Iterator[Remark]:
    """Report forms that work in KFP 1.8 and in local engines alone.

    The SDK of KFP 2 compiles more than the server of KFP 2.17 fills in. On the server:

    - `concat`, and an output inside of `if`, arrive as the JSON that describes them;
    - `concat` or `if` inside of `if` makes the step fail;
    - the placeholder of an artifact's metadata stays as it is.

    They work in KFP 1.8, and where `comp` runs or converts the component itself.

    Pass each part as an argument of its own, and join them in the program.

    Wrong:
        inputs:
        - {name: rate, type: Float}
        args: [{concat: [--rate=, {inputValue: rate}]}]

    Right:
        inputs:
        - {name: rate, type: Float}
        args: [--rate, {inputValue: rate}]
    """
    for place, argument in top_arguments(document):
        where = document.places[place]
        if isinstance(argument, str) and _METADATA.search(argument):
            advice = "read the metadata from {executorInput: null}"
            yield Remark(where, "KFP 2's server leaves the placeholder of an artifact's metadata as it is", advice)
        elif isinstance(argument, ConcatPlaceholder):
            advice = "pass the parts as arguments of their own, or join them in the program"
            yield Remark(where, "KFP 2's server passes the JSON of `concat`, not the joined text", advice)
        elif isinstance(argument, IfPlaceholder):
            inner = [*argument.then, *argument.otherwise]
            if any(isinstance(item, ConcatPlaceholder | IfPlaceholder) for item in inner):
                advice = "write a condition of its own for each argument"
                yield Remark(where, "KFP 2's server fails on `concat` and `if` inside of `if`", advice)
            elif any(_is_output(item) for item in inner):
                advice = "pass the output always, outside of `if`"
                yield Remark(where, "KFP 2's server passes the JSON of an `if` with an output inside", advice)


def _is_output(argument: Argument) -> bool:
    """Return whether an argument is a place of an output."""
    return isinstance(argument, PortPlaceholder) and argument.kind.startswith("output")


def _remarks(document: ComponentDocument, place: Place, what: str, problems: Iterator[Problem]) -> Iterator[Remark]:
    """Yield a remark for each problem of a text."""
    for problem in problems:
        yield Remark(document.places[place], f"{what}: {problem.message}", problem.help)
