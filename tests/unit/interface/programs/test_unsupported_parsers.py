"""Parsers that no reader covers."""

from pathlib import Path

import pytest

from tests.programs import read_code
from toolkit.interface.programs.reading import ASK, DECLARE


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            "rate, name = 0.1, 'x'\nepochs = 3\nexec(open('configurator.py').read())",
            (
                "`exec(open('configurator.py').read())` may read the command line "
                "and set the variables of the module: epochs"
            ),
            DECLARE,
        ),
        (
            "import hydra\n@hydra.main(config_name='c')\ndef main(cfg): ...\nmain()",
            "hydra reads its command line, whose options are not known",
            DECLARE,
        ),
        (
            "from jsonargparse import CLI\nCLI(f)",
            "jsonargparse reads its command line, whose options are not known",
            ASK,
        ),
        (
            "from lightning.pytorch.cli import LightningCLI\nLightningCLI(Model)",
            "LightningCLI reads its command line, whose options are not known",
            ASK,
        ),
        (
            "from docopt import docopt\nargs = docopt(__doc__)",
            "docopt reads its command line, whose options are not known",
            ASK,
        ),
        (
            "import getopt, sys\ngetopt.getopt(sys.argv[1:], 'ab:')",
            "getopt reads its command line, whose options are not known",
            DECLARE,
        ),
        (
            "from project.options import parse_args\nargs = parse_args()",
            "`parse_args` of project.options may read its command line, and is not read here",
            ASK,
        ),
        (
            "import sys\nfrom project import options\n_, args = options.parse_default_args(sys.argv)",
            "`options.parse_default_args` of project.options may read its command line, and is not read here",
            ASK,
        ),
    ],
)
def test_unknown_options_are_remarked_on(tmp_path: Path, code: str, message: str, advice: str) -> None:
    program = read_code(tmp_path, code)
    assert (message, advice) in [(one.message, one.help) for one in program.remarks]
