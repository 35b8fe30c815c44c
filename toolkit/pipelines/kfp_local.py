"""Run a whole pipeline by kfp's own local docker runner, in a process of the Python that has kfp.

kfp decides the order, calls docker and passes values on. It tells of no steps, so the record has the outputs alone, and
neither the cache nor resuming applies.
"""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.interface.model import Kind
from toolkit.pipelines import kfp_local_program
from toolkit.pipelines.content import content_digest, entries_of
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.kfp_process import kfp_python
from toolkit.pipelines.local_run import Finished, alone, divided, new_folder
from toolkit.pipelines.refusals import INSTALL
from toolkit.pipelines.run_record import IR, RunFile
from toolkit.pipelines.scheduling import State
from toolkit.pipelines.step_work import LOG
from toolkit.pipelines.values import Artifact, Gathered, Value, parameter, parse_value
from toolkit.system import temporary
from toolkit.system.atomic import write_text

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DOCKER = "pip install 'kfp[all]' into the Python that has kfp: its local runner needs docker's SDK"


def run_by_kfp(
    pipeline: Pipeline,
    text: str,
    texts: Mapping[str, str],
    out: Path,
    *,
    python: Path | None,
    environ: Mapping[str, str],
    hear: Callable[[str], None],
) -> Finished:
    """Run a pipeline to its end; `hear` gets each line that kfp and the steps print.

    Raises UsageError for inputs that do not fit, InputError and OutsideError if kfp cannot run it.
    """
    interpreter = kfp_python(python, environ)
    values, artifacts = divided(pipeline, texts)
    if artifacts:
        raise UsageError(
            f"kfp's local runner takes no artifacts as inputs: {', '.join(artifacts)}",
            hint="use another --runner, or an importer in the pipeline",
        )
    types = {port.name: port.type for port in pipeline.interface.inputs if port.kind is Kind.PARAMETER}
    folder = new_folder(out, pipeline.name)
    with alone(folder), temporary.folder("kfp") as scratch:
        write_text(folder / IR, text)
        file = RunFile(folder.resolve(), {"pipeline": pipeline.name, "runner": "kfp", "inputs": dict(texts)})
        file.write()
        question, answer = scratch / "request.json", scratch / "result.json"
        request = {
            "pipeline": str((folder / IR).resolve()),
            "root": str(folder.resolve() / "steps"),
            "inputs": {name: parse_value(text, types[name]) for name, text in values.items() if name in texts},
        }
        question.write_text(json.dumps(request), encoding="utf-8")
        code = _talk(interpreter, [str(question), str(answer)], folder / LOG, environ, hear)
        result = _result(answer, code, interpreter)
        if "error" in result:
            file.end(State.FAILED.value, {})
            return Finished(folder=folder, state=State.FAILED, steps={}, error=InputError(result["error"]))
        outputs = {name: _value(each) for name, each in result["outputs"].items()}
        file.end(State.SUCCEEDED.value, outputs)
    return Finished(folder=folder, state=State.SUCCEEDED, steps={}, outputs=outputs)


def _talk(
    python: Path, arguments: list[str], log: Path, environ: Mapping[str, str], hear: Callable[[str], None]
) -> int:
    """Run the program, pass on what it prints, and return its exit code."""
    command = [str(python), str(Path(kfp_local_program.__file__)), *arguments]
    try:
        with (
            log.open("wb") as stream,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
            ) as process,
        ):
            for line in process.stdout or ():
                stream.write(line)
                # kfp colours its words whatever it prints to.
                hear(_COLOURS.sub("", line.decode(errors="replace").rstrip("\n")))
            return process.wait()
    except OSError as error:
        raise OutsideError(f"cannot start {python}: {error.strerror}", hint=INSTALL) from error


def _result(path: Path, code: int, python: Path) -> dict[str, Any]:
    """Return the program's result. Raises InputError if kfp is not there, OutsideError if it ended without one."""
    try:
        result = dict(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        raise OutsideError(f"kfp's local runner ended with code {code}, without a result", hint="see above") from None
    if "missing" in result:
        raise InputError(f"{python} has no {result['missing']}", hint=_DOCKER)
    return result


def _value(described: Any) -> Value:  # noqa: ANN401 (JSON of our program)
    """Return an output."""
    if isinstance(described, list):
        items = [_value(item) for item in described]
        return Gathered(items=tuple(item for item in items if not isinstance(item, Gathered)))
    if "value" in described:
        return parameter(described["value"])
    path = Path(described["path"])
    digest = content_digest(entries_of(path)) if path.exists() else ""
    return Artifact(path=path, schema=described["type"], digest=digest, metadata=described["metadata"])
