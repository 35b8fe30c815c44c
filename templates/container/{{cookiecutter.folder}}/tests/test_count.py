"""Run with pytest."""

import subprocess
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "src" / "count.sh"


def test_counts_matching_lines(tmp_path: Path) -> None:
    text, lines, count = (tmp_path / name for name in ("text", "lines", "count"))
    text.write_text("one\ntwo\nthree\n")
    subprocess.run(["sh", PROGRAM, text, lines, count, "t"], check=True)
    assert (lines.read_text(), count.read_text()) == ("two\nthree\n", "2")
