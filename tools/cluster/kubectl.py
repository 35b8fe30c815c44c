"""Runs kubectl as the cluster's administrator."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import OutsideError
from tools.cluster.reporting import last_lines

_SECONDS = 300


class Kubectl(Struct, frozen=True, kw_only=True):
    """The program, the access that it uses, and the namespace that commands are about unless they name one."""

    program: Path
    kubeconfig: Path
    namespace: str | None = None

    def __call__(self, *arguments: str | Path, data: str | None = None, seconds: float = _SECONDS) -> str:
        """Run a command with `data` on stdin and return its stdout. Raises OutsideError."""
        command = [str(self.program), f"--kubeconfig={self.kubeconfig}"]
        # A resource that names a namespace is refused when the command names another.
        command += [f"--namespace={self.namespace}"] if self.namespace else []
        words = [str(word) for word in arguments]
        try:
            done = subprocess.run(
                [*command, *words], input=data or "", capture_output=True, text=True, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"`kubectl {' '.join(words)}` did not end in {seconds:.0f} seconds") from error
        if done.returncode:
            raise OutsideError(f"`kubectl {' '.join(words)}` failed:\n{last_lines(done.stderr)}")
        return done.stdout

    def get(self, *arguments: str) -> Any:  # noqa: ANN401 (any resource)
        """Return a resource, or a list of them. Raises OutsideError."""
        return json.loads(self("get", "-o", "json", *arguments))

    def apply(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Create or change resources. Raises OutsideError."""
        self("apply", "--server-side", "-f", "-", data="\n---\n".join(json.dumps(resource) for resource in resources))
