import os
from pathlib import Path

import pytest

from toolkit.builders.code import KEPT_SIZE, Code, LeftOut, code_paths, component_code, is_code, read_code
from toolkit.config.project import read_project
from toolkit.errors import InputError
from toolkit.oci.file import File, Stream

LEFT_OUT = (
    *("component.yaml", "components/other.yaml", "pyproject.toml", "requirements.lock", "uv.lock", "pylock.dev.toml"),
    *("README.md", "LICENSE", "tests/test_x.py", "tests/cases/one/case.yaml", "Dockerfile", "Makefile"),
    *(".git/config", ".env", ".env.local", "pkg/.secret", "pkg/__pycache__/x.pyc", "pkg/x.pyc", ".venv/bin/python"),
    *("key.pem", "pkg/id_rsa", "id_ed25519.pub", "pkg/server.key", "demo.egg-info/PKG-INFO", "node_modules/x/y.js"),
    *("env/pyvenv.cfg", "env/lib/x.py", "out/oci-layout", "out/blobs/sha256/x"),
    *("other/component.yaml", "other/pyproject.toml", "other/src/train.py", "other/requirements.lock"),
    *("train.py~", "pkg/#data.csv#", "pkg/.#data.csv", ".train.py.swp"),
)
TAKEN = (
    "train.py",
    "pkg/__init__.py",
    "pkg/README.md",
    "pkg/tests/data.csv",
    "pkg/id_mapping.py",
    "pkg/component.yaml",
)


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def listed(root: Path) -> list[str]:
    return [file.path for file in read_code(root, into="opt/comp/app").files]


def test_code_goes_in_and_the_rest_stays_out(tmp_path: Path) -> None:
    write(tmp_path, *LEFT_OUT, *TAKEN)
    assert listed(tmp_path) == sorted(f"opt/comp/app/{name}" for name in TAKEN)


def test_the_paths_are_those_that_are_read(tmp_path: Path) -> None:
    write(tmp_path, *LEFT_OUT, *TAKEN, ".dockerignore")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".dockerignore").write_text("pkg/tests\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\n[tool.comp]\nentrypoint = "train:f"\nexclude = ["pkg/id_*"]\n'
    )
    project = read_project(tmp_path, environ={})
    files, folders = code_paths(project)
    assert [f"opt/comp/app/{path.relative_to(tmp_path)}" for path in sorted(files)] == [
        file.path for file in component_code(project).files
    ]
    assert folders == [tmp_path, tmp_path / "empty", tmp_path / "pkg"]
    test = is_code(project)
    assert [tmp_path / name for name in sorted((*LEFT_OUT, *TAKEN)) if test(name)] == sorted(files)


def test_another_component_is_code_if_a_pattern_says_so(tmp_path: Path) -> None:
    settings = '[project]\nname = "a"\nversion = "1"\n[tool.comp]\nentrypoint = "train:f"\ninclude = ["other"]\n'
    write(tmp_path, "train.py", "pyproject.toml", "other/component.yaml", "other/pyproject.toml", "other/x.py")
    (tmp_path / "pyproject.toml").write_text(settings)
    project = read_project(tmp_path, environ={})
    assert "opt/comp/app/other/x.py" in [file.path for file in component_code(project).files]
    assert is_code(project)("other/x.py")
    (tmp_path / "pyproject.toml").write_text(settings.replace("include", "exclude"))
    assert [file.path for file in component_code(read_project(tmp_path, environ={})).files] == ["opt/comp/app/train.py"]


def test_a_file_that_is_gone_was_code_if_its_path_is_that_of_code(tmp_path: Path) -> None:
    settings = '[project]\nname = "a"\nversion = "1"\n[tool.comp]\nentrypoint = "train:f"\n'
    write(tmp_path, "src/train.py", "pyproject.toml")
    (tmp_path / "pyproject.toml").write_text(settings + 'exclude = ["src/*/data"]\ninclude = ["src/x/data/kept"]\n')
    test = is_code(read_project(tmp_path, environ={}))
    names = ("src/gone.py", "src/x/data/gone", "src/x/data/kept", "beside.py", "src/tests/x", "src/x/tests/x")
    assert [name for name in names if test(name)] == ["src/gone.py", "src/x/data/kept", "src/x/tests/x"]


def test_what_looks_like_a_secret_is_said(tmp_path: Path) -> None:
    write(tmp_path, "pkg/server.key")
    code = read_code(tmp_path, into="opt/comp/app")
    assert code == Code(
        files=(),
        left_out=(LeftOut(path="pkg/server.key", reason="looks like a secret"),),
        warnings=(
            "pkg/server.key looks like a secret and stays out of the image; `include` takes it back by its name",
        ),
    )


def test_content_and_the_executable_bit_decide(tmp_path: Path) -> None:
    write(tmp_path, "tool.sh", "train.py")
    (tmp_path / "tool.sh").chmod(0o700)
    (tmp_path / "train.py").chmod(0o666)
    os.utime(tmp_path / "train.py", (1, 1))
    assert read_code(tmp_path, into="opt/comp/app").files == (
        File(path="opt/comp/app/tool.sh", mode=0o755, content=b"tool.sh"),
        File(path="opt/comp/app/train.py", mode=0o644, content=b"train.py"),
    )


def test_large_files_are_not_held(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(KEPT_SIZE + 1))
    (file,) = read_code(tmp_path, into="opt/comp/app").files
    assert isinstance(file.content, Stream)
    assert b"".join(file.chunks()) == bytes(KEPT_SIZE + 1)


def test_links_inside_stay_links(tmp_path: Path) -> None:
    write(tmp_path, "pkg/data/table.csv")
    (tmp_path / "pkg/table.csv").symlink_to(tmp_path / "pkg/data/table.csv")
    (tmp_path / "latest").symlink_to("pkg/data")
    targets = {file.path: file.target for file in read_code(tmp_path, into="opt/comp/app").files if file.target}
    assert targets == {"opt/comp/app/pkg/table.csv": "data/table.csv", "opt/comp/app/latest": "pkg/data"}


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("../outside", "leads out of"),
        ("/etc/hostname", "leads out of"),
        ("gone", "leads nowhere"),
        ("link", "leads nowhere"),
        ("secret.pem", "does not go into the image"),
    ],
)
def test_links_that_are_refused(tmp_path: Path, target: str, problem: str) -> None:
    write(tmp_path, "outside", "src/secret.pem")
    (tmp_path / "src/link").symlink_to(target)
    with pytest.raises(InputError, match=problem) as caught:
        listed(tmp_path / "src")
    assert caught.value.where
    assert caught.value.where.path == tmp_path / "src/link"


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file"):
        listed(tmp_path)


def test_a_name_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x")
    with pytest.raises(InputError, match="not UTF-8"):
        listed(tmp_path)
