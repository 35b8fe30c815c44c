"""`comp new --from-dockerfile`: a folder from an existing Dockerfile and its context."""

from pathlib import Path

import pytest

from tests.commands import comp, ok, on_a_terminal

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS build
RUN --mount=type=secret,id=index <<EOF
pip install x
ENTRYPOINT ["not", "one"]
EOF
FROM build
LABEL org.opencontainers.image.title="Scale table" \\
  # a comment between
  org.opencontainers.image.version=2.1 org.opencontainers.image.licenses=MIT
WORKDIR /srv
COPY --from=build /x /x
COPY tool ./
USER nobody
ENTRYPOINT ["tini", "--"]
CMD ["python", "main.py"]
"""
PROGRAM = '''\
"""Scale a table."""
import argparse
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--rows-file", type=Path, required=True, help="The table.")
parser.add_argument("--factor", type=float, default=2.0)
parser.add_argument("--strict", action="store_true")
parser.add_argument("--output-file", type=Path, required=True)
args = parser.parse_args()
args.output_file.write_text(args.rows_file.read_text() * int(args.factor))
'''


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    (tmp_path / "tool").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "tool" / "main.py").write_text(PROGRAM)
    (tmp_path / "tool" / "notes.txt").write_text("")
    (tmp_path / ".dockerignore").write_text("**/*.txt\n")
    (tmp_path / "pyproject.toml").write_text("# not copied\n")
    return tmp_path


def test_a_dockerfile_is_taken_over(repository: Path) -> None:
    made = comp("new", "scale", "--from-dockerfile", "docker/Dockerfile", "--context", ".", folder=repository)
    assert (made.code, made.out) == (0, "")
    assert made.err == (
        "note: CMD (line 17) stays: ENTRYPOINT runs it: python main.py\n"
        "note: its inputs and outputs are the options of tool/main.py; "
        "--from-program packages that without a Dockerfile\n"
        "note: rows_file is an input: args.rows_file.read_text reads it (main.py:10)\n"
        "note: output_file is an output: args.output_file.write_text writes to it (main.py:10)\n"
        "note: strict is left out, since it is a flag without a value, which engines cannot write: its default stays\n"
        "note: its USER nobody is a name, so that restricted pods may refuse it: write its number\n"
        "note: a step needs the secret index: comp build takes it from the variable INDEX\n"
        "made scale/:\n"
        "  .comp/scaffold.json\n"
        "  README.md\n"
        "  component.yaml\n"
        "  pyproject.toml\n"
        "  src/.dockerignore\n"
        "  src/docker/Dockerfile\n"
        "  src/tool/main.py\n"
        "next: comp lint scale, comp build scale\n"
    )
    folder = repository / "scale"
    assert (folder / "pyproject.toml").read_text() == (
        '[project]\nname = "scale"\nversion = "2.1"\ndescription = "Scale table."\nlicense = "MIT"\n\n'
        '[tool.comp]\ndockerfile = "src/docker/Dockerfile"\ncontext = "src"\n'
        'build-secrets = ["id=index,env=INDEX"]\n\n'
        "# The Dockerfile's own values: a line without its # replaces one.\n"
        '[tool.comp.build-args]\n# PYTHON = "3.11"\n'
    )
    contract = (folder / "component.yaml").read_text()
    assert contract.endswith(
        "    image: scale:2.1\n"
        "    command: [tini, --, python, main.py]\n"
        "    args: [--rows-file, {inputPath: rows_file},\n"
        "           {if: {cond: {isPresent: factor}, then: [--factor, {inputValue: factor}]}},\n"
        "           --output-file, {outputPath: output_file}]\n"
    )
    linted = comp("lint", "scale", folder=repository)
    assert linted.code == 0
    assert linted.err.startswith("0 errors, 0 warnings, ")
    assert (folder / "src" / "docker" / "Dockerfile").read_text() == DOCKERFILE
    assert comp("sync", "scale", "--check", folder=repository).err == "nothing to apply\n"


def test_the_users_own_words_decide(repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM r-base\nCOPY tool /t\nUSER 1\nCMD Rscript /t/a.R\n")
    declared = ("--input", "rows:path:Dataset", "--input", "factor:value:Float", "--output", "scaled:path:Dataset")
    made = comp("new", "scale", "--from-dockerfile", "Dockerfile", *declared, "--image", "h/x", folder=repository)
    assert made.err.startswith(
        "note: CMD (line 4) is a shell's text; the contract runs its words: Rscript /t/a.R\nmade "
    )
    contract = (repository / "scale" / "component.yaml").read_text()
    assert "image: h/x:0.1.0\n    command: [Rscript, /t/a.R]\n" in contract
    assert (
        "args: [--rows, {inputPath: rows}, --factor, {inputValue: factor}, --scaled, {outputPath: scaled}]" in contract
    )


def test_a_contract_beside_the_dockerfile_stays(repository: Path) -> None:
    contract = "name: Mine\nimplementation:\n  container:\n    image: gcr.io/a/b:v1 # moved by hand\n    command: [x]\n"
    (repository / "docker" / "component.yaml").write_text(contract)
    made = comp("new", "scale", "--from-dockerfile", "docker/Dockerfile", "--context", ".", folder=repository)
    assert "note: docker/component.yaml is kept as it is: inputs, outputs and command are its own\n" in made.err
    assert (repository / "scale" / "component.yaml").read_text() == contract
    assert 'image = "gcr.io/a/b"\n' in (repository / "scale" / "pyproject.toml").read_text()
    again = comp("new", "scale", "--from-dockerfile", "docker/Dockerfile", folder=repository)
    assert (again.code, again.err.splitlines()[0]) == (1, "error: scale exists already")


def test_a_dockerfile_outside_of_its_context(repository: Path) -> None:
    ok("new", "scale", "--from-dockerfile", "docker/Dockerfile", "--context", "tool", folder=repository)
    settings = (repository / "scale" / "pyproject.toml").read_text()
    assert 'dockerfile = "Dockerfile"\n' in settings
    assert (repository / "scale" / "Dockerfile").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (("--from-dockerfile", "gone"), 1, "gone does not exist", "give the path of a Dockerfile"),
        (
            ("--from-dockerfile", "bad"),
            1,
            "bad:2: unknown instruction CPOY",
            "did you mean COPY?",
        ),
        (
            ("--from-dockerfile", "docker/Dockerfile", "--target", "test"),
            1,
            "the Dockerfile has no stage 'test'",
            "its stages: build",
        ),
        (
            ("--from-dockerfile", "docker/Dockerfile", "--target", "build"),
            1,
            "docker/Dockerfile:3: the image has neither ENTRYPOINT nor CMD in this file",
            'a contract names the command: add one, such as ENTRYPOINT ["python", "/app/main.py"]',
        ),
        (("--target", "x"), 2, "--context and --target need --from-dockerfile", "add it, or leave them out"),
        (
            ("--from-dockerfile", "docker/Dockerfile", "--template", "r"),
            2,
            "--from-function, --from-program, --from-dockerfile and --template do not go together",
            "give one of them",
        ),
        (
            ("--from-dockerfile", "docker/Dockerfile", "--exec"),
            2,
            "--exec needs --from-program",
            "add it, or leave --exec out",
        ),
    ],
)
def test_what_cannot_be_taken_over(
    repository: Path, arguments: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    (repository / "bad").write_text("FROM a\nCPOY b c\n")
    before = sorted(repository.rglob("*"))
    refused = comp("new", "scale", *arguments, folder=repository)
    assert (refused.code, refused.out) == (code, "")
    assert message in refused.err
    assert refused.err.endswith(f"\n\nhint: {hint}\n")
    assert sorted(repository.rglob("*")) == before


def test_on_a_terminal_it_asks(repository: Path) -> None:
    (repository / "Dockerfile").write_text('FROM a\nUSER 1\nENTRYPOINT ["x"]\n')
    answers = "asked\nfrom-dockerfile\nDockerfile\n\nrows:path\n1:value\nsum:output\n\n"
    code, shown = on_a_terminal(answers, "new", folder=repository)
    assert code == 0, shown
    assert "guessed: its inputs and outputs are not known: " in shown
    assert "'1' is not the name of an option; write --input NAME:value:TYPE, " in shown
    contract = (repository / "asked" / "component.yaml").read_text()
    assert "args: [--rows, {inputPath: rows}, --sum, {outputPath: sum}]\n" in contract
