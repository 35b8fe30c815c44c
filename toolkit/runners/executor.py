"""The ExecutorInput that KFP 2's launcher hands to a program, and the report that the program gives back to it.

The forms are those of `pipeline_spec.proto` (kfp 2.17): the messages ExecutorInput and ExecutorOutput, as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import InputError
from toolkit.limits import OUTPUT_VALUE_SIZE
from toolkit.runners.protocol import ArtifactItem, Call, Run
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.system import temporary
from toolkit.system.copying import copy_replacing, opened_folder
from toolkit.system.reading import read_foreign

_FOLDER = "report"
_REPORT = "executor_output.json"
_VERSION = "0.0.1"


def executor_input(call: Call, inside: str, input_paths: Mapping[str, str], output_paths: Mapping[str, str]) -> str:
    """Return the ExecutorInput of a call; paths are those where the component runs, `inside` that of its own folder.

    Raises InputError if no command line can hold it.
    """
    artifacts = {
        name: {"artifacts": [_artifact(item, input_paths[item.name]) for item in items]}
        for name, items in call.artifacts.items()
    }
    parameters = {name: {"outputFile": path} for name, path in output_paths.items() if name not in call.outputs}
    made = {
        name: {"artifacts": [_artifact(ArtifactItem(name=name, schema=schema), output_paths[name])]}
        for name, schema in call.outputs.items()
    }
    outputs = {"parameters": parameters, "artifacts": made, "outputFile": f"{inside}/{_FOLDER}/{_REPORT}"}
    document = {
        "inputs": {"parameterValues": dict(call.parameters), "artifacts": artifacts},
        "outputs": outputs,
    }
    text = json.dumps(document, ensure_ascii=False)
    if len(text.encode(errors="replace")) > LONGEST_ARGUMENT:
        longest = max(call.parameters, key=lambda name: len(json.dumps(call.parameters[name])), default="")
        raise InputError(
            f"the inputs together are longer than {LONGEST_ARGUMENT} bytes, the most that a command line holds",
            hint=f"make {longest!r} an artifact: KFP cannot pass it either",
        )
    return text


def _artifact(item: ArtifactItem, path: str) -> dict[str, Any]:
    """Return an artifact as the launcher describes it. A path on this machine is a URI for KFP."""
    type_ = {"schemaTitle": item.schema, "schemaVersion": _VERSION}
    return {"name": item.name, "type": type_, "uri": path, "metadata": dict(item.metadata)}


def make_report_folder(folder: Path) -> None:
    """Make the folder for a program's report, which a container of any user may write to."""
    (folder / _FOLDER).mkdir(exist_ok=True)
    (folder / _FOLDER).chmod(0o777)


def read_report(folder: Path, run: Run) -> dict[str, Any]:
    """Return the report of a program; empty if it wrote none. Raises InputError if it is not one."""
    if run.call is None:
        return {}
    with temporary.folder("report") as own:
        # A link in its place would lead to a file of this machine.
        try:
            with opened_folder(folder, _FOLDER) as source, opened_folder(own) as target:
                if not copy_replacing(source, _REPORT, target, _REPORT):
                    return {}
        except OSError:
            return {}
        path = own / _REPORT
        try:
            report = json.loads(read_foreign(path, OUTPUT_VALUE_SIZE)) if not path.is_symlink() else None
        except (ValueError, RecursionError):
            report = None
    if not isinstance(report, dict):
        raise InputError(f"the component wrote an {_REPORT} that is not a JSON object")
    return report
