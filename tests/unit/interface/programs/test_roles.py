"""What options are for, by the code, by name and help, and by what the program declares."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code
from toolkit.interface.programs.roles import roles_of


@pytest.mark.parametrize(
    ("written", "code", "kind", "reason"),
    [
        ("'--x'", "open(args.x, 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(args.x)", "input", "open reads it (prog.py:7)"),
        ("'--x'", "print(args.x)", "value", ""),
        ("'--x'", "pandas.read_csv(args.x)", "input", "pandas.read_csv reads it (prog.py:7)"),
        ("'--x'", "table.to_csv(args.x)", "output", "table.to_csv writes to it (prog.py:7)"),
        ("'--x'", "torch.save(model, args.x)", "output", "torch.save writes to it (prog.py:7)"),
        ("'--x'", "torch.save(model, os.path.join(args.x, 'm'))", "output", "torch.save writes to it (prog.py:7)"),
        ("'--x'", "Path(args.x).write_text('')", "output", "Path(args.x).write_text writes to it (prog.py:7)"),
        ("'--x'", "Path(args.x).read_text()", "input", "Path(args.x).read_text reads it (prog.py:7)"),
        ("'--x'", "os.makedirs(args.x)", "output", "os.makedirs writes to it (prog.py:7)"),
        ("'--x'", "shutil.copy(source, args.x)", "output", "shutil.copy writes to it (prog.py:7)"),
        ("'--x'", "where = args.x\nopen(where, mode='wb')", "output", "open writes to it (prog.py:8)"),
        ("'--x'", "def f(p):\n    open(p, 'a')\nf(args.x)", "output", "open writes to it (prog.py:8)"),
        ("'--x', type=argparse.FileType('w')", "", "output", "its type says that it is written to"),
        ("'--x', type=argparse.FileType()", "", "input", "its type says that it is read"),
        ("'--x', default='gs://a/b'", "open(args.x)", "value", "its default is a URL"),
        ("'--x', type=int", "open(args.x)", "value", ""),
        ("'--x', choices=['a']", "open(args.x)", "value", ""),
        ("'--output-path', dest='x_output_path'", "", "output", "by its name"),
        ("'--data-file', dest='x_file'", "", "input", "by its name"),
        ("'--x', help='Path to write the page to.'", "", "output", "its help says so"),
        ("'--x', type=pathlib.Path", "", "input", "its type is a path"),
        ("'--x', dest='bucket_uri'", "", "value", ""),
        # Only the path of a call counts, and only what stands at the head of a path.
        ("'--x'", "table.to_csv('t.csv', sep=args.x)", "value", ""),
        ("'--x'", "table.to_csv(path_or_buf=args.x)", "output", "table.to_csv writes to it (prog.py:7)"),
        ("'--x'", "np.save(args.x, array)", "output", "np.save writes to it (prog.py:7)"),
        ("'--x'", "model.save_pretrained('m', variant=args.x)", "value", ""),
        ("'--x'", "save_card('r', title=args.x)", "value", ""),
        ("'--x'", "save_card(args.x, images)", "value", "save_card is passed it, and may write to it"),
        ("'--x-dir', dest='x_dir'", "export_all(args.x_dir)", "output", "export_all writes to it (prog.py:7)"),
        (
            "'--x'",
            "def save_card(title, folder):\n    open(folder, 'w').write(title)\nsave_card(args.x, '.')",
            "value",
            "",
        ),
        ("'--x'", "open(f'{args.x}/log', 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(f'out/{args.x}.txt', 'w')", "value", ""),
        ("'--x'", "open(f'{args.x}.txt', 'w')", "value", ""),
        ("'--x'", "open('%s/log' % args.x, 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open('out/{}'.format(args.x), 'w')", "value", ""),
        ("'--x'", "open(args.x + '/log', 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(args.x + '.txt', 'w')", "value", ""),
        ("'--x'", "open(os.path.join('out', args.x), 'w')", "value", ""),
        (
            "'--x-dir', dest='x_dir'",
            "open(Path('out') / args.x_dir, 'w')",
            "value",
            "it is a part of a path below another",
        ),
        # A name of something on a hub is text, even if the program downloads it.
        ("'--pretrained_model_name_or_path'", "torch.save(model, args.pretrained_model_name_or_path)", "value", ""),
        ("'--dataset_name'", "load_dataset(args.dataset_name)", "value", ""),
        ("'--x'", "load_dataset(args.x)", "value", ""),
        ("'--resume_from_checkpoint', help='A path saved by an earlier run.'", "", "input", "by its name"),
        ("'--cache_dir', help='Where models will be stored.'", "", "value", ""),
        ("'--bucket'", "table.to_csv(args.bucket)", "value", ""),
        # The name decides if a path is both read and written.
        (
            "'--data_dir'",
            "os.makedirs(args.data_dir)\nos.listdir(args.data_dir)",
            "input",
            "os.listdir reads it (prog.py:8)",
        ),
        (
            "'--model_dir'",
            "model.save(args.model_dir)\nload(args.model_dir)",
            "output",
            "model.save writes to it (prog.py:7)",
        ),
        ("'--x', help='Path to the saved model'", "", "input", "by its help"),
        ("'--x', help='file/dir/URL/glob/screen/0(webcam)'", "", "value", ""),
        ("'--x', help='Path where the model will be saved'", "", "output", "its help says so"),
    ],
)
def test_what_an_option_is_for(tmp_path: Path, written: str, code: str, kind: str, reason: str) -> None:
    program = read_code(tmp_path, f"{ARGPARSE}p.add_argument({written})\nargs = p.parse_args()\n{code}\n")
    (role,) = roles_of(program.module, program.options).values()
    assert (role.kind, role.reason) == (kind, reason)
