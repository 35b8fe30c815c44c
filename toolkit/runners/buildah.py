"""Run a component by buildah, without a daemon."""

from toolkit import temporary
from toolkit.engines import buildah as engine
from toolkit.errors import InputError, OutsideError
from toolkit.runners.protocol import Job, Outcome
from toolkit.runners.staging import OUTPUTS, command_line, mounted, outcome, writable_paths


class BuildahRunner:
    """Runs in a chroot; `Job.image` is a reference, pulled if it is missing, or `oci:DIR`."""

    name = "buildah"

    def available(self) -> bool:
        """Tell whether buildah is installed and can list its containers."""
        if engine.version() is None:
            return False
        try:
            engine.buildah("containers", "--quiet")
        except OutsideError:
            return False
        return True

    def run(self, job: Job) -> Outcome:
        """Run to the end in a container that is removed."""
        if not job.spec.container.command:
            raise InputError("the contract has no command, and buildah needs one", hint="use --runner docker")
        with (
            temporary.folder("run") as folder,
            engine.container(job.image) as name,
        ):
            paths = writable_paths(folder, job)
            inputs, outputs, mounts = mounted(folder, job)
            command = command_line(folder / "outputs", OUTPUTS, job, input_paths=inputs, output_paths=outputs)
            return outcome(job, paths, engine.run(name, command, mounts=mounts))
