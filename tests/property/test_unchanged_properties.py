"""The record of a build never gives another digest than a build, however the component's folder changes."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.components import FUNCTION, outcome, recognised, small_base, write_component
from toolkit.cache.store import Cache

_NAMES = (
    *("src/count_words.py", "src/limits.py", "src/config.yaml", "src/tests/x.csv", "src/deep/component.yaml"),
    *("src/.comp/x", "src/.hidden", "src/link", "src/build/x", "src/README.md", "src/key.pem", "src/big.bin"),
    *("component.yaml", "pyproject.toml", "requirements.lock", ".dockerignore", "README.md", "tests/x", "../shared"),
    *("../pyproject.toml", "src", "src/tests", "src/deep", "other"),
)
_SETTINGS = '[project]\nname = "count-words"\nversion = "{}"\n\n[tool.comp]\nentrypoint = "count_words:count"\n{}'
_TEXTS = (
    *("", "image: one\n", "image: two\n", "!src/.comp\n!src/.hidden\n", "src/tests\n", "*\n!src\n", "src/limits.py\n"),
    *(FUNCTION, FUNCTION + "# more\n", 'MOST = "1"\n', 'MOST = "2"\n'),
    "from limits import MOST\n" + FUNCTION.replace("text: str", "text: str = MOST"),
    *(
        _SETTINGS.format("1.2.0", ""),
        _SETTINGS.format("1.2.1", ""),
        _SETTINGS.format("1.2.0", 'exclude = ["src/tests"]\n'),
    ),
    *('[tool.comp.defaults]\nuser = "1"\n', "[tool.comp.defaults]\nestargz = true\n"),
)
_names, _texts = st.sampled_from(_NAMES), st.sampled_from(_TEXTS)

Change = Callable[[Path], object]


def _writing(name: str, text: str) -> Change:
    return lambda folder: _place(folder / name).write_text(text)


def _linking(name: str, target: str) -> Change:
    return lambda folder: _place(folder / name).symlink_to(os.path.relpath(folder / target, (folder / name).parent))


def _moving(name: str, other: str) -> Change:
    return lambda folder: shutil.move(folder / name, _place(folder / other))


def _of_mode(name: str, mode: int) -> Change:
    return lambda folder: (folder / name).chmod(mode)


def _removing(name: str) -> Change:
    return lambda folder: _place(folder / name)


def _place(path: Path) -> Path:
    """Make room for something new at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


_changes = st.one_of(
    st.builds(_writing, _names, _texts),
    st.builds(_writing, _names, st.text(max_size=20)),
    st.builds(_linking, _names, _names),
    st.builds(_moving, _names, _names),
    st.builds(_of_mode, _names, st.sampled_from([0o644, 0o755, 0o600, 0o700])),
    st.builds(_removing, _names),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_base(tmp_path_factory.mktemp("base"))


@settings(max_examples=60)
@given(changes=st.lists(st.lists(_changes, min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_recorded_digest_is_that_of_a_build(base: Path, changes: list[list[Change]]) -> None:
    with tempfile.TemporaryDirectory() as top:
        cache, environ = Cache(Path(top, "cache")), {"COMP_BASE": f"layout:{base}"}
        folder = Path(top, "project", "component")
        files = {
            "src/config.yaml": "image: one\n",
            "src/tests/x.csv": "1",
            "src/.comp/x": "1",
            "src/deep/component.yaml": "image: one\n",
            "src/big.bin": "0" * 300_000,
            "../shared": "1",
        }
        write_component(folder, base, files)
        (folder / "src/link").symlink_to("deep")
        outcome(folder, cache, environ=environ)
        for step in changes:
            for change in step:
                try:
                    change(folder)
                except (OSError, shutil.Error):
                    continue  # There was nothing to change there.
            recorded = recognised(folder, cache, environ=environ)
            assert recorded in {None, outcome(folder, Cache(Path(top, "another cache")), environ=environ)}
            outcome(folder, cache, environ=environ)
