"""Run one component inside its container, by protocol 1 (docs/protocol-1.md).

    launch.py NAME [--comp:values FILE] [FLAG VALUE]... [--outputs [FLAG PATH]...] [--executor-input JSON]
              [-- PROGRAM [ARGUMENT]...]

Standard library only, and little of it: it starts before every step of every pipeline. It needs Python 3.10.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Port = dict[str, Any]
    Component = dict[str, Any]

PROTOCOL = 1
ABSENT = "{{$}}"
TRUE = ("true", "1", "yes", "on", "y", "t")
FALSE = ("false", "0", "no", "off", "n", "f")
# MAX_ARG_STRLEN of Linux, 32 pages, without the zero at the end.
LONGEST_WORD = (128 << 10) - 1
# What Argo leaves in the place of an argument of more than 131,072 bytes (4.0.5, `cmd/argoexec/commands/emissary.go`).
OFFLOADED = "@/tmp/argo_arg_", ".txt"
# Where KFP 2 mounts its stores (kfp 2.17, `dsl/types/artifact_types.py`).
MOUNTS = (("gs://", "/gcs/"), ("minio://", "/minio/"), ("s3://", "/s3/"))


class Refused(Exception):
    """A value is invalid, or the code failed; the message alone is printed. `code` is the exit code."""

    code = 1


class WrongCall(Refused):
    """The engine, or the contract that it follows, called the launcher wrongly."""

    code = 2


class Outside(Refused):
    """The image is damaged, or the machine failed."""

    code = 3


def damaged(problem: str) -> Outside:
    """Return the error for an invalid file beside the launcher: the image was built wrongly."""
    return Outside(f"this image is damaged, build it again: {problem}")


# Artifacts: what `Input[...]` and `Output[...]` parameters receive.


def prefix_replaced(text: str, prefixes: Any) -> str:
    """Replace the first prefix that fits."""
    for old, new in prefixes:
        if text.startswith(old):
            return str(new + text[len(old) :])
    return text


class Artifact:
    """A file or folder with a name, a URI and metadata (kfp 2.17, `dsl/types/artifact_types.py`)."""

    schema_title = "system.Artifact"
    schema_version = "0.0.1"

    def __init__(
        self,
        name: str | None = None,
        uri: str | None = None,
        metadata: dict[str, Any] | None = None,
        path: str | None = None,
    ) -> None:
        self.name = name or ""
        self.metadata = metadata or {}
        self.uri = uri or path or ""
        if path:
            # As the engine gives it, whatever the URI.
            self._path = path

    @property
    def path(self) -> str:
        """The local path; a new one changes the URI."""
        return self._path

    @path.setter
    def path(self, path: str) -> None:
        self._path = path
        self._uri = prefix_replaced(path, [(local, remote) for remote, local in MOUNTS])

    @property
    def uri(self) -> str:
        """The URI; a new one changes the local path."""
        return self._uri

    @uri.setter
    def uri(self, uri: str) -> None:
        self._uri = uri
        self._path = prefix_replaced(uri, MOUNTS)


class Dataset(Artifact):
    """A data set."""

    schema_title = "system.Dataset"


class Model(Artifact):
    """A model."""

    schema_title = "system.Model"

    @property
    def framework(self) -> str:
        """The framework it was made with."""
        return str(self.metadata.get("framework", ""))

    @framework.setter
    def framework(self, framework: str) -> None:
        self.metadata["framework"] = framework


class Metrics(Artifact):
    """Named numbers."""

    schema_title = "system.Metrics"

    def log_metric(self, metric: str, value: float) -> None:
        """Set one metric."""
        self.metadata[metric] = value


class ClassificationMetrics(Artifact):
    """A confusion matrix and the points of a ROC curve."""

    schema_title = "system.ClassificationMetrics"

    def log_roc_data_point(self, fpr: Any, tpr: Any, threshold: Any) -> None:
        """Add a point of the ROC curve."""
        point = {"confidenceThreshold": threshold, "recall": tpr, "falsePositiveRate": fpr}
        self.metadata.setdefault("confidenceMetrics", []).append(point)

    def log_roc_curve(self, fpr: Any, tpr: Any, threshold: Any) -> None:
        """Add the points of a ROC curve, given as three lists of one length."""
        if not len(fpr) == len(tpr) == len(threshold):
            raise ValueError("fpr, tpr and threshold differ in length")
        for point in zip(fpr, tpr, threshold, strict=True):
            self.log_roc_data_point(*point)

    def set_confusion_matrix_categories(self, categories: list[str]) -> None:
        """Name the categories; every cell is 0."""
        rows = [{"row": [0] * len(categories)} for _ in categories]
        names = [{"displayName": category} for category in categories]
        self.metadata["confusionMatrix"] = {"annotationSpecs": names, "rows": rows}

    def log_confusion_matrix_row(self, row_category: str, row: list[float]) -> None:
        """Set one row."""
        self._matrix()["rows"][self._index(row_category)] = {"row": list(row)}

    def log_confusion_matrix_cell(self, row_category: str, col_category: str, value: Any) -> None:
        """Set one cell."""
        self._matrix()["rows"][self._index(row_category)]["row"][self._index(col_category)] = value

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[float]]) -> None:
        """Set the whole matrix."""
        self.set_confusion_matrix_categories(categories)
        for category, row in zip(categories, matrix, strict=True):
            self.log_confusion_matrix_row(category, row)

    def _matrix(self) -> Any:
        if "confusionMatrix" not in self.metadata:
            raise ValueError("call set_confusion_matrix_categories first")
        return self.metadata["confusionMatrix"]

    def _index(self, category: str) -> int:
        names = [spec["displayName"] for spec in self._matrix()["annotationSpecs"]]
        if category not in names:
            raise ValueError(f"unknown category {category!r}, known: {names}")
        return names.index(category)


class SlicedClassificationMetrics(Artifact):
    """Classification metrics by slice; the slices are free metadata."""

    schema_title = "system.SlicedClassificationMetrics"


class HTML(Artifact):
    """A page."""

    schema_title = "system.HTML"


class Markdown(Artifact):
    """A text in Markdown."""

    schema_title = "system.Markdown"


ARTIFACTS = {
    cls.__name__: cls
    for cls in (
        Artifact,
        Dataset,
        Model,
        Metrics,
        ClassificationMetrics,
        SlicedClassificationMetrics,
        HTML,
        Markdown,
    )
}
# The key of metadata beside an artifact, for engines that have no place for it.
SIDE_FILE = ".metadata.json"
LOGGED = ("Metrics", "ClassificationMetrics", "SlicedClassificationMetrics")


# --- stand-ins: the code may import these modules for its annotations ----------------------------------------

STAND_INS = ("kfp", "kfp.dsl", "kfp.components", "kfp.v2", "kfp.v2.dsl", "toolkit", "toolkit.types")


class _Marker:
    """`Input`, `Output`, `InputPath`, …: only for annotations."""

    def __init__(self, *arguments: object, **keywords: object) -> None:
        del arguments, keywords

    def __class_getitem__(cls, item: object) -> Any:
        return cls


def _inert(function: Any = None, **keywords: object) -> Any:
    """Stand in for a decorator, with arguments or without."""
    del keywords
    if function is None:
        return lambda decorated: decorated
    return function


def not_here(name: str) -> str:
    """Return the message about a name that the stand-ins lack."""
    package = name.partition(".")[0]
    return f"{name} is not in this image: declare {'comp-toolkit' if package == 'toolkit' else package} in dependencies"


class StandIns:
    """The last finder on `sys.meta_path`: serves the stand-ins if the real package is missing."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Find a stand-in; a submodule only if its parent is one too."""
        del path, target
        parent = name.rpartition(".")[0]
        if parent and not getattr(sys.modules.get(parent), "__comp_stand_in__", False):
            return None
        if name not in STAND_INS:
            if parent:
                # `from kfp import Client` comes here too. A ModuleNotFoundError would lose the message.
                raise ImportError(not_here(name), name=name)
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> None:
        """Let Python make the module."""
        del spec

    def exec_module(self, module: Any) -> None:
        """Fill the module."""
        module.__comp_stand_in__ = True
        if module.__name__ in ("kfp", "kfp.v2", "toolkit"):
            module.__getattr__ = self._parent_attribute(module.__name__)
            return
        for marker in ("Input", "Output", "InputPath", "OutputPath"):
            setattr(module, marker, type(marker, (_Marker,), {}))
        for marker in ("InputTextFile", "InputBinaryFile", "OutputTextFile", "OutputBinaryFile"):
            setattr(module, marker, type(marker, (_Marker,), {}))
        for name, artifact in ARTIFACTS.items():
            setattr(module, name, artifact)
        decorators = ("component", "container_component", "pipeline", "create_component_from_func")
        for decorator in (*decorators, "func_to_container_op"):
            setattr(module, decorator, _inert)
        module.__getattr__ = self._missing(module.__name__)

    @staticmethod
    def _missing(module: str) -> Callable[[str], Any]:
        def missing(name: str) -> Any:
            # Not an ImportError: pickle asks every module for the names it looks for.
            raise AttributeError(not_here(f"{module}.{name}"))

        return missing

    def _parent_attribute(self, parent: str) -> Callable[[str], Any]:
        missing = self._missing(parent)

        def attribute(name: str) -> Any:
            full = parent + "." + name
            if full not in STAND_INS:
                return missing(name)
            from importlib import import_module

            return import_module(full)

        return attribute


class Call:
    """A parsed command line: texts and paths by port name, KFP 2's ExecutorInput, and a program's own arguments."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.inputs: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.executor_input: dict[str, Any] | None = None
        self.program: list[str] | None = None

    @classmethod
    def parse(cls, arguments: list[str], component: Component) -> Call:
        """Read the arguments after the component's name, in twos."""
        call = cls(component)
        flags = {port["flag"]: port for port in component["inputs"]}
        given, what = call.inputs, "input"
        position = 0
        while position < len(arguments):
            token = arguments[position]
            if token == "--outputs" and what == "input":
                flags = {port["flag"]: port for port in component["outputs"]}
                given, what = call.outputs, "output"
                position += 1
                continue
            if token == "--":
                call.program = arguments[position + 1 :]
                break
            if position + 1 == len(arguments):
                raise WrongCall(f"the argument {token} has no value")
            value = arguments[position + 1]
            if token == "--executor-input":
                call.executor_input = parse_executor_input(value)
            elif token == "--comp:values":
                call.inputs.update(read_values(value))
            elif token in flags:
                given[flags[token]["name"]] = value
            else:
                known = " ".join(sorted(flags)) or "none"
                raise WrongCall(f"unknown {what} {token}; there are: {known}")
            position += 2
        call.leave_out_missing()
        return call

    def leave_out_missing(self) -> None:
        """Take optional artifacts without a file as absent: Argo's templates cannot leave out the path of one."""
        if self.executor_input is not None:
            return
        for port in self.component["inputs"]:
            path = self.inputs.get(port["name"])
            if path and port["kind"] == "artifact" and port["optional"] and not os.path.lexists(path):
                del self.inputs[port["name"]]

    def reported(self, direction: str, kind: str, name: str) -> Any:
        """Return the ExecutorInput's entry for one port; names there are sanitised."""
        part = ((self.executor_input or {}).get(direction) or {}).get(kind) or {}
        return part.get(name, part.get(sanitised(name)))

    def artifact(self, port: Port, path: str, direction: str) -> Artifact:
        """Make the object for an artifact port."""
        reported = (self.reported(direction, "artifacts", port["name"]) or {}).get("artifacts") or [{}]
        return self._object(port, reported[0], path, direction)

    def artifacts(self, port: Port) -> list[Artifact] | None:
        """Make the objects of a list of artifacts: what lies in the folder, else what KFP 2 reports; None if absent."""
        path = self.inputs.get(port["name"])
        if path is None:
            reported = self.reported("inputs", "artifacts", port["name"])
            listed = None if reported is None else reported.get("artifacts") or ()
            return None if listed is None else [self._object(port, one, None, "inputs") for one in listed]
        if not os.path.isdir(path):
            return [self._object(port, {}, path, "inputs")]
        names = sorted(name for name in os.listdir(path) if not name.startswith(".") and not name.endswith(SIDE_FILE))
        return [self._object(port, {"name": name}, os.path.join(path, name), "inputs") for name in names]

    def _object(self, port: Port, reported: Any, path: str | None, direction: str) -> Artifact:
        cls = ARTIFACTS.get(port["type"], Artifact)
        metadata = reported.get("metadata")
        if metadata is None and direction == "inputs" and path and self.executor_input is None:
            metadata = read_side_file(path)
        return cls(
            name=reported.get("name") or port["name"],
            uri=reported.get("uri") or path,
            metadata=dict(metadata or {}),
            path=path,
        )


class JsonRules:
    """What the scanner of the module `json` is made with, for JSON as `json.loads` reads it."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 (each call of the scanner empties its own)
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__


def loaded(text: str) -> Any:
    """Parse JSON as `json.loads` does, without importing it.

    It imports `re`, `enum` and `collections`, which take 40 ms in a base without the bytecode of its standard library,
    and images of Python have none.
    """
    try:
        from _json import make_scanner

        trimmed = text.strip(" \t\n\r")
        rules: Any = JsonRules
        value, end = make_scanner(rules)(trimmed, 0)
        if end == len(trimmed):
            return value
    except (AttributeError, ImportError, StopIteration, SystemError, ValueError):
        # Another implementation of Python, or a version whose scanner asks for more than `JsonRules` has; or not JSON,
        # and until Python 3.12 the scanner has no error without `json`.
        pass
    import json

    return json.loads(text)


def dumped(value: Any, default: Callable[[Any], Any] | None = None, *, allow_nan: bool = True) -> str:
    """Write JSON as `json.dumps` does, without importing it."""
    try:
        from _json import encode_basestring_ascii, make_encoder

        text, sorts, skips = encode_basestring_ascii, False, False
        encode = make_encoder({}, default or no_json, text, None, ": ", ", ", sorts, skips, allow_nan)
    except (ImportError, TypeError):
        # Another implementation of Python, or a version whose encoder takes other arguments.
        import json

        return json.dumps(value, default=default, allow_nan=allow_nan)
    return "".join(encode(value, 0))


def no_json(value: Any) -> Any:
    """Refuse a value in the words of `json`."""
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def parse_executor_input(text: str) -> dict[str, Any] | None:
    """Read KFP 2's ExecutorInput; the literal placeholder means that the engine has none."""
    if text == ABSENT or not text:
        return None
    try:
        parsed = loaded(text)
    except (ValueError, RecursionError) as error:
        raise WrongCall(f"the engine's --executor-input is not JSON: {error}") from None
    check_executor_input(parsed)
    return parsed  # type: ignore[no-any-return]


def check_executor_input(given: Any) -> None:
    """Check that an ExecutorInput has the form of KFP's `pipeline_spec.proto`, as far as it is used here."""
    of_kind(given, dict, "it")
    for direction in ("inputs", "outputs"):
        part = of_kind(given.get(direction), dict, direction)
        of_kind(part.get("parameterValues"), dict, direction + ".parameterValues")
        if "\0" in of_kind(part.get("outputFile"), str, direction + ".outputFile"):
            raise WrongCall(f"the engine's --executor-input is malformed: {direction}.outputFile has a null character")
        listed = of_kind(part.get("artifacts"), dict, direction + ".artifacts")
        for name, port in listed.items():
            where = f"{direction}.artifacts.{name}"
            for artifact in of_kind(of_kind(port, dict, where).get("artifacts"), list, where + ".artifacts"):
                of_kind(artifact, dict, f"an artifact of {where}")
                for key, kind in (("name", str), ("uri", str), ("metadata", dict)):
                    of_kind(artifact.get(key), kind, f"{key} of an artifact of {where}")


def of_kind(value: Any, kind: type, where: str) -> Any:
    """Return a part of an ExecutorInput, empty for null: protobuf's JSON may omit or null any part."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise WrongCall(
            f"the engine's --executor-input is malformed: {where} is {json_kind(value)}, expected {json_kind(kind())}"
        )
    return value


def json_kind(value: Any) -> str:
    """Return the kind of a JSON value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def as_given(words: list[str]) -> list[str]:
    """Return a command line with the arguments that Argo has put into files, because they are too long for one.

    A word that looks like the name of such a file stays as it is if the caller wrote it.
    """
    if not words or not os.environ.get("ARGO_CONTAINER_NAME"):
        return words
    # Both lists end alike; what stands before the arguments differs, above all if KFP's launcher starts this one.
    written = argo_arguments()[-len(words) :]
    written = [None] * (len(words) - len(written)) + written
    return [word if word == same else offloaded(word) for word, same in zip(words, written, strict=True)]


def argo_arguments() -> list[Any]:
    """Return the arguments as they were before Argo put the long ones into files; empty if it keeps no list."""
    try:
        with open(os.environ.get("ARGO_CONTAINER_ARGS_FILE") or "", encoding="utf-8") as stream:
            written = loaded(stream.read())
    except (OSError, ValueError, RecursionError):
        return []
    return written if isinstance(written, list) else []


def offloaded(word: str) -> str:
    """Return the text of the file that Argo names in the place of an argument; any other word as it is."""
    begin, end = OFFLOADED
    number = word[len(begin) : -len(end)]
    if word != begin + number + end or not (number.isascii() and number.isdigit()):
        return word
    try:
        with open(word[1:], "rb") as stream:
            return os.fsdecode(stream.read())
    except FileNotFoundError:
        return word
    except OSError as error:
        raise Outside(f"cannot read the argument that Argo has put into {word[1:]}: {error.strerror}") from None


def read_values(path: str) -> dict[str, str]:
    """Read the values that are too long for a command line: texts by input name."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            values = loaded(stream.read())
    except (OSError, ValueError, RecursionError) as error:
        raise WrongCall(f"cannot read the values in {path}: {error}") from None
    if not isinstance(values, dict):
        raise WrongCall(f"the values in {path} are {json_kind(values)}, expected an object of texts by input name")
    for name, value in values.items():
        if not isinstance(value, str):
            raise WrongCall(f"the values in {path} are wrong: {name!r} is {json_kind(value)}, expected a text")
    return values


def read_side_file(path: str) -> dict[str, Any] | None:
    """Read the metadata that an earlier step wrote beside an artifact."""
    try:
        with open(path + SIDE_FILE, encoding="utf-8") as stream:
            metadata = loaded(stream.read())
    except (OSError, ValueError, RecursionError):
        return None
    return metadata if isinstance(metadata, dict) else None


def sanitised(name: str) -> str:
    """Return the name that KFP 2 uses for a port (kfp 2.17, `dsl/utils.py`)."""
    kept = "".join(letter if letter in "_0123456789abcdefghijklmnopqrstuvwxyz" else " " for letter in name.lower())
    # What lies between is one underscore; underscores of the name itself all stay.
    return "_".join(filter(None, kept.split(" "))).strip("_")


def parse_value(port: Port, value: Any) -> Any:
    """Return an engine's value as a Python value; `value` is text, or a JSON value of KFP 2."""
    kind = port["type"]
    try:
        if kind == "Integer":
            return parse_integer(value)
        if kind == "Float":
            return float(value)
        if kind == "Boolean":
            return parse_boolean(value)
        if kind in ("JsonArray", "JsonObject"):
            return parse_json(value, list if kind == "JsonArray" else dict)
    except (ValueError, TypeError, OverflowError):
        raise unfit(port, value, kind) from None
    return value if isinstance(value, str) else dumped(value)


def unfit(port: Port, value: Any, expected: str) -> Refused:
    """Return the error for a value that does not fit."""
    shown = value if isinstance(value, str) else dumped(value)
    return Refused(f"the input {port['name']!r} is {shown[:200]!r}, expected {expected}")


def parse_integer(value: Any) -> int:
    """Read an integer; KFP 2 passes 5 as 5.0."""
    if isinstance(value, bool):
        raise ValueError(value)
    text = repr(value) if isinstance(value, float) else str(value)
    whole, _, fraction = text.partition(".")
    if not fraction.strip("0") and whole.strip("+- ").isdigit():
        return int(whole)
    number = float(text)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def parse_boolean(value: Any) -> bool:
    """Read a boolean; KFP 1.8 passes True, KFP 2 true."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in TRUE and text not in FALSE:
        raise ValueError(value)
    return text in TRUE


def parse_json(value: Any, expected: type) -> Any:
    """Read a list or an object."""
    parsed = loaded(value) if isinstance(value, str) else value
    if not isinstance(parsed, expected):
        raise ValueError(value)
    return parsed


def given_value(port: Port, value: Any, namespace: dict[str, Any]) -> Any:
    """Return a parsed value as the function receives it: one of its choices, lists and records with typed items."""
    choices = port.get("choices")
    if choices and value not in choices:
        raise unfit(port, value, "one of " + ", ".join(map(repr, choices)))
    shape = port.get("shape")
    if shape is None:
        return value
    try:
        return shaped(shape, value, namespace)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = str(error).strip().replace("\n", "; ")
        raise Refused(f"the input {port['name']!r} does not fit {shape_text(shape)}: {reason[:500]}") from None


def shaped(shape: Any, value: Any, namespace: dict[str, Any]) -> Any:
    """Convert a JSON value to its annotation's type; KFP 2's local runner gives 1.0 for 1."""
    if isinstance(shape, str):
        return parse_item(shape, value)
    kind, inner = shape
    if kind == "optional":
        return None if value is None else shaped(inner, value, namespace)
    if kind == "list":
        return [shaped(inner, item, namespace) for item in parse_json(value, list)]
    if kind == "dict":
        return {name: shaped(inner, item, namespace) for name, item in parse_json(value, dict).items()}
    if kind == "choices":
        if value not in inner:
            raise ValueError(f"{value!r} is not one of {inner}")
        return value
    first, *rest = inner.split(".")
    found = namespace[first]
    for name in rest:
        found = getattr(found, name)
    return made(found, value)


def shape_text(shape: Any) -> str:
    """Write a shape as people do: `list[Integer]`."""
    if isinstance(shape, str):
        return shape
    kind, inner = shape
    return str(inner) if kind in ("class", "choices") else f"{kind}[{shape_text(inner)}]"


def parse_item(kind: str, value: Any) -> Any:
    """Read an item of a list or a dict: a JSON value, a text only if the annotation is one."""
    if kind in ("JsonArray", "JsonObject"):
        return parse_json(value, list if kind == "JsonArray" else dict)
    fits = isinstance(value, str) if kind == "String" else isinstance(value, bool) == (kind == "Boolean")
    if not fits or (kind != "String" and not isinstance(value, (int, float))):
        raise ValueError(f"{dumped(value)[:200]} is not a valid {kind}")
    if kind == "Integer":
        return parse_integer(value)
    return float(value) if kind == "Float" else value


def made(cls: Any, value: Any) -> Any:
    """Make a member of an enumeration, or a record with its own records inside, from a JSON value."""
    if hasattr(cls, "__members__"):
        return cls(value)
    if hasattr(cls, "model_validate"):
        return cls.model_validate(value)
    fields = parse_json(value, dict)
    from typing import get_type_hints

    hints = get_type_hints(cls)
    unknown = sorted(set(fields) - set(hints))
    if unknown:
        raise ValueError(f"{cls.__name__} has no {', '.join(unknown)}")
    read = {name: hinted(hints[name], item) for name, item in fields.items()}
    if isinstance(cls, type) and issubclass(cls, dict):
        missing = sorted(getattr(cls, "__required_keys__", frozenset()) - set(read))
        if missing:
            raise ValueError(f"{cls.__name__} lacks {', '.join(missing)}")
    return cls(**read)


def hinted(hint: Any, value: Any) -> Any:
    """Return a field's value; plain types are checked, others that hold no record are taken as they are."""
    from typing import get_args

    if hint in (int, float, bool, str, list, dict):
        kinds = {int: "Integer", float: "Float", bool: "Boolean", str: "String", list: "JsonArray"}
        return parse_item(kinds.get(hint, "JsonObject"), value)
    if isinstance(hint, type) and any(
        hasattr(hint, name) for name in ("__members__", "model_validate", "__dataclass_fields__", "__total__")
    ):
        return made(hint, value)
    inner = [part for part in get_args(hint) if part is not type(None)]
    if value is None or not inner:
        return value
    if isinstance(value, list):
        return [hinted(inner[0], item) for item in value]
    if isinstance(value, dict) and len(inner) == 2:  # noqa: PLR2004 (dict[str, T])
        return {name: hinted(inner[1], item) for name, item in value.items()}
    return hinted(inner[0], value) if len(inner) == 1 else value


def value_text(port: Port, value: Any) -> str:
    """Write a returned value as the text of its output."""
    kind, name = port["type"], port["name"]
    if value is None:
        raise Refused(f"the output {name!r} is None")
    if not isinstance(value, (str, list, tuple, dict)):
        value = record_value(value)
    if isinstance(value, str) and kind not in ("Integer", "Float", "Boolean", "JsonArray", "JsonObject"):
        return value
    if kind == "Boolean" and type(value).__name__ in ("bool", "bool_"):
        return "true" if value else "false"
    if not isinstance(value, bool):
        if kind == "Integer" and hasattr(value, "__index__"):
            return str(value.__index__())
        if kind == "Float" and not isinstance(value, str) and hasattr(value, "__float__"):
            return number_text(name, float(value))
    if (kind == "JsonArray" and isinstance(value, (list, tuple))) or (
        (kind == "JsonObject" or port["kind"] == "artifact") and isinstance(value, dict)
    ):
        try:
            return json_text(value)
        except (TypeError, ValueError) as error:
            raise Refused(f"the output {name!r} cannot be written as JSON: {error}") from error
    raise Refused(f"the output {name!r} is {str(value)[:200]!r} ({type(value).__name__}), expected {kind}")


def json_text(value: Any) -> str:
    """Write JSON; numbers and arrays of numpy become plain ones."""
    return dumped(value, plain, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value of numpy, a record or an enumeration as a plain Python value."""
    if hasattr(value, "tolist"):
        return value.tolist()
    read = record_value(value)
    if read is value:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return read


def record_value(value: Any) -> Any:
    """Return a record as a dict and a member of an enumeration as its value; anything else as it is."""
    if hasattr(type(value), "__members__"):
        return value.value
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        fields = [field.name for field in getattr(type(value), "__attrs_attrs__", ())] or None
    return value if fields is None else {name: getattr(value, name) for name in fields}


def number_text(name: str, number: float) -> str:
    """Write a float; NaN and infinity have no JSON form, and engines refuse them late."""
    if number in (float("inf"), float("-inf")) or number != number:  # noqa: PLR0124 (NaN; math is not worth its import)
        raise Refused(f"the output {name!r} is {number!r}, which no engine can pass on")
    return repr(number)


def run_function(component: Component, call: Call, app: str) -> None:
    """Call the component's function and write what it returns."""
    outputs = {port["name"]: port for port in component["outputs"]}
    check_outputs(component, call)
    function, namespace = load_function(component["function"], app)
    keywords, artifacts = arguments(component, call, function, namespace)
    returned = None
    try:
        returned = function(**keywords)
    except SystemExit as left:
        # sys.exit(0) is not a failure, but the outputs must still be there.
        if left.code not in (None, 0):
            raise
    close_files(component, keywords)
    by_position = sorted((port["return"], port) for port in outputs.values() if "return" in port)
    values = returned_values(component, returned, [port["name"] for _, port in by_position])
    for (_, port), value in zip(by_position, values, strict=True):
        if port["kind"] == "artifact" and hasattr(value, "uri") and hasattr(value, "metadata"):
            artifacts[port["name"]] = returned_artifact(port, value, call)
        else:
            # As in KFP 2, numbers and the like become text; of other objects `str` would keep too little.
            simple = port["kind"] == "artifact" and isinstance(value, (int, float, list, tuple))
            write_text(call.outputs[port["name"]], str(value) if simple else value_text(port, value))
    for name, artifact in artifacts.items():
        write_logged(outputs[name], artifact, call)
    check_written(component, call, artifacts)
    report(component, call, artifacts)


def arguments(
    component: Component, call: Call, function: Callable[..., Any], namespace: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Artifact]]:
    """Return the function's keyword arguments, and its output artifacts by port."""
    keywords, artifacts = {}, {}
    for port in component["inputs"]:
        value = input_value(port, call)
        if value is not None:
            keywords[port["parameter"]] = (
                given_value(port, value, namespace) if port["passing"] == "value" else opened(port, value)
            )
        elif not has_default(function, port["parameter"]):
            # A decorator may hide the default that the contract has from the code.
            if "default" in port and port["passing"] == "value":
                keywords[port["parameter"]] = given_value(port, parse_value(port, port["default"]), namespace)
                continue
            if not port["optional"]:
                raise WrongCall(f"the input {port['name']!r} is missing")
            keywords[port["parameter"]] = None
    for port in component["outputs"]:
        if "parameter" not in port:
            continue
        path = call.outputs[port["name"]]
        if port["passing"] == "artifact":
            artifacts[port["name"]] = keywords[port["parameter"]] = call.artifact(port, path, "outputs")
        else:
            keywords[port["parameter"]] = opened(port, path)
    return keywords, artifacts


def opened(port: Port, path: Any) -> Any:
    """Open the file of a port whose function takes an open one; anything else stays what it is."""
    if port["passing"] != "file":
        return path
    mode = port["mode"]
    try:
        # Open while the function runs; `close_files` closes it.
        return open(path, mode) if "b" in mode else open(path, mode, encoding="utf-8")
    except OSError as error:
        raise Refused(f"cannot open {path} for {port['name']!r}: {error.strerror}") from None


def close_files(component: Component, keywords: dict[str, Any]) -> None:
    """Close the files that the function received, so that its writes reach the disk."""
    for port in (*component["inputs"], *component["outputs"]):
        if port.get("passing") == "file" and keywords.get(port["parameter"]) is not None:
            keywords[port["parameter"]].close()


def has_default(function: Callable[..., Any], parameter: str) -> bool:
    """Return whether a parameter may be left out. Importing `inspect` takes longer than all of this."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None:
        return True
    names = code.co_varnames[: code.co_argcount]
    defaults = getattr(function, "__defaults__", None) or ()
    keyword_only = getattr(function, "__kwdefaults__", None) or {}
    return parameter in names[len(names) - len(defaults) :] or parameter in keyword_only


def input_value(port: Port, call: Call) -> Any:
    """Return an input's value, path or artifact; None when it is absent."""
    name = port["name"]
    if port["kind"] == "parameter":
        value = call.inputs.get(name)
        if call.executor_input is not None:
            reported = call.reported("inputs", "parameterValues", name)
            # Only for an optional input does KFP decide whether it is present.
            value = reported if reported is not None or port["optional"] else value
        return None if value is None else parse_value(port, value)
    if port.get("many"):
        return call.artifacts(port)
    path = call.inputs.get(name)
    if path is None:
        # KFP's server never finds an artifact present (2.17, `backend/src/v2/driver/util.go`), so argv lacks it.
        path = call.artifact(port, "", "inputs").path
    if not path:
        return None
    return call.artifact(port, path, "inputs") if port["passing"] == "artifact" else path


def load_function(entrypoint: str, app: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Import the module and return its function, without decorators' wrappers, and the module's names."""
    from importlib import import_module

    sys.path.insert(0, app)
    sys.meta_path.append(StandIns())
    module, _, name = entrypoint.partition(":")
    loaded = import_module(module)
    function = getattr(loaded, name, None)
    # A real kfp's decorator leaves a component object that keeps the function.
    function = getattr(function, "python_func", function)
    if not callable(function):
        raise Refused(f"the module {module} has no function {name}")
    return function, vars(loaded)


def returned_values(component: Component, returned: Any, names: list[str]) -> tuple[Any, ...]:
    """Return one value for each output that comes from the return value, in the order of `names`.

    A value whose parts have names is taken by these, a plain tuple by position.
    """
    if not names:
        return ()
    if not component["returns_tuple"]:
        return (returned,)
    if isinstance(returned, tuple):
        fields = getattr(returned, "_fields", None)
        named = fields and dict(zip(fields, returned, strict=True))
    else:
        named = record_value(returned)
    if isinstance(named, dict):
        if set(named) != set(names):
            raise Refused(f"the function returned {', '.join(map(str, named))}, expected {', '.join(names)}")
        return tuple(named[name] for name in names)
    if not isinstance(returned, tuple):
        raise Refused(f"the function returned {type(returned).__name__}, expected a tuple of {len(names)}")
    if len(returned) != len(names):
        raise Refused(f"the function returned {len(returned)} values, expected {len(names)}")
    return returned


def returned_artifact(port: Port, value: Any, call: Call) -> Artifact:
    """Move a returned artifact to the output's place, or pass on its URI; with its metadata."""
    path = call.outputs[port["name"]]
    artifact = call.artifact(port, path, "outputs")
    artifact.metadata.update(value.metadata)
    if value.path and os.path.exists(value.path):
        if os.path.realpath(value.path) != os.path.realpath(path):
            from shutil import copy2, copytree

            make_parent(path)
            copytree(value.path, path) if os.path.isdir(value.path) else copy2(value.path, path)
    elif value.uri:
        artifact.uri = value.uri
    return artifact


def write_logged(port: Port, artifact: Artifact, call: Call) -> None:
    """Write logged metrics to the artifact's path, unless the function wrote a file there itself."""
    path = call.outputs[port["name"]]
    if port["type"] not in LOGGED or not artifact.metadata or os.path.exists(path):
        return
    content = artifact.metadata
    if port["name"].replace("-", "_") == "mlpipeline_metrics":
        # KFP 1.8 shows this form in its interface.
        metrics = [
            {"name": name, "numberValue": value, "format": "RAW"}
            for name, value in content.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        ]
        content = {"metrics": metrics}
    try:
        text = json_text(content)
    except (TypeError, ValueError) as error:
        raise Refused(f"the metrics {port['name']!r} cannot be written as JSON: {error}") from error
    write_text(path, text)


def run_program(component: Component, call: Call, app: str, child: Child | None) -> int:
    """Run a program in the app folder, forward signals to it, and return its exit code."""
    check_outputs(component, call)
    if not call.program:
        raise WrongCall("no program after --")
    command, variables = program_command(component, call)
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    if os.path.isdir(app):
        os.chdir(app)
    os.environ.update(variables)
    code = (child or Child()).run(command)
    if code == 0:
        check_written(component, call, {})
        report(component, call, {})
    return code


def program_command(component: Component, call: Call) -> tuple[list[str], dict[str, str]]:
    """Return the program's command line, with the words of its ports, and its variables."""
    command = list(call.program or ())
    before: list[tuple[Port, Any]] = []
    after: list[tuple[Port, Any]] = []
    variables: dict[str, str] = {}
    words = 0
    for port in (*component["inputs"], *component["outputs"]):
        spec = port.get("program")
        if spec is None:
            continue
        value = port_value(port, call)
        if spec.get("form") == "variable":
            if not is_left_out(port, value):
                variables[spec["flag"]] = str(value).lower() if isinstance(value, bool) else word_text(value)
        elif spec.get("before"):
            words = spec["before"]
            before.append((port, value))
        else:
            after.append((port, value))
    at = len(command) - words
    options, positional, lists = arranged(before)
    # A sub-command may follow, so nothing open may come last.
    first = [*lists, *options, *positional]
    options, positional, lists = arranged(after)
    if any(word.startswith("-") for word in positional):
        lists, positional = [*lists, "--", *positional], []
    # A list takes all words up to the next flag, so nothing may follow it.
    return [*command[:at], *first, *command[at:], *options, *positional, *lists], variables


def arranged(given: list[tuple[Port, Any]]) -> tuple[list[str], list[str], list[str]]:
    """Return words with flags, positional words in order, and words that take all words after them."""
    options: list[str] = []
    lists: list[str] = []
    positional: list[tuple[Port, Any]] = []
    for port, value in given:
        if not port["program"].get("flag"):
            positional.append((port, value))
        elif not is_left_out(port, value):
            made = port_words(port, value)
            (lists if is_open(port["program"], made) else options).extend(made)
    positional.sort(key=lambda one: one[0]["program"].get("position", 0))
    while positional and is_left_out(*positional[-1]):
        positional.pop()
    words: list[str] = []
    for port, value in positional:
        if value is None:
            last = positional[-1][0]["name"]
            raise Refused(f"the input {port['name']!r} is missing: {last!r}, which is given, comes after it")
        words += port_words(port, value)
    return options, words, lists


def is_open(spec: Any, words: list[str]) -> bool:
    """Return whether a flag also takes the words after it."""
    alone = "const" in spec and words[-1:] == [spec["flag"]]
    return bool(spec.get("form") == "list" or spec.get("nested") or alone)


def port_value(port: Port, call: Call) -> Any:
    """Return an input's value or path, or an output's path; None for an absent input."""
    if "optional" in port:
        value = input_value({**port, "passing": "path"}, call)
        if value is None and port["kind"] == "parameter" and "default" in port:
            value = parse_value(port, port["default"])
        if is_left_out(port, value) or port["kind"] == "artifact":
            return value
        return given_value(port, value, {})
    path = call.outputs[port["name"]]
    if port["program"].get("folder"):
        make_parent(os.path.join(path, "."))
    return path


def own_default(port: Port) -> Any:
    """Return the program's own default; None if unknown."""
    text = port["program"].get("default")
    return None if text is None else parse_value(port, text)


def is_left_out(port: Port, value: Any) -> bool:
    """Return whether a value needs no word: it is absent, or the program's own default.

    No word may give the same: `type=bool` reads every text but the empty one as true.
    """
    return value is None or (port["kind"] == "parameter" and value == own_default(port))


def port_words(port: Port, value: Any) -> list[str]:  # noqa: PLR0911 (one for each form)
    """Write a value as words of a command line."""
    spec = port["program"]
    form, flag = spec.get("form", "value"), spec.get("flag", "")
    if form == "switch":
        return switched(port, value)
    if form == "count":
        more = value - (own_default(port) or 0 if spec.get("adds") else 0)
        if more < 0:
            raise cannot_say(port, value, "the program counts on from its default")
        return [flag] * more
    if form == "yaml":
        return [flag, json_text({port["name"]: value})]
    if form == "assign":
        return [f"{flag}={word_text(value)}"]
    if form == "truth":
        return joined(flag, "True" if value else "")
    if "const" in spec and value == parse_value(port, spec["const"]):
        return [flag]
    if isinstance(value, list):
        return list_words(port, value)
    return joined(flag, repr(value) if spec.get("quoted") else word_text(value))


def list_words(port: Port, value: list[Any]) -> list[str]:
    """Write a list as words of a command line."""
    spec = port["program"]
    form, flag = spec.get("form", "value"), spec.get("flag", "")
    if spec.get("adds"):
        value = added(port, value)
    if form == "each" and spec.get("nested"):
        return [word for item in value for word in (flag, *map(word_text, item))]
    items = [word_text(item) for item in value]
    if form == "list":
        return [*([flag] if flag else []), *items]
    if form == "each":
        return [word for item in items for word in joined(flag, item)]
    return joined(flag, ",".join(items) if form == "comma" else word_text(value))


def switched(port: Port, value: Any) -> list[str]:
    """Return the flag for yes or no; no flag if that is the program's own default."""
    spec = port["program"]
    chosen = spec["flag"] if value else spec.get("off", "")
    if not chosen and (own_default(port) or "default" not in port):
        raise cannot_say(port, value, "the program has no flag that says so")
    return [chosen] if chosen else []


def added(port: Port, value: list[Any]) -> list[Any]:
    """Return the items to add to those of the program's default, which stay."""
    kept = own_default(port) or []
    if value[: len(kept)] != kept:
        raise cannot_say(port, value, "the program adds items to its default")
    return value[len(kept) :]


def cannot_say(port: Port, value: Any, reason: str) -> Refused:
    """Return the error for a value that the program's command line cannot express."""
    own = port["program"].get("default")
    default = "" if own is None else f" {own}"
    return Refused(f"the input {port['name']!r} cannot be {dumped(value)[:200]}: {reason}{default}")


def joined(flag: str, text: str) -> list[str]:
    """Join a long flag and its value, so that a value may begin with a dash."""
    if flag.startswith("--"):
        return [f"{flag}={text}"]
    return [flag, text] if flag else [text]


def word_text(value: Any) -> str:
    """Write a value as Python programs read it."""
    if isinstance(value, float) and value.is_integer():
        # int() does not accept 1e22.
        return str(int(value)) if abs(value) < 1e15 else repr(value)  # noqa: PLR2004 (all digits are exact below)
    return json_text(value) if isinstance(value, (list, dict)) else str(value)


class Child:
    """One program, and the signals that come for it.

    They are blocked, and one wait takes them and the program's end, so that none is lost and none is late. Python runs
    handlers between two of its own steps, so a signal that comes just before a wait would be late.
    """

    def __init__(self) -> None:
        import signal

        self.signal = signal
        self.taken = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD}
        self.mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        # Without a handler, some systems drop a signal though it is blocked.
        self.handler = signal.signal(signal.SIGCHLD, lambda *_: None)
        self.process = 0

    def run(self, command: list[str]) -> int:
        """Run to the end and return the exit code."""
        # Python ignores these two; the program must not inherit that.
        defaults = (self.signal.SIGPIPE, self.signal.SIGXFSZ)
        try:
            self.process = os.posix_spawnp(
                command[0], command, os.environ, setsigdef=defaults, setsigmask=tuple(self.mask)
            )
        except OSError as error:
            raise Refused(f"cannot run {command[0]}: {too_long(command, error) or error.strerror}") from error
        except ValueError as error:
            # A JSON value may hold a null character, a word of a command line may not.
            raise Refused(f"cannot run {command[0]}: {error}") from None
        return self.wait()

    def fork(self) -> int | None:
        """Go on as a child, and give the parent the child's exit code.

        The kernel keeps signals without a handler from process 1, which must also collect orphans.
        """
        self.process = os.fork()
        if self.process:
            return self.wait()
        self.signal.signal(self.signal.SIGCHLD, self.handler or self.signal.SIG_DFL)
        self.signal.pthread_sigmask(self.signal.SIG_SETMASK, self.mask)
        return None

    def wait(self) -> int:
        """Pass signals on until the end, and return the exit code, or 128 plus the signal that ended it."""
        while True:
            number = self.signal.sigwait(self.taken)
            if number != self.signal.SIGCHLD:
                os.kill(self.process, number)
                continue
            status = self.ended()
            if status is not None:
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def ended(self) -> int | None:
        """Collect every process that ended, and return the child's status if it is one of them.

        One SIGCHLD may stand for many; as process 1 of a container there may be orphans among them.
        """
        status = None
        while True:
            try:
                process, of_process = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return status
            if process == 0:
                return status
            if process == self.process:
                status = of_process


def too_long(command: list[str], error: OSError) -> str | None:
    """Return what is too long for a command line, and what to do; None if the error has another reason."""
    from errno import E2BIG

    if error.errno != E2BIG:
        return None
    longest = max([*command, *(f"{name}={value}" for name, value in os.environ.items())], key=byte_count)
    size, advice = byte_count(longest), "make the input an artifact, which is passed as a file"
    if size > LONGEST_WORD:
        return f"{longest[:40]!r}… has {size} bytes, and a command line takes {LONGEST_WORD} a word: {advice}"
    return f"its command line of {sum(map(byte_count, command))} bytes is too long: {advice}"


def byte_count(word: str) -> int:
    """Return the bytes of a word of a command line."""
    return len(os.fsencode(word))


def check_outputs(component: Component, call: Call) -> None:
    """Check that every output has a path, and make the paths' parents."""
    for port in component["outputs"]:
        if port["name"] not in call.outputs:
            raise WrongCall(f"the output {port['name']!r} has no path")
        make_parent(call.outputs[port["name"]])


def check_written(component: Component, call: Call, artifacts: dict[str, Artifact]) -> None:
    """Check that every output was written. For KFP 2 another URI suffices; other engines know only the path."""
    missing = []
    for port in component["outputs"]:
        path = call.outputs[port["name"]]
        artifact = artifacts.get(port["name"])
        moved = artifact is not None and artifact.uri != call.artifact(port, path, "outputs").uri
        if not (moved and call.executor_input) and not os.path.exists(path):
            missing.append(f"{port['name']} ({path})")
    if missing:
        raise Refused("declared and not written: " + ", ".join(missing))


def report(component: Component, call: Call, artifacts: dict[str, Artifact]) -> None:
    """Write KFP 2's executor_output.json: the artifacts with their metadata (ExecutorOutput, pipeline_spec.proto)."""
    destination = ((call.executor_input or {}).get("outputs") or {}).get("outputFile")
    if call.executor_input is None:
        write_side_files(call, artifacts)
    if not destination:
        return
    reported = {}
    for port in component["outputs"]:
        if port["kind"] != "artifact":
            continue
        artifact = artifacts.get(port["name"]) or call.artifact(port, call.outputs[port["name"]], "outputs")
        entry = {"name": artifact.name, "uri": artifact.uri, "metadata": artifact.metadata}
        reported[sanitised(port["name"])] = {"artifacts": [entry]}
    try:
        text = json_text({"artifacts": reported} if reported else {})
    except (TypeError, ValueError) as error:
        raise Refused(f"the artifacts' metadata cannot be written as JSON: {error}") from error
    write_text(destination, text)


def write_side_files(call: Call, artifacts: dict[str, Artifact]) -> None:
    """Write metadata beside the artifacts: engines other than KFP 2 have no other place for it."""
    for name, artifact in artifacts.items():
        if artifact.metadata:
            try:
                text = json_text(artifact.metadata)
            except (TypeError, ValueError) as error:
                raise Refused(f"the metadata of {name!r} cannot be written as JSON: {error}") from error
            write_text(call.outputs[name] + SIDE_FILE, text)


def leave_root(component: Component, call: Call) -> None:
    """Work in /tmp instead of a `/` that cannot be written: libraries leave logs and models where they work."""
    if not os.path.samefile(".", "/") or os.access("/", os.W_OK) or not os.access("/tmp", os.W_OK):
        return
    for ports, given in ((component["inputs"], call.inputs), (component["outputs"], call.outputs)):
        for port in ports:
            # Relative paths begin at the engine's folder.
            if port["name"] in given and (port["kind"] == "artifact" or given is call.outputs):
                given[port["name"]] = os.path.abspath(given[port["name"]])
    os.chdir("/tmp")


def make_parent(path: str) -> None:
    """Make the folder that a path lies in."""
    parent = os.path.dirname(path)
    try:
        os.makedirs(parent or ".", exist_ok=True)
    except OSError as error:
        raise Outside(f"cannot make the folder {parent}: {error.strerror}{way_to_write(error)}") from None


def way_to_write(error: OSError) -> str:
    """Return how an engine lets an output be written; empty if the error has another reason."""
    from errno import EACCES, EROFS

    if error.errno == EROFS:
        return ": the engine must mount a volume there that can be written, such as an emptyDir at /tmp"
    if error.errno == EACCES:
        return f": run the container as the owner of that folder, or let user {os.getuid()} write there"
    return ""


def write_text(path: str, text: str) -> None:
    """Write a text to a path whose parents may be missing."""
    make_parent(path)
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise Outside(f"cannot write {path}: {error.strerror}{way_to_write(error)}") from None
    except UnicodeEncodeError as error:
        raise Refused(f"cannot write {path}: {error}") from None


def main(arguments: list[str]) -> int:
    """Run the component that the first argument names; return the exit code."""
    # The kernel drops signals for process 1 that are neither blocked nor handled, so they are blocked at once.
    child = Child() if os.getpid() == 1 else None
    folder = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or ".") == folder:
        # Python before 3.11 has no -P to keep this folder off the path.
        del sys.path[0]
    home = os.environ.get("HOME")
    # Engines say `/` for a user that the image does not know, and an image may name the home of another user.
    if not home or (not os.access(home, os.W_OK if home == "/" else os.X_OK) and os.path.exists(home)):
        os.environ["HOME"] = "/tmp"
    name = arguments[0] if arguments else None
    try:
        component = find_component(folder, name)
        call = Call.parse(as_given(arguments[1:]), component)
        sys.argv = arguments[:1]
        app = os.path.join(folder, "app")
        sys.excepthook = lambda kind, error, _: show_failure(name, kind, error)
        if "function" not in component:
            return run_program(component, call, app, child)
        if call.program is not None:
            raise WrongCall("a function takes nothing after --")
        if child is not None:
            code = child.fork()
            if code is not None:
                return code
        leave_root(component, call)
        run_function(component, call, app)
    except Refused as refused:
        say(name, refused)
        return refused.code
    except KeyboardInterrupt as interrupt:
        # Python's own 130 is lost once a hook has printed the traceback.
        show_failure(name, KeyboardInterrupt, interrupt)
        return 130
    return 0


def find_component(folder: str, name: str | None) -> Component:
    """Read interface.json and return the named component."""
    try:
        with open(os.path.join(folder, "interface.json"), encoding="utf-8") as stream:
            interface = loaded(stream.read())
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(f"cannot read interface.json beside the launcher: {error}") from None
    protocol = interface.get("protocol") if isinstance(interface, dict) else None
    if protocol != PROTOCOL:
        raise damaged(f"interface.json is of protocol {protocol}, this launcher speaks {PROTOCOL}")
    components = interface.get("components")
    if not isinstance(components, dict):
        raise damaged("interface.json lists no components")
    if name is None or name not in components:
        known = ", ".join(sorted(components))
        raise WrongCall(f"unknown component; this image has: {known}")
    check_component(name, components[name])
    return components[name]  # type: ignore[no-any-return]


def check_component(name: str, component: Any) -> None:
    """Check that a component in interface.json has all fields that are read later."""
    described(component, {"inputs": list, "outputs": list}, name)
    function = "function" in component
    if function:
        described(component, {"function": str, "returns_tuple": bool}, name)
    for direction in ("inputs", "outputs"):
        for number, port in enumerate(component[direction]):
            where = f"{name}.{direction}[{number}]"
            described(port, {"name": str, "flag": str, "type": str, "kind": str}, where)
            if direction == "inputs":
                described(port, {"optional": bool}, where)
            if function and direction == "outputs" and "parameter" not in port:
                described(port, {"return": int}, where)
            elif function:
                described(port, {"parameter": str, "passing": str}, where)
            check_details(port, where)


def check_details(port: Port, where: str) -> None:
    """Check the fields that only some ports have."""
    if port.get("passing") == "file":
        described(port, {"mode": str}, where)
    if "choices" in port:
        described(port, {"choices": list}, where)
    if "program" in port:
        described(port, {"program": dict}, where)
    if "shape" in port and not is_shape(port["shape"]):
        raise damaged(f"interface.json: {where}.shape is wrong")


def described(thing: Any, members: dict[str, type], where: str) -> None:
    """Check that an object of interface.json has members of these types."""
    if not isinstance(thing, dict):
        raise damaged(f"interface.json: {where} is {json_kind(thing)}, expected an object")
    for key, kind in members.items():
        if key not in thing:
            raise damaged(f"interface.json: {where} has no {key!r}")
        if type(thing[key]) is not kind:
            raise damaged(f"interface.json: {where}.{key} is {json_kind(thing[key])}, expected {json_kind(kind())}")


def is_shape(shape: Any) -> bool:
    """Return whether this is a shape: a type's name, or a kind and the shapes of its items."""
    while isinstance(shape, list) and len(shape) == 2 and shape[0] in ("list", "dict", "optional"):  # noqa: PLR2004 (a pair)
        shape = shape[1]
    if isinstance(shape, str):
        return True
    if not isinstance(shape, list) or len(shape) != 2:  # noqa: PLR2004 (a pair)
        return False
    return (shape[0] == "choices" and isinstance(shape[1], list)) or (shape[0] == "class" and isinstance(shape[1], str))


def show_failure(name: str | None, kind: type[BaseException], error: BaseException) -> None:
    """Print the traceback of the user's code, without the frames of this file and of the import system."""
    import traceback

    shown = traceback.TracebackException.from_exception(error)
    # From 3.14 on, Python takes __file__ from the main module before it calls the hook.
    launcher = show_failure.__code__.co_filename
    kept = [f for f in shown.stack if f.filename != launcher and not f.filename.startswith("<frozen importlib")]
    shown.stack = traceback.StackSummary.from_list(kept)
    flush()
    sys.stderr.write("".join(shown.format()))
    said = str(shown).strip().split("\n")[0]
    say(name, f"{kind.__name__}: {said}" if said else kind.__name__)


def say(name: str | None, message: object) -> None:
    """Print one line to stderr, after what the code has printed."""
    flush()
    sys.stderr.write(f"comp: {name or 'launch.py'}: {message}\n")


def flush() -> None:
    """Flush what the code has printed, unless stdout is closed."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
