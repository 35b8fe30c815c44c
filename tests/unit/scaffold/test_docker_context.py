"""The files of a context that an image needs."""

import os
from pathlib import Path

import pytest

from toolkit.dockerfile.reader import parse_dockerfile
from toolkit.dockerfile.stages import stages_of
from toolkit.errors import InputError
from toolkit.scaffold.docker_context import Context, context_above, copy_context, read_context

FILES = ("Dockerfile", "a.py", "b.txt", "data/x.csv", "data/deep/y.csv", "z/.env", ".git/config", "new/a.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "context" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "context"


def chosen(folder: Path, *lines: str) -> Context:
    dockerfile = folder / "Dockerfile"
    stages = stages_of(parse_dockerfile("\n".join(("FROM a", *lines)), dockerfile))
    return read_context(folder, dockerfile, stages, without=folder / "new")


def names(folder: Path, *lines: str) -> list[str]:
    return [path.as_posix() for path in chosen(folder, *lines).files]


def test_only_what_is_copied_or_mounted(folder: Path) -> None:
    assert names(folder, "RUN x") == []
    assert names(folder, "COPY *.py ./data/deep /x/") == ["a.py", "data/deep/y.csv"]
    assert names(folder, "RUN --mount=type=bind,source=b.txt,target=/b x") == ["b.txt"]
    assert names(folder, "COPY --from=x a.py /a", "ADD https://host/a.py /b") == []
    assert names(folder, "COPY /../b.txt /b") == ["b.txt"]


def test_everything_but_repositories_and_secrets(folder: Path) -> None:
    context = chosen(folder, "COPY . .")
    assert [path.as_posix() for path in context.files] == [
        "Dockerfile",
        "a.py",
        "b.txt",
        "data/deep/y.csv",
        "data/x.csv",
    ]
    assert context.notes == ("left behind, since it looks like a secret: z/.env; the build has to do without it",)


def test_a_dockerignore_decides(folder: Path) -> None:
    (folder / ".dockerignore").write_text("data\n!data/deep\n")
    assert names(folder, "COPY data /d") == [".dockerignore", "data/deep/y.csv"]
    (folder / "Dockerfile.dockerignore").write_text("**/*.csv\n")
    context = chosen(folder, "COPY data /d", "COPY gone b.txt /")
    assert [path.as_posix() for path in context.files] == ["Dockerfile.dockerignore", "b.txt"]
    assert context.notes == ("not in the context, or left out by .dockerignore: data, gone",)


def test_a_context_above(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "b.R").write_text("")
    assert context_above(folder, ["lib/*.R", "context/a.py"]) == tmp_path
    assert context_above(folder, ["lib/*.py"]) is None
    assert context_above(tmp_path / "context" / "data" / "deep", ["a.py"]) == folder


def test_a_pattern_that_is_none(folder: Path) -> None:
    with pytest.raises(InputError, match="invalid pattern"):
        chosen(folder, "COPY a[ /")


def test_a_context_has_a_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_CARRIED_SIZE", "3")
    with pytest.raises(InputError, match="what the Dockerfile copies exceeds the limit"):
        chosen(folder, "COPY b.txt /")


def test_copies_keep_permissions_and_links(folder: Path, tmp_path: Path) -> None:
    (folder / "a.py").chmod(0o755)
    (folder / "data" / "link").symlink_to("../../outside")
    (folder / "linked").symlink_to("data")
    copy_context(chosen(folder, "COPY a.py data linked /x/"), tmp_path / "new")
    assert os.access(tmp_path / "new" / "a.py", os.X_OK)
    assert (tmp_path / "new" / "data" / "link").readlink() == Path("../../outside")
    assert (tmp_path / "new" / "linked").readlink() == Path("data")
