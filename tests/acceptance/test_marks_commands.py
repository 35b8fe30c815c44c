"""`comp yank` and `comp deprecate`, as users run them."""

from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.releases import publish, release
from toolkit.registry.folder.directory import Directory


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    registry = Directory.create(tmp_path / "shared")
    for each in (release("1.0.0"), release("1.1.0"), release("1.0.0", name="fit")):
        publish(registry, each)
    return tmp_path


def test_yank_and_undo(shared: Path) -> None:
    words = ("yank", "ml/train@1.1.0", "--registry", "shared")
    done = comp(*words, "--reason", "loses rows", "--by", "Ada", folder=shared)
    assert (done.code, done.out, done.err) == (0, "ml/train@1.1.0\n", "ml/train@1.1.0 is yanked\n")
    again = comp(*words, "--reason", "loses rows", folder=shared)
    assert (again.code, again.err) == (0, "ml/train@1.1.0 is yanked already\n")
    assert ok("show", "ml/train", "--registry", "shared", folder=shared).startswith("ml/train@1.0.0")
    undone = comp(*words, "--undo", folder=shared)
    assert (undone.code, undone.err) == (0, "ml/train@1.1.0 is no longer yanked\n")
    assert comp(*words, "--undo", folder=shared).err == "ml/train@1.1.0 is not yanked\n"
    assert ok("show", "ml/train", "--registry", "shared", folder=shared).startswith("ml/train@1.1.0")


def test_deprecate(shared: Path) -> None:
    words = ("deprecate", "ml/train", "--registry", "shared", "--reason", "too slow")
    unknown = comp(*words, "--superseded-by", "ml/fits", folder=shared)
    assert unknown.code == 1
    assert "error: shared has no component ml/fits\n" in unknown.err
    assert "--force takes one that is to come" in unknown.err
    done = comp(*words, "--superseded-by", "ml/fit", folder=shared)
    assert (done.code, done.out, done.err) == (0, "ml/train\n", "ml/train is deprecated\n")
    added = comp("add", "ml/train", "--registry", "shared", folder=shared)
    assert "too slow" in added.err
    assert "ml/fit" in added.err
    assert comp(*words, "--superseded-by", "ml/later", "--force", folder=shared).code == 0
    undone = comp("deprecate", "ml/train", "--registry", "shared", "--undo", folder=shared)
    assert (undone.code, undone.err) == (0, "ml/train is no longer deprecated\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("yank", "ml/train@1.1.0"), 2),
        (("yank", "ml/train@1.1.0", "--reason", "x", "--undo"), 2),
        (("yank", "ml/train@9.0.0", "--reason", "x"), 1),
        (("yank", "ml/train", "--reason", "x"), 2),
        (("deprecate", "ml/train@1.0.0", "--reason", "x"), 2),
        (("deprecate", "ml/train"), 2),
        (("deprecate", "ml/train", "--undo", "--superseded-by", "ml/fit"), 2),
    ],
)
def test_wrong_command_lines(shared: Path, words: tuple[str, ...], code: int) -> None:
    before = sorted(shared.rglob("*"))
    assert comp(*words, "--registry", "shared", folder=shared).code == code
    assert sorted(shared.rglob("*")) == before


def test_a_missing_registry_is_not_made(tmp_path: Path) -> None:
    assert comp("yank", "ml/x@1.0.0", "--reason", "x", "--registry", "none", folder=tmp_path).code == 1
    assert not (tmp_path / "none").exists()
