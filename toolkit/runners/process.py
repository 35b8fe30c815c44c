"""Run a component as a plain process: the same launcher and command line, in an environment of this machine.

It tests the code and the interface, not the image: the interpreter is this machine's, and so are the wheels if the lock
does not have its platform.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from toolkit import launcher
from toolkit.cache.store import Cache
from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.image_paths import APP, LAUNCHER, PREFIX, absolute
from toolkit.oci.descriptor import host_platform
from toolkit.oci.file import File
from toolkit.requirements.environment import environment_python
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.lock import Lock
from toolkit.runners.executor import read_report
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.staging import collect_outputs, command_line, output_paths
from toolkit.system import temporary


class ProcessRunner:
    """Runs on this machine. `code` lists the image's files under `/opt/comp`, `lock` its wheels, from `indexes`."""

    name = "process"

    def __init__(
        self, code: Sequence[File], lock: Lock, cache: Cache, indexes: Indexes, environ: Mapping[str, str]
    ) -> None:
        self.code = code
        self.lock = lock
        self.cache = cache
        self.indexes = indexes
        self.environ = environ
        self._making = threading.Lock()

    def identity(self, image: str) -> str:
        """Return the digest of the code, its requirements and the launcher. There is no image."""
        del image
        files = [file.identity() for file in self.code]
        pins = [[str(platform), [str(pin.digest) for pin in pins]] for platform, pins in self.lock.pins.items()]
        launched = Digest.of(launcher.source()).hex
        return str(Digest.of(canonical_json([files, pins, self.lock.python, launched], ascii_only=True)))

    def run(self, run: Run) -> Outcome:
        """Run to the end, in a folder of its own that is removed.

        Raises InputError for a component that does not run by comp's launcher, OutsideError without an environment.
        """
        # One of the runs that begin together makes the environment, and the others wait for it.
        with self._making:
            python = self._python()
        with temporary.folder("run") as folder:
            root = folder.resolve()
            # Not at the image's own path, which only root could make, and which two runs would share.
            self._lay_out(root / "comp")
            paths = output_paths(root / "outputs", run)
            command = command_line(
                root,
                str(root),
                run,
                input_paths={name: str(path.resolve()) for name, path in run.artifacts.items()},
                output_paths={name: str(path) for name, path in paths.items()},
            )
            ended = subprocess.run(
                _on_this_machine(command, python, root / "comp"),
                cwd=root,
                env={**_environment_of(self.environ, python), **run.environment},
                # Nothing in a component gets what the user types for comp.
                stdin=subprocess.DEVNULL,
                # Our stdout is data: the outputs' values.
                stdout=run.log or sys.stderr,
                stderr=run.log,
                check=False,
            )
            # A negative code is a signal, which engines report as 128 and its number.
            code = ended.returncode if ended.returncode >= 0 else 128 - ended.returncode
            return collect_outputs(run, paths, code, read_report(root, run))

    def _lay_out(self, root: Path) -> None:
        """Write the files of the image that `/opt/comp` holds beside the virtual environment."""
        for file in self.code:
            path = _place(root, file.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.target is not None:
                path.symlink_to(file.target)
            else:
                with path.open("wb") as stream:
                    stream.writelines(file.chunks())
        # The component may have no code of its own, and programs run in this folder.
        _place(root, APP).mkdir(parents=True, exist_ok=True)
        _place(root, LAUNCHER).write_bytes(launcher.source())

    def _python(self) -> Path:
        """Install the lock's pins: by hash if it has this machine's platform, else by version."""
        # Wheels for Linux do not run on another system with the same processor.
        here = host_platform().architecture if sys.platform == "linux" else None
        platform = next((platform for platform in self.lock.platforms if platform.architecture == here), None)
        # On another system the versions are the best guess; the hashes are those of other files.
        pins = self.lock.pins[platform or self.lock.platforms[0]]
        return environment_python(
            self.cache,
            python=self.lock.python,
            requirements=[f"{pin.name}=={pin.version}" + (f" --hash={pin.digest}" if platform else "") for pin in pins],
            # The lock lists everything.
            options=("--no-deps", *(("--require-hashes",) if platform else ())),
            indexes=self.indexes,
            wheels={pin.filename: self.cache.blob_path(pin.digest) for pin in pins if pin.source},
        )


def _place(root: Path, path: str) -> Path:
    """Return the path under `root` of a file under the image's prefix."""
    return root / PurePosixPath(path).relative_to(PREFIX)


def _on_this_machine(command: Sequence[str], python: Path, root: Path) -> list[str]:
    """Replace the image's paths of Python and the launcher, which stand before the component's name."""
    if not command or not command[0].startswith(f"{absolute(PREFIX)}/") or absolute(LAUNCHER) not in command:
        raise InputError(
            "the component's command is not the launcher of comp, so only an image can run it",
            hint="use --runner docker or --runner buildah",
        )
    launch = command.index(absolute(LAUNCHER))
    return [str(python), *command[1:launch], str(_place(root, LAUNCHER)), *command[launch + 1 :]]


def _environment_of(environ: Mapping[str, str], python: Path) -> dict[str, str]:
    """Return the variables of the process: the user's, with this Python first on PATH."""
    # Bytecode goes into the environment in the cache, even if the user wants none: it saves seconds with every run.
    kept = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONUNBUFFERED": "1", "PATH": f"{python.parent}{os.pathsep}{kept.get('PATH', '')}"}
