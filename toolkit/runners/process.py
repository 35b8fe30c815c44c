"""Run a component as a plain process: the same launcher and command line, in an environment of this machine.

It tests the code and the interface, not the image: the interpreter is the host's, and the wheels too where the
host is not the lock's platform.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit import launcher, temporary
from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.files import File
from toolkit.oci.descriptor import host_platform
from toolkit.python.environment import environment
from toolkit.python.indexes import Indexes
from toolkit.python.lock import Lock
from toolkit.runners.protocol import Job, Outcome
from toolkit.runners.staging import command_line, outcome, output_paths

_PREFIX = "/opt/comp/"
_LAUNCHER = _PREFIX + "launch.py"


class ProcessRunner:
    """Runs on the host. `code` is what the image would hold under `/opt/comp`, `lock` its wheels of `indexes`."""

    name = "process"

    def __init__(self, code: Sequence[File], lock: Lock, cache: Cache, indexes: Indexes) -> None:
        self.code = code
        self.lock = lock
        self.cache = cache
        self.indexes = indexes

    def run(self, job: Job) -> Outcome:
        """Run to the end, in a folder of its own that is removed."""
        python = self._environment()
        with temporary.folder("run") as folder:
            root = folder.resolve()
            self._lay_out(root / "comp")
            paths = output_paths(root / "outputs", job)
            command = command_line(
                root,
                str(root),
                job,
                input_paths={name: str(path.resolve()) for name, path in job.artifacts.items()},
                output_paths={name: str(path) for name, path in paths.items()},
            )
            done = subprocess.run(
                [*self._here(command, python, root / "comp")],
                cwd=root,
                env=_surroundings(python),
                stdout=sys.stderr,
                check=False,
            )
            return outcome(job, paths, done.returncode if done.returncode >= 0 else 128 - done.returncode)

    def _here(self, command: Sequence[str], python: Path, root: Path) -> list[str]:
        """Put this machine's places for those of the image, in the words before the component's name."""
        if not command or not command[0].startswith(_PREFIX) or _LAUNCHER not in command:
            raise InputError(
                "the component's command is not the launcher of comp, so only an image can run it",
                hint="use --runner docker or --runner buildah",
            )
        launch = command.index(_LAUNCHER)
        return [str(python), *command[1:launch], str(root / "launch.py"), *command[launch + 1 :]]

    def _lay_out(self, root: Path) -> None:
        for file in self.code:
            path = root / Path("/" + file.path).relative_to(_PREFIX)
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.target is not None:
                path.symlink_to(file.target)
            elif file.source is not None:
                shutil.copyfile(file.source, path)
            else:
                path.write_bytes(file.data or b"")
        (root / "app").mkdir(parents=True, exist_ok=True)
        (root / "launch.py").write_bytes(launcher.source())

    def _environment(self) -> Path:
        """Install the lock's pins: by hash where this machine is one of its platforms, by version elsewhere."""
        here = host_platform().architecture if sys.platform == "linux" else None
        platform = next((one for one in self.lock.platforms if one.architecture == here), None)
        chosen = self.lock.pins[platform or self.lock.platforms[0]]
        pins = [f"{pin.name}=={pin.version}" + (f" --hash=sha256:{pin.sha256}" if platform else "") for pin in chosen]
        return environment(
            self.cache,
            python=self.lock.python,
            requirements=pins,
            options=("--no-deps", *(("--require-hashes",) if platform else ())),
            indexes=self.indexes,
            wheels={pin.filename: self.cache.blob_path(pin.sha256) for pin in chosen if pin.source},
        )


def _surroundings(python: Path) -> dict[str, str]:
    # Bytecode goes into the environment in our cache whatever the caller's habits: it saves seconds with every run.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONUNBUFFERED": "1", "PATH": f"{python.parent}{os.pathsep}{kept.get('PATH', '')}"}
