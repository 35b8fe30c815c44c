"""The words of a contract's command line in a template of Argo, where inputs are known only when the step starts."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.forms.argo_step import leading_words, output_path, port_path
from toolkit.forms.argo_words import CommandLine, Word, command_line, constant, joined
from toolkit.interface.model import Input
from toolkit.spec.arguments import NO_EXECUTOR_INPUT
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)


class Arguments(Struct, frozen=True, kw_only=True):
    """How a template resolves placeholders.

    `given` says whether an input is given, or the condition on which it is, as an expression. `value` returns the word
    of a value that is given.
    """

    spec: ComponentSpec
    given: Callable[[Input], bool | str]
    value: Callable[[Input], Word]

    def line(self) -> CommandLine:
        """Return the command line. Raises InputError for an argument that Argo cannot express."""
        container, first = self.spec.container, leading_words(self.spec)
        command = [word for argument in container.command[:first] for word in self._words(argument)]
        rest = (*container.command[first:], *container.args)
        args = [word for argument in rest for word in self._words(argument)]
        return command_line(command, args, list(container.env.items()))

    def _words(self, argument: Argument) -> list[Word]:
        """Return the words of one argument."""
        match argument:
            case str():
                return [constant(argument)]
            case ExecutorInputPlaceholder():
                return [constant(NO_EXECUTOR_INPUT)]
            case ConcatPlaceholder():
                return [joined([word for item in argument.items for word in self._words(item)])]
            case IfPlaceholder():
                return self._branches(argument)
            case PortPlaceholder():
                return self._port(argument)
        raise InputError("{outputMetadata: …} has no value: only KFP 1.8's v2-compatible mode knows it")

    def _branches(self, argument: IfPlaceholder) -> list[Word]:
        """Return the words of a condition; those of both branches, each with its condition, if parameters decide."""
        given: bool | str
        match argument.condition:
            case IsPresent(input=name):
                given = self.given(self._input(name))
            case bool():
                given = argument.condition
            case _:
                raise InputError(
                    "Argo cannot decide while a step starts, so that it has no conditions on values",
                    hint="write `cond: {isPresent: …}`",
                )
        if isinstance(given, bool):
            branch = argument.then if given else argument.otherwise
            return [word for item in branch for word in self._words(item)]
        return [
            word if condition in word.conditions else replace(word, conditions=(condition, *word.conditions))
            for branch, condition in ((argument.then, given), (argument.otherwise, f"not ({given})"))
            for item in branch
            for word in self._words(item)
        ]

    def _port(self, argument: PortPlaceholder) -> list[Word]:
        """Return the words of a placeholder; none for an absent input. Raises InputError for a kind that Argo lacks."""
        name = argument.port
        if argument.kind == "outputPath":
            return [constant(output_path(self.spec, name))]
        if argument.kind not in {"inputPath", "inputValue"}:
            hint = "pass the path instead" if argument.kind in {"inputUri", "outputUri"} else None
            raise InputError(f"Argo has no form of {{{argument.kind}: {name}}}", hint=hint)
        port = self._input(name)
        given = self.given(port)
        if given is False:
            return []
        word = constant(port_path("inputs", name)) if argument.kind == "inputPath" else self.value(port)
        return [word if given is True else replace(word, conditions=(given, *word.conditions))]

    def _input(self, name: str) -> Input:
        """Return a declared input. Raises InputError if it is missing."""
        port = next((port for port in self.spec.interface.inputs if port.name == name), None)
        if port is None:
            raise InputError(f"an argument names the input {name!r}, which is missing")
        return port
