"""A YAML file with the inputs of a pipeline: values by name, and artifacts as `{path: …}`, relative to the file."""

from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.runners.cases import parameter_text
from toolkit.spec.mapping_file import read_mapping


def read_inputs(path: Path) -> dict[str, str]:
    """Return the inputs as texts and paths; null leaves an input out. Raises InputError with the file."""
    data = read_mapping(path, hint="write NAME: VALUE")
    for name in data:
        if not isinstance(name, str):
            raise InputError(f"the input's name {name!r} is not a text", where=Location(path=path), hint="quote it")
    inputs: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, dict) and value.keys() == {"path"}:
            inputs[name] = str(path.parent / str(value["path"]))
        elif value is not None:
            inputs[name] = parameter_text(value)
    return inputs
