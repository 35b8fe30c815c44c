"""Arguments that are too long for a command line: Argo passes them in files, and a program cannot take them."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.launched import Image
from toolkit import launcher
from toolkit.interface.model import Interface, Kind, Output
from toolkit.spec.protocol import interface_document

ECHO = "def f(x: str) -> str:\n    return x\n"
UNDER_ARGO = {"ARGO_CONTAINER_NAME": "main"}
LONG = "é\r\n" * 60_000


@pytest.fixture
def offloaded() -> Iterator[Path]:
    """Return the path of a new file where Argo puts a long argument."""
    path = Path(f"/tmp/argo_arg_{secrets.randbelow(10**12)}.txt")  # noqa: S108 (Argo's own place)
    path.write_text(LONG, encoding="utf-8", newline="")
    yield path
    path.unlink()


def given(step: Image, word: str, env: dict[str, str]) -> str:
    """Return the value that the function `f` gets for a word of the command line."""
    done = step("f", "--x", word, "--outputs", "--Output", step.at("Output"), "--executor-input", "{{$}}", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return (step.folder / "out" / "Output").read_bytes().decode()


def arguments_file(folder: Path, *words: str) -> dict[str, str]:
    """Write the arguments as Argo keeps them, and return the variables of its executor."""
    (folder / "arguments").write_text(json.dumps(words))
    return {**UNDER_ARGO, "ARGO_CONTAINER_ARGS_FILE": str(folder / "arguments")}


def test_argos_file_is_read_as_the_value(image: Callable[[str], Image], offloaded: Path) -> None:
    step = image(ECHO)
    assert given(step, f"@{offloaded}", UNDER_ARGO) == LONG
    ends = ("--outputs", "--Output", step.at("Output"), "--executor-input", "{{$}}")
    assert given(step, f"@{offloaded}", arguments_file(step.folder, "--x", LONG, *ends)) == LONG
    # KFP's launcher stands between: Argo's arguments begin with some of its own.
    assert given(step, f"@{offloaded}", arguments_file(step.folder, *"abcdefg", "--x", LONG, *ends)) == LONG


def test_without_argo_the_same_word_is_a_value(image: Callable[[str], Image], offloaded: Path) -> None:
    assert given(image(ECHO), f"@{offloaded}", {}) == f"@{offloaded}"


def test_the_word_is_a_value_if_the_caller_wrote_it(image: Callable[[str], Image], offloaded: Path) -> None:
    step = image(ECHO)
    ends = ("--outputs", "--Output", step.at("Output"), "--executor-input", "{{$}}")
    env = arguments_file(step.folder, "--x", f"@{offloaded}", *ends)
    assert given(step, f"@{offloaded}", env) == f"@{offloaded}"


@pytest.mark.parametrize(
    "word",
    [
        "@",
        "@/etc/hostname",
        "@/tmp/argo_arg_.txt",
        "@/tmp/argo_arg_\u0661.txt",
        "@/tmp/argo_arg_999999999999999.txt",
        "@/tmp/argo_arg_1/../../../etc/hostname.txt",
        "/tmp/argo_arg_1.txt",  # noqa: S108 (Argo's own place)
    ],
)
def test_another_word_under_argo_stays_a_value(image: Callable[[str], Image], word: str) -> None:
    assert given(image(ECHO), word, UNDER_ARGO) == word


def test_words_around_argos_file_stay_values(image: Callable[[str], Image], offloaded: Path) -> None:
    step = image(ECHO)
    for word in (f" @{offloaded}", f"@{offloaded}\n", f"@@{offloaded}", f"x=@{offloaded}"):
        assert given(step, word, UNDER_ARGO) == word


@pytest.fixture
def program(tmp_path: Path) -> Image:
    """Lay out the component `p`, which takes any program."""
    interface = Interface(inputs=(), outputs=(Output(name="result", type="String", kind=Kind.ARTIFACT),))
    (tmp_path / "interface.json").write_bytes(interface_document([("p", interface)]))
    (tmp_path / "launch.py").write_bytes(launcher.source())
    return Image(tmp_path)


def test_a_program_gets_the_whole_word(program: Image, offloaded: Path) -> None:
    offloaded.write_text("--text=a\nb", encoding="utf-8")
    outputs = ("--outputs", "--result", program.at("result"))
    code = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
    done = program("p", *outputs, "--", "python", "-c", code, program.at("result"), f"@{offloaded}", env=UNDER_ARGO)
    assert (done.returncode, done.stderr) == (0, "")
    assert program.out("result") == "--text=a\nb"


def test_a_programs_word_that_no_command_line_holds_is_refused_with_its_size(program: Image, offloaded: Path) -> None:
    outputs = ("--outputs", "--result", program.at("result"))
    done = program("p", *outputs, "--", "true", f"@{offloaded}", env={**UNDER_ARGO, "PATH": "/usr/bin:/bin"})
    assert done.returncode == 1
    assert done.stderr == (
        f"comp: p: cannot run true: {LONG[:40]!r}… has 240000 bytes, and a command line takes 131071 a word:"
        " make the input an artifact, which is passed as a file\n"
    )


def test_a_command_line_that_is_too_long_in_all_is_refused(program: Image) -> None:
    (program.folder / "values.py").write_text(
        "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport launch\n"
        "sys.exit(launch.Child().run(['true'] + ['x' * 100_000] * 100))\n"
    )
    done = subprocess.run([sys.executable, program.folder / "values.py"], capture_output=True, text=True, check=False)
    assert "launch.Refused: cannot run true: its command line of 10000004 bytes is too long: make the" in done.stderr
