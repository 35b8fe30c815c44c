"""Folders that a program writes into and does not make."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code
from toolkit.interface.programs.roles import roles_of


@pytest.mark.parametrize(
    ("name", "code", "folder"),
    [
        ("model_dir", "model.save(args.model_dir)", True),
        ("model_dir", "os.makedirs(args.model_dir)\nmodel.save(args.model_dir)", False),
        ("model_path", "model.save(args.model_path)", False),
        ("model_dir", "with open(args.model_dir, 'w') as f:\n    f.write('x')", False),
        ("model_dir", "p = args.model_dir\nopen(str(p), 'wb').write(b'x')", False),
        ("model_dir", "from pathlib import Path\nPath(args.model_dir).write_text('x')", False),
        ("model_dir", "from pathlib import Path\nPath(args.model_dir).open('w').write('x')", False),
        ("model_dir", "import torch\ntorch.save(model, args.model_dir)", False),
        ("model_dir", "import torch\ntorch.save(model, args.model_dir + '/m.pt')", True),
        ("model_dir", "frame.to_csv(args.model_dir)", False),
        ("model_dir", "def out(f):\n    open(f, 'w')\nout(args.model_dir)", False),
        ("model_dir", "def out(f):\n    open(f, 'w')\nout(os.path.join(args.model_dir, 'm'))", True),
        ("model_dir", "p = f'{args.model_dir}/m'\nopen(p, 'w')", True),
        ("model_dir", "shutil.copy('m', args.model_dir)", True),
        ("model_dir", "shutil.copytree('m', args.model_dir)", False),
        ("model_dir", "shutil.copyfile('m', args.model_dir)", False),
        ("model_out", "open(os.path.join(args.model_out, 'm'), 'w')", True),
        ("model_out", "os.makedirs(args.model_out)\nopen(os.path.join(args.model_out, 'm'), 'w')", False),
    ],
)
def test_a_folder_that_the_program_does_not_make_is_made(tmp_path: Path, name: str, code: str, folder: bool) -> None:  # noqa: FBT001 (a case)
    program = read_code(tmp_path, f"{ARGPARSE}p.add_argument('--{name}')\nargs = p.parse_args()\n{code}\n")
    (role,) = roles_of(program.module, program.options).values()
    assert (role.kind, role.type, role.folder) == ("output", "Model", folder)
