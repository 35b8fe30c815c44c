"""Runs a compiled Argo workflow step by step, with docker as its pods.

Follows Argo's documented rules for passing data (argo-workflows, "Parameters", "Artifacts", "Output parameters",
"DAG"), for the parts that KFP 1.8 compiles to; anything else is refused. A parameter is text put in the place of
`{{inputs.parameters.NAME}}`; an output parameter is the content of a file without its last line end; an artifact
is a file or folder that appears at the path the next step declares.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

Json = dict[str, Any]
_VARIABLE = re.compile(r"\{\{((?:inputs|tasks|workflow)\.[^{}]+)\}\}")
_SECONDS = 300


class Workflow(Struct):
    """A workflow's templates and what its finished tasks gave; `fixtures` is seen by every pod at `/fixtures`."""

    templates: Mapping[str, Json]
    folder: Path
    fixtures: Path
    artifacts: dict[str, Path] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def run(cls, document: Json, *, folder: Path, fixtures: Path) -> "Workflow":
        """Run every task of the entry point's DAG, each after those it depends on."""
        spec = document["spec"]
        templates = {template["name"]: template for template in spec["templates"]}
        workflow = cls(templates=templates, folder=folder, fixtures=fixtures)
        for parameter in spec.get("arguments", {}).get("parameters", []):
            workflow.parameters[f"workflow.parameters.{parameter['name']}"] = str(parameter["value"])
            workflow.parameters[f"inputs.parameters.{parameter['name']}"] = str(parameter["value"])
        waiting = list(templates[spec["entrypoint"]]["dag"]["tasks"])
        done: set[str] = set()
        while waiting:
            ready = [task for task in waiting if set(task.get("dependencies", [])) <= done]
            assert ready, f"tasks wait for one another: {[task['name'] for task in waiting]}"
            for task in ready:
                workflow._task(task)
                done.add(task["name"])
                waiting.remove(task)
        return workflow

    def _task(self, task: Json) -> None:
        unknown = task.keys() - {"name", "template", "dependencies", "arguments"}
        assert not unknown, f"a task has {unknown}"
        given = task.get("arguments", {})
        parameters = {one["name"]: self._text(str(one["value"]), {}) for one in given.get("parameters", [])}
        artifacts = {}
        for one in given.get("artifacts", []):
            source = _VARIABLE.fullmatch(one["from"])
            assert source, one
            artifacts[one["name"]] = self.artifacts[source[1]]
        self._pod(task["name"], self.templates[task["template"]], parameters, artifacts)

    def _pod(self, name: str, template: Json, parameters: Mapping[str, str], artifacts: Mapping[str, Path]) -> None:
        folder = self.folder / name
        folder.mkdir(parents=True)
        container, inputs = template["container"], template.get("inputs", {})
        declared = {one["name"] for one in inputs.get("parameters", [])}
        assert declared == set(parameters), (declared, set(parameters))
        mounts = [(self.fixtures, "/fixtures", "ro")]
        for number, one in enumerate(inputs.get("artifacts", [])):
            place = folder / "in" / str(number)
            place.parent.mkdir(exist_ok=True)
            if "raw" in one:
                place.write_text(self._text(one["raw"]["data"], parameters), encoding="utf-8")
            else:
                place = artifacts[one["name"]]
            mounts.append((place, one["path"], "ro"))
        outputs = template.get("outputs", {})
        paths = {one["name"]: one["path"] for one in outputs.get("artifacts", [])}
        values = {one["name"]: one["valueFrom"]["path"] for one in outputs.get("parameters", [])}
        roots = sorted({str(Path(path).parent) for path in (*paths.values(), *values.values())})
        for number, root in enumerate(roots):
            (folder / "out" / str(number)).mkdir(parents=True)
            (folder / "out" / str(number)).chmod(0o777)
            mounts.append((folder / "out" / str(number), root, "rw"))
        words = [self._text(word, parameters) for word in (*container["command"], *container.get("args", []))]
        self._docker(container, words, mounts)
        for port, path in paths.items():
            self.artifacts[f"tasks.{name}.outputs.artifacts.{port}"] = self._collected(folder, roots, path)
        for port, path in values.items():
            text = self._collected(folder, roots, path).read_text(encoding="utf-8")
            self.parameters[f"tasks.{name}.outputs.parameters.{port}"] = text.removesuffix("\n")

    @staticmethod
    def _collected(folder: Path, roots: list[str], path: str) -> Path:
        found = folder / "out" / str(roots.index(str(Path(path).parent))) / Path(path).name
        assert found.exists(), f"the output {path} was not written"
        return found

    def _docker(self, container: Json, words: list[str], mounts: list[tuple[Path, str, str]]) -> None:
        unknown = container.keys() - {"image", "command", "args", "env", "name"}
        assert not unknown, f"a container has {unknown}"
        program = shutil.which("docker")
        assert program, "docker is not installed: apt-get install docker.io"
        command = [program, "run", "--rm", "--entrypoint", words[0]]
        for path, inside, mode in mounts:
            command += ["--mount", f"type=bind,src={path},dst={inside}" + (",readonly" if mode == "ro" else "")]
        for variable in container.get("env", []):
            command += ["--env", f"{variable['name']}={variable['value']}"]
        done = subprocess.run(
            [*command, container["image"], *words[1:]], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def _text(self, text: str, inputs: Mapping[str, str]) -> str:
        """Put values in the places of variables; Argo does it in the template's JSON, so values arrive as they are."""
        known = {**self.parameters, **{f"inputs.parameters.{name}": value for name, value in inputs.items()}}

        def value(match: re.Match[str]) -> str:
            assert match[1] in known, f"unknown variable {match[0]}"
            return known[match[1]]

        return _VARIABLE.sub(value, text)
