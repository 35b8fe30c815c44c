"""What kfp's program refuses, in words: what is wrong, where in the user's file, and what to do."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import CompError, InputError, Location, OutsideError, UsageError
from toolkit.words import did_you_mean, some_of

INSTALL = "pip install 'comp-toolkit[kfp]', or name a Python that has kfp 2: --python PATH, or COMP_KFP_PYTHON=PATH"
# KFP's names of types in IR, and as authors of components write them.
_TYPES = {
    "STRING": "String",
    "NUMBER_INTEGER": "Integer",
    "NUMBER_DOUBLE": "Float",
    "BOOLEAN": "Boolean",
    "LIST": "List",
    "STRUCT": "Dict",
}
_NAMES = re.compile(rf"system\.(\w+)@[\d.]+|\b(?:{'|'.join(_TYPES)})\b")
_SHOWN = 60


class Refused(Struct, frozen=True):
    """A refusal of the program: the file, the Python, and the facts."""

    path: Path
    python: Path
    facts: Mapping[str, Any]

    def error(self) -> CompError:
        """Return the refusal as an error with place and hint."""
        maker = {
            "no-kfp": self._no_kfp,
            "broken-kfp": self._broken_kfp,
            "old-kfp": self._old_kfp,
            "none": self._none,
            "several": self._several,
            "unknown-function": self._unknown_function,
            "parameter": self._parameter,
            "parameter-type": self._parameter_type,
            "syntax": self._syntax,
            "types": self._types,
            "comp": self._comp,
            "no-module": self._no_module,
            "no-file": self._no_file,
        }.get(self.facts["error"], self._code)
        return maker()

    def _no_kfp(self) -> CompError:
        name = self.facts["name"]
        missing = "no kfp" if name == "kfp" else f"a kfp without {name}"
        return InputError(f"{self.python} has {missing}", hint=f"{self.python} -m pip install 'kfp>=2.7'")

    def _broken_kfp(self) -> CompError:
        return InputError(
            f"kfp cannot be imported in {self.python}: {self.facts['message']}",
            hint=f"{self.python} -m pip install --upgrade kfp",
        )

    def _old_kfp(self) -> CompError:
        return InputError(
            f"{self.python} has kfp {self.facts['version']}, and compiling needs kfp 2",
            hint="--python names another Python; KFP 1.8 compiles with its own dsl-compile",
        )

    def _none(self) -> CompError:
        return InputError(
            "no pipeline in this file",
            where=Location(path=self.path),
            hint="a pipeline is a function with @dsl.pipeline at the top level of the file",
        )

    def _several(self) -> CompError:
        names = self.facts["names"]
        return InputError(
            f"{len(names)} pipelines in this file: {', '.join(names)}",
            where=Location(path=self.path),
            hint=f"name one: --function {names[0]}",
        )

    def _unknown_function(self) -> CompError:
        name, found, names = self.facts["name"], self.facts["found"], self.facts["names"]
        message = f"{name!r} is a {found}, not a pipeline or component" if found else f"no pipeline {name!r}"
        listed = f"this file has {some_of(names)}" if names else "this file has no pipeline"
        return InputError(message, where=Location(path=self.path), hint=did_you_mean(name, names, otherwise=listed))

    def _parameter(self) -> CompError:
        name, names = self.facts["name"], self.facts["names"]
        known = f"its inputs are {', '.join(names)}" if names else "it has no inputs"
        return InputError(
            f"the pipeline has no input {name!r}, which --pipeline-parameters names",
            where=Location(path=self.path),
            hint=did_you_mean(name, names, otherwise=known),
        )

    def _parameter_type(self) -> CompError:
        name, value, type_ = self.facts["name"], json.dumps(self.facts["value"]), self.facts["type"]
        return InputError(
            f"the pipeline's input {name!r} is {_a(type_)}, and --pipeline-parameters has {value[:_SHOWN]}",
            where=Location(path=self.path),
            hint=f"give {_a(type_)}",
        )

    def _syntax(self) -> CompError:
        return InputError(f"not Python: {self.facts['message']}", where=self._where(), hint="correct this line")

    def _types(self) -> CompError:
        ports = self.facts["ports"]
        if ports is None:
            return InputError(_readable(self.facts["message"]), where=self._where(), hint="connect ports of one type")
        given, expected = _readable(ports["given"]), _readable(ports["expected"])
        source, declared = _source(ports)
        hint = f"give {_a(expected)}"
        if declared:
            hint = (
                f"connect {_a(expected)}, or declare the same type on both sides: {expected} at {declared},"
                f" or {given} at the input {ports['input']!r}"
            )
        return InputError(
            f"{source} is {_a(given)} and does not fit the input {ports['input']!r} of {ports['component']!r},"
            f" which is {_a(expected)}",
            where=self._where(),
            hint=hint,
        )

    def _comp(self) -> CompError:
        kind = {2: UsageError, 3: OutsideError}.get(self.facts["exit_code"], InputError)
        return kind(self.facts["message"], where=self._where(), hint=self.facts["hint"])

    def _no_module(self) -> CompError:
        return self._code(
            hint=f"install it for {self.python}, which reads the file, or import it in the function that needs it"
        )

    def _no_file(self) -> CompError:
        name, folder = self.facts["name"], self.facts["folder"]
        hint = "check the name"
        if not Path(name).is_absolute() and (self.path.parent / name).is_file():
            hint = f"paths start at the current folder: write Path(__file__).parent / {name!r}"
        elif not Path(name).is_absolute():
            hint = f"paths start at the current folder, {folder}; `comp add` brings components of a registry here"
        return InputError(f"{name} is missing", where=self._where(), hint=hint)

    def _code(self, hint: str | None = None) -> CompError:
        """Return the error for an exception of the user's code, with the lines that led to it."""
        frames: Sequence[Mapping[str, Any]] = self.facts["frames"]
        if self.facts["type"] == "KeyError" and ".outputs[" in (frames[-1]["text"] if frames else ""):
            hint = f"the step has no output {self.facts['words']}; `.output` is that of a step with a single one"
        if self.facts["type"] == "TypeError" and "Channel'" in self.facts["words"]:
            hint = "inputs and outputs have no values while a pipeline is compiled: compute with them in a component"
        words = f"{self.facts['type']}: {self.facts['words']}".removesuffix(": ")
        trace = "".join(
            f'\n  File "{frame["path"]}", line {frame["line"]}, in {frame["function"]}\n    {frame["text"]}'
            for frame in frames
        )
        return InputError(f"{words}{trace}", where=self._where(), hint=hint)

    def _where(self) -> Location:
        """Return the place that the error names, else the last line of the user's own code before it."""
        if place := self.facts.get("place"):
            return Location(path=Path(place["path"]), line=place["line"], column=place["column"])
        frames = self.facts.get("frames")
        if not frames:
            return Location(path=self.path)
        return Location(path=Path(frames[-1]["path"]), line=frames[-1]["line"])


def _source(ports: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what is given to a port, and where its type is declared; None for a value without a declaration."""
    port = f"{ports['port']!r}"
    match ports["kind"]:
        case "output":
            return f"the output {port} of {ports['task']!r}", f"the output {port} of {ports['task']!r}"
        case "input":
            return f"the pipeline's input {port}", f"the input {port}"
        case "item":
            return "an item of the loop", None
    # kfp writes a value of the pipeline into a text in this form.
    made = "{{channel:" in ports["constant"]
    return "a text with values of the pipeline in it" if made else ports["constant"], None


def _readable(text: str) -> str:
    """Return a text with types as authors write them: `Dataset` for `system.Dataset@0.0.1`."""
    return _NAMES.sub(lambda match: _TYPES.get(match[0], match[1]), text)


def _a(name: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"
