"""Runs a GitHub workflow as GitHub's runner would, job after job and step after step, on this machine.

Follows GitHub's documentation of workflows for what `comp ci init github` writes; anything else is refused. Of the
actions, checkout clones, cache keeps its folder from run to run, upload-artifact keeps files, and setup-python has
nothing to do. Programs that would change this machine are replaced by the caller, on `PATH`.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from tests.commands import run_program

# A key may be a boolean: PyYAML reads `on` as YAML 1.1 does.
Json = dict[Any, Any]
_SECONDS = 300
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_ACTION = re.compile(r"actions/([a-z-]+)@[0-9a-f]{40}")
_JOB_KEYS = {"needs", "if", "runs-on", "timeout-minutes", "permissions", "concurrency", "steps"}
_STEP_KEYS = {"name", "uses", "with", "run", "env", "continue-on-error"}


class Event(Struct, frozen=True, kw_only=True):
    """What happened on GitHub: `ref` is the reference in the repository whose commit is checked out."""

    name: str
    ref: str

    @property
    def is_tag(self) -> bool:
        """Whether a tag was pushed."""
        return self.ref.startswith("refs/tags/")

    def matches(self, triggers: Json) -> bool:
        """Return whether a workflow runs for this event."""
        if self.name not in triggers:
            return False
        patterns = (triggers[self.name] or {}).get("tags" if self.is_tag else "branches", ["**"])
        name = self.ref.split("/", 2)[2]
        return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) for pattern in patterns)


class Ran(Struct, kw_only=True):
    """How a run went: the output of each script by its job and step, and the files that the runner reads afterwards."""

    logs: dict[tuple[str, str], str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    artifacts: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: tuple[str, str] | None = None

    @property
    def jobs(self) -> list[str]:
        """The jobs that ran, in their order."""
        return list(dict.fromkeys(job for job, _ in self.logs))

    def log(self, job: str) -> str:
        """Return the output of a job."""
        return "".join(text for (name, _), text in self.logs.items() if name == job)


class Workflow(Struct, frozen=True, kw_only=True):
    """A workflow in a repository at `origin`.

    `environ` are the variables of the machine and `secrets` those of the repository; `state` is a folder for what runs
    keep.
    """

    document: Json
    origin: Path
    state: Path
    environ: Mapping[str, str]
    secrets: Mapping[str, str]

    def run(self, event: Event, *, again: str | None = None) -> Ran:
        """Run the jobs of an event, up to a step that fails; only one that a user runs `again`."""
        ran = Ran()
        # PyYAML reads the key `on` as YAML 1.1 does.
        if not event.matches(self.document[True]):
            return ran
        done: set[str] = set()
        for name, definition in self.document["jobs"].items():
            assert definition.keys() <= _JOB_KEYS, definition.keys()
            waits_for = definition.get("needs")
            if name != again if again else waits_for and waits_for not in done:
                continue
            job = _Job(workflow=self, event=event, name=name, folder=self.state / "jobs" / name, ran=ran)
            if "if" in definition and not job.value(definition["if"]):
                continue
            job.run(definition["steps"])
            if ran.failed:
                break
            done.add(name)
        return ran


class _Job(Struct, kw_only=True):
    """One job on a machine of its own: a fresh home, workspace and folder for temporary files."""

    workflow: Workflow
    event: Event
    name: str
    folder: Path
    ran: Ran
    saved: dict[Path, Path] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The folder of the checkout."""
        return self.folder / "workspace"

    def run(self, steps: list[Json]) -> None:
        """Run the steps, and keep the caches in the end."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("home", "tmp", "workspace"):
            (self.folder / name).mkdir(parents=True)
        for number, step in enumerate(steps):
            assert step.keys() <= _STEP_KEYS, step.keys()
            name = step.get("name") or step.get("uses", str(number))
            if "uses" in step:
                self._use(step["uses"], step.get("with", {}))
            elif self._script(name, step) and not step.get("continue-on-error"):
                self.ran.failed = (self.name, name)
                return
        for source, kept in self.saved.items():
            if source.is_dir():
                shutil.copytree(source, kept, symlinks=True)

    def _use(self, action: str, given: Json) -> None:
        """Do what an action does."""
        known = _ACTION.fullmatch(action)
        assert known, action
        values = {key: self.text(str(value)) for key, value in given.items()}
        {
            "checkout": self._check_out,
            "setup-python": lambda _: None,
            "cache": self._restore,
            "upload-artifact": self._keep,
        }[known[1]](values)

    def _check_out(self, given: Mapping[str, str]) -> None:
        """Clone the commit of the event, with no more of the history than asked for."""
        git = ("git", "-C", self.workspace)
        run_program("git", "init", "--quiet", self.workspace)
        # A server's address: git ignores a depth for plain paths.
        run_program(*git, "remote", "add", "origin", f"file://{self.workflow.origin}")
        depth = given.get("fetch-depth", "1")
        run_program(*git, "fetch", "--quiet", "--no-tags", "--depth", depth, "origin", self.event.ref)
        run_program(*git, "checkout", "--quiet", "--detach", "FETCH_HEAD")

    def _restore(self, given: Mapping[str, str]) -> None:
        """Restore a folder from the cache of this key, else from the newest one that begins like a restore key."""
        assert given["path"].startswith("~/")
        folder = self.folder / "home" / given["path"].removeprefix("~/")
        caches = self.workflow.state / "caches"
        caches.mkdir(exist_ok=True)
        exact = caches / given["key"]
        similar = [path for path in caches.iterdir() if path.name.startswith(given["restore-keys"])]
        found = exact if exact.exists() else max(similar, key=lambda path: path.stat().st_mtime_ns, default=None)
        if found:
            shutil.copytree(found, folder, symlinks=True)
        if not exact.exists():
            self.saved[folder] = exact

    def _keep(self, given: Mapping[str, str]) -> None:
        """Keep files of the workspace."""
        files = {path for pattern in given["path"].split("\n") if pattern for path in self.workspace.glob(pattern)}
        self.ran.artifacts[given["name"]] = {
            path.relative_to(self.workspace).as_posix(): path.read_text() for path in sorted(files)
        }

    def _script(self, name: str, step: Json) -> int:
        """Run a script as the runner does, and return its exit code."""
        summary, defaults = self.folder / "summary", self.workflow.document["defaults"]["run"]
        assert defaults["shell"] == "bash"
        script = self.folder / "script"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.workspace / defaults.get("working-directory", ""),
            env=self._variables(step) | {"GITHUB_STEP_SUMMARY": str(summary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        self.ran.logs[self.name, name] = done.stdout
        if summary.exists():
            self.ran.summaries.append(summary.read_text())
            summary.unlink()
        return done.returncode

    def _variables(self, step: Json) -> dict[str, str]:
        """Return the variables of a script: those of the machine, GitHub's own, and those of the workflow and step."""
        given = {**self.workflow.document.get("env", {}), **step.get("env", {})}
        return {
            **self.workflow.environ,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "RUNNER_TEMP": str(self.folder / "tmp"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": self.value("github.actor"),
            "GITHUB_REPOSITORY": "Team/Components",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **{key: self.text(str(value)) for key, value in given.items()},
        }

    def text(self, text: str) -> str:
        """Return a text with its expressions evaluated."""
        return _EXPRESSION.sub(lambda found: str(self.value(found[1])), text)

    def value(self, expression: str) -> Any:  # noqa: ANN401 (a text or a truth)
        """Evaluate an expression: names, texts, `==`, `&&`, `||` and hashFiles."""
        names = {
            "github.event_name": self.event.name,
            "github.ref": self.event.ref,
            "github.ref_name": self.event.ref.split("/", 2)[2],
            "github.ref_type": "tag" if self.event.is_tag else "branch",
            "github.actor": "ann",
            "github.token": "the-token",
            "runner.os": "Linux",
            "runner.arch": "X64",
            **{f"secrets.{name}": value for name, value in self.workflow.secrets.items()},
        }

        def python(found: re.Match[str]) -> str:
            """Return the Python for one word."""
            words = {"&&": " and ", "||": " or ", "==": "==", "hashFiles": "hashFiles"}
            word = found[0]
            return word if word[0] in "'()," else words.get(word) or repr(names[word])

        code = re.sub(r"'[^']*'|[\w.]+|&&|\|\||==|[(),]", python, expression.strip())
        return eval(code, {"hashFiles": self._hash_of})  # noqa: S307 (made of names, texts and operators)

    def _hash_of(self, *patterns: str) -> str:
        """Return the hash of the files of the workspace that match."""
        files = sorted({path for pattern in patterns for path in self.workspace.glob(pattern)})
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest() if files else ""
