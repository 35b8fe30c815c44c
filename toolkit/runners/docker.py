"""Run a component by docker."""

from toolkit import temporary
from toolkit.engines import docker as engine
from toolkit.runners.protocol import Job, Outcome
from toolkit.runners.staging import OUTPUTS, command_line, mounted, outcome, writable_paths


class DockerRunner:
    """Runs on the docker daemon; `Job.image` is a reference, pulled if it is missing, or an image id."""

    name = "docker"

    def available(self) -> bool:
        """Tell whether a daemon answers."""
        return engine.version() is not None

    def run(self, job: Job) -> Outcome:
        """Run to the end in a container that is removed."""
        client = engine.connect()
        with temporary.folder("run") as folder:
            paths = writable_paths(folder, job)
            inputs, outputs, mounts = mounted(folder, job)
            command = command_line(folder / "outputs", OUTPUTS, job, input_paths=inputs, output_paths=outputs)
            own = bool(job.spec.container.command)
            code = engine.run_container(
                client,
                job.image,
                entrypoint=command[:1] if own else (),
                command=command[1:] if own else command,
                mounts=mounts,
            )
            return outcome(job, paths, code)
