"""Run a component by buildah, without a daemon."""

import json
from collections.abc import Mapping
from pathlib import Path

from toolkit.engines.buildah import Buildah
from toolkit.errors import InputError, OutsideError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.runners.executor import read_report
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.staging import OUTPUTS, collect_outputs, command_line, mounted, writable_paths
from toolkit.runners.surroundings import may_read_all, user_to_run_as
from toolkit.system import temporary

_VARIABLES = "/tmp/comp-variables.json"  # noqa: S108 (in the container)
_SET_VARIABLES = (
    "import json, os, sys; os.environ.update(json.load(open(sys.argv[1]))); os.execv(sys.argv[2], sys.argv[2:])"
)


class BuildahRunner:
    """Runs in a chroot. The image is `oci:DIR`, or a reference, which is pulled if it is missing.

    With `restricted`, the container has about the rights of a pod under the `restricted` Pod Security Standard.
    """

    name = "buildah"

    def __init__(self, engine: Buildah, *, restricted: bool = False) -> None:
        self.engine = engine
        self.restricted = restricted

    def available(self) -> bool:
        """Return whether buildah is installed and can list its containers."""
        if self.engine.version() is None:
            return False
        try:
            self.check()
        except OutsideError:
            return False
        return True

    def check(self) -> None:
        """Raise OutsideError if buildah is not installed or cannot list its containers."""
        if self.restricted:
            self.engine.check_restricted()
        # An installed buildah may lack the right to work here: it needs root, or user namespaces.
        self.engine.call("containers", "--quiet")

    def identity(self, image: str) -> str | None:
        """Return the digest in the image's name, as layouts and pinned references have one; None for a tag."""
        return image if "@sha256:" in image or image.startswith("oci:") else None

    def run(self, run: Run) -> Outcome:
        """Run to the end in a container that is removed. Raises InputError for a contract without a command."""
        if not run.spec.container.command:
            raise InputError("the contract has no command, and buildah needs one", hint="use --runner docker")
        with (
            temporary.folder("run") as folder,
            self.engine.container(run.image) as name,
        ):
            caller = self.engine.caller()
            user = user_to_run_as(self.engine.user(name), caller, restricted=self.restricted)
            paths = writable_paths(folder, run)
            inputs, outputs, mounts = mounted(folder, run, reads_all=may_read_all(user, caller))
            command = command_line(folder / "outputs", OUTPUTS, run, input_paths=inputs, output_paths=outputs)
            if run.variables:
                command, more = _with_variables(command, run.variables, folder / "variables.json")
                mounts = {**mounts, **more}
            code = self.engine.run(
                name,
                command,
                mounts=mounts,
                user=user or None,
                environment=run.spec.container.env,
                output=run.log,
                restricted=self.restricted,
            )
            return collect_outputs(run, paths, code, read_report(folder / "outputs", run))


def _with_variables(
    command: list[str], variables: Mapping[str, str], file: Path
) -> tuple[list[str], dict[str, tuple[Path, str]]]:
    """Return a command line that sets variables from a file, and the file's mount.

    buildah takes variables on its command line alone, which every user of this machine can read. Raises InputError for
    a program that does not run by comp's launcher, whose interpreter is not known.
    """
    if absolute(LAUNCHER) not in command:
        raise InputError(
            f"buildah would show {', '.join(variables)} to every user of this machine", hint="use --runner docker"
        )
    file.write_text(json.dumps(dict(variables)), encoding="utf-8", errors="surrogateescape")
    # A container may run as any user; the folder around it is this user's alone.
    file.chmod(0o644)
    return [command[0], "-c", _SET_VARIABLES, _VARIABLES, *command], {_VARIABLES: (file, "ro")}
