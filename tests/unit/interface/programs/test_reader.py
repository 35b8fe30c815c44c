"""The choice of a reader for a program."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code
from toolkit.errors import InputError
from toolkit.interface.programs.reader import read_program
from toolkit.interface.programs.reading import ASK, DECLARE


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (
            "from transformers import HfArgumentParser\np = HfArgumentParser(())\np.add_argument('--a')",
            "HfArgumentParser",
        ),
        (ARGPARSE + "p.add_argument('--a')\np.parse_args()\nprint(os.environ['B'])", "argparse"),
        ("import sys\nprint(sys.argv[1])", "words"),
        ("import os\nprint(os.environ['A'])", "environment"),
    ],
)
def test_the_first_reader_that_recognises_a_program_reads_it(tmp_path: Path, code: str, kind: str) -> None:
    assert read_code(tmp_path, code).kind == kind


def test_a_program_without_a_command_line_is_remarked_on(tmp_path: Path) -> None:
    (remark,) = read_code(tmp_path, "print('no options')").remarks
    assert (remark.message, remark.help) == ("no command line was found in it", f"{DECLARE}, {ASK}")


def test_two_parsers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the program has 2 parsers \(lines 4, 6\)"):
        read_code(tmp_path, ARGPARSE + "p.parse_args()\nq = ArgumentParser()\nq.parse_args()")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.sh is neither Python nor a notebook"):
        read_program(tmp_path / "train.sh", {})
