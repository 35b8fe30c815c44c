"""A shell in a folder that runs commands one by one, and keeps its folder and variables from one to the next."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tests.commands import Result

# All that a command sets is exported, so that it is there for the next one.
_PROGRAM = """\
set -a
[ ! -e "$STATE/variables" ] || . "$STATE/variables" 2>/dev/null
cd "$(cat "$STATE/folder")"
eval "$COMMAND"
code=$?
export -p | grep -v -e '^declare -x COMMAND=' -e '^declare -x STATE=' > "$STATE/variables"
pwd > "$STATE/folder"
exit $code
"""


class Shell(Struct, frozen=True):
    """Runs commands that begin in `folder`; `state` is a folder of its own."""

    folder: Path
    state: Path
    environ: Mapping[str, str]

    def run(self, command: str) -> Result:
        """Run a command; `out` has what it printed on both streams, in order."""
        self.state.mkdir(exist_ok=True)
        place = self.state / "folder"
        if not place.exists():
            place.write_text(str(self.folder))
        environ = {**self.environ, "STATE": str(self.state), "COMMAND": command}
        done = subprocess.run(
            ["bash", "-c", _PROGRAM],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return Result(done.returncode, done.stdout, "")

    @property
    def here(self) -> Path:
        """Return the folder in which the next command runs."""
        place = self.state / "folder"
        return Path(place.read_text().strip()) if place.exists() else self.folder
