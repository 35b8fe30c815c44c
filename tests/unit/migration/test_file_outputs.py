"""Outputs at fixed paths."""

import subprocess
from pathlib import Path

from tests.migrations import contract, left, made, migrated
from toolkit.spec.model import PortPlaceholder

OUTPUTS = "[{name: a, type: String}, {name: b c, type: CSV}]"


def test_a_path_that_the_program_takes_becomes_the_outputs_own() -> None:
    text, kinds = made(contract("[]", "[--out, /tmp/a, --x]", outputs=OUTPUTS, more=", fileOutputs: {a: /tmp/a}"))
    assert text == contract("[]", "[--out, {outputPath: a}, --x]", outputs=OUTPUTS, more=", fileOutputs: {}")
    assert kinds == ["file-output"]


def test_another_path_is_left() -> None:
    text = contract("[]", "[--out=/tmp/a]", outputs=OUTPUTS, more=", fileOutputs: {a: /tmp/a}")
    assert left(text) == [("file-output", 4, "KFP 2 drops fileOutputs without a word, and the output 'a' stays empty")]
    assert "--copy-file-outputs" in migrated(text).left[0].advice


def test_a_shell_copies_the_files_where_asked() -> None:
    text = contract("[]", "[x]", outputs=OUTPUTS, more=", fileOutputs: {a: /tmp/a, b c: /o'p}")
    container = migrated(text, copy_file_outputs=True).new.spec.container
    script = (
        'out1="$0"; out2="$1"; shift 1; "$@"; mkdir -p "$(dirname "$out1")"; cp -r /tmp/a "$out1"; '
        'mkdir -p "$(dirname "$out2")"; cp -r \'/o\'"\'"\'p\' "$out2"'
    )
    outputs = tuple(PortPlaceholder(kind="outputPath", port=name) for name in ("a", "b c"))
    assert container.command == ("sh", "-ec", script, *outputs, "run")
    assert container.args == ("x",)
    assert not container.file_outputs


def test_the_shell_runs_the_program_and_copies(tmp_path: Path) -> None:
    source, target = tmp_path / "in side" / "a", tmp_path / "new" / "a"
    source.parent.mkdir()
    text = contract("[]", "[]", outputs=OUTPUTS, more=f", fileOutputs: {{a: '{source}'}}")
    words = migrated(text, copy_file_outputs=True).new.spec.container.command
    shell, flag, script = (word for word in words[:3] if isinstance(word, str))
    program = ["sh", "-c", f"echo \"$0\" > '{source}'", "written"]
    subprocess.run([shell, flag, script, str(target), *program], check=True, timeout=60)
    assert target.read_text() == "written\n"
    assert subprocess.run([shell, flag, script, str(target), "false"], check=False, timeout=60).returncode == 1


def test_without_a_command_there_is_nothing_to_put_a_shell_around() -> None:
    text = contract("[]", "[x]", outputs=OUTPUTS, more=", fileOutputs: {a: /tmp/a}").replace("command: [run], ", "")
    result = migrated(text, copy_file_outputs=True)
    assert result.made == ()
    assert "shell" not in result.left[0].advice
