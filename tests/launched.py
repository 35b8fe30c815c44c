"""A folder laid out like `/opt/comp` in an image, whose launcher runs as a real process."""

import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from toolkit import launcher
from toolkit.interface.function import read_function
from toolkit.spec.protocol import interface_document


class Image(Struct, frozen=True):
    """A folder laid out like /opt/comp; calling it runs the launcher."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, code: str) -> "Image":
        """Lay out the function `f` of some code as the component `f`."""
        app = folder / "app"
        app.mkdir()
        (app / "module.py").write_text(code, encoding="utf-8")
        function = read_function(app / "module.py", "f", {})
        (folder / "interface.json").write_bytes(interface_document([("f", function)]))
        (folder / "launch.py").write_bytes(launcher.source())
        return cls(folder)

    def __call__(self, *arguments: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run the launcher to its end."""
        # Without site-packages, as in an image of its own: this environment has a real toolkit.
        command = [sys.executable, "-S", "-P", str(self.folder / "launch.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)

    def out(self, name: str) -> str:
        """Read an output."""
        return (self.folder / "out" / name).read_text(encoding="utf-8")

    def at(self, name: str) -> str:
        """Give the path of an output."""
        return str(self.folder / "out" / name)
