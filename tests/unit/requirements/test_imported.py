"""Requirements of other tools: requirements files, uv.lock and pylock.toml."""

import os
import subprocess
from pathlib import Path

import pytest
import uv
from msgspec.structs import replace

from tests.artifacts import component
from tests.package_index import PackageIndex, resolved, small_wheel
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.job.lock import is_fresh
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target
from toolkit.requirements.imported import file_options, import_requirements, imported_digest
from toolkit.requirements.lock import Lock, inputs_digest

A, B = "a" * 64, "b" * 64


AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


TEXT = f"""\
# a comment
--extra-index-url https://example.com/simple
alpha==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}  # of two files
beta>=1 ; sys_platform == "linux"   # no hash
-r more.txt
-c narrow.txt
"""


def test_a_requirements_file(tmp_path: Path, debian: Target) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(TEXT)
    (tmp_path / "more.txt").write_text(f"gamma==3 --hash=sha256:{A}\n")
    (tmp_path / "narrow.txt").write_text("delta<2\n")
    found = import_requirements(path, debian, Cache.default(), os.environ)
    assert found.requirements == ("alpha==1.0", 'beta>=1 ; sys_platform == "linux"', "gamma==3")
    assert found.constraints == ("delta<2",)
    assert file_options(path, os.environ).indexes == ("--extra-index-url https://example.com/simple",)
    assert found.hashes == {"alpha": frozenset({Digest(A), Digest(B)}), "gamma": frozenset({Digest(A)})}
    digest = imported_digest(path, os.environ)
    (tmp_path / "narrow.txt").write_text("delta<3\n")
    assert imported_digest(path, os.environ) != digest


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-e ../shared", "a folder is required"),
        ("./shared", "a folder is required"),
        ("--global-option x", "not an option that can be used here: --global-option"),
        ("six --config-settings a=b", "not an option that can be used here: --config-settings"),
        ("six --hash=sha512:00", "its hashes are not sha256"),
        ("https://example.com/", "there is no name in the address"),
        ("alpha = 1", "not a requirement"),
        ("-r none.txt", r"none\.txt is missing"),
    ],
)
def test_lines_that_cannot_be_used(tmp_path: Path, debian: Target, line: str, words: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"six\n\n{line}\n")
    with pytest.raises(InputError, match=words) as caught:
        import_requirements(path, debian, Cache.default(), os.environ)
    assert str(caught.value.where) == f"{path}:3"


def test_a_missing_file(tmp_path: Path, debian: Target) -> None:
    with pytest.raises(InputError, match=r"uv\.lock is missing"):
        import_requirements(tmp_path / "uv.lock", debian, Cache.default(), os.environ)


def test_uv_lock(tmp_path: Path, debian: Target, index: PackageIndex) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["alpha<2"]\n'
    )
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    # A newer one appears; the lock stays.
    index.files["alpha-1.5-py3-none-any.whl"] = small_wheel("alpha", "1.5")
    found = import_requirements(tmp_path / "uv.lock", debian, Cache.default(), os.environ)
    assert found.requirements == ("alpha<2",)
    assert found.locked == {"alpha": "1.0"}
    (pin,) = resolved(["alpha==1.0"], debian, hashes=found.hashes)
    assert pin.version == "1.0"
    assert found.hashes["alpha"] == frozenset({pin.digest})
    (tmp_path / "uv.lock").write_text("version = 99\n")
    with pytest.raises(InputError, match="uv cannot read it"):
        import_requirements(tmp_path / "uv.lock", debian, Cache.default(), os.environ)


def test_pylock_of_another_tool(tmp_path: Path, debian: Target, index: PackageIndex) -> None:
    assert index.port
    (tmp_path / "in.txt").write_text("beta\n")
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--format=pylock.toml", "in.txt", "-o", "pylock.toml"]
    written = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert written.returncode == 0
    found = import_requirements(tmp_path / "pylock.toml", debian, Cache.default(), os.environ)
    assert found.requirements == ()
    assert found.locked == {"alpha": "1.0", "beta": "1.5"}
    pins = resolved(["alpha==1.0", "beta==1.5"], debian, hashes=found.hashes)
    assert {pin.name: frozenset({pin.digest}) for pin in pins} == found.hashes
    for text in ("nothing", 'lock-version = "9.0"\n', 'lock-version = "1.0"\ncreated-by = "x"\n'):
        (tmp_path / "pylock.toml").write_text(text)
        with pytest.raises(InputError, match="not usable for linux/amd64"):
            import_requirements(tmp_path / "pylock.toml", debian, Cache.default(), os.environ)


def test_other_requirements_are_other_inputs(tmp_path: Path) -> None:
    project = component(tmp_path)
    (tmp_path / "requirements.txt").write_text("six==1.0\n")
    given = replace(project, requirements=tmp_path / "requirements.txt")
    lock = Lock(inputs=inputs_digest(project, "3.11"), python="3.11", pins={AMD64: ()})
    assert is_fresh(project, lock, "3.11", os.environ)
    assert not is_fresh(given, lock, "3.11", os.environ)


def test_every_included_file_counts(tmp_path: Path) -> None:
    names = [tmp_path / "requirements.txt", *(tmp_path / f"{number}.in" for number in range(30))]
    for path, inner in zip(names, [*names[1:], None], strict=True):
        path.write_text(f"-r {inner.name}\n" if inner else "six==1.0\n")
    before = imported_digest(names[0], os.environ)
    names[-1].write_text("six==2.0\n")
    assert imported_digest(names[0], os.environ) != before


def test_a_line_that_moves_from_one_file_to_another_counts(tmp_path: Path) -> None:
    top, inner = tmp_path / "requirements.txt", tmp_path / "a.txt"
    top.write_text("-c a.txt\nsix\n")
    inner.write_text("click\n")
    before = imported_digest(top, os.environ)
    top.write_text("-c a.txt\n")
    inner.write_text("six\nclick\n")
    assert imported_digest(top, os.environ) != before


def test_a_file_that_includes_itself_is_refused(tmp_path: Path, debian: Target) -> None:
    (tmp_path / "requirements.txt").write_text("-r a.txt\n")
    (tmp_path / "a.txt").write_text("-r requirements.txt\n")
    with pytest.raises(InputError, match=r"requirements\.txt includes itself"):
        import_requirements(tmp_path / "requirements.txt", debian, Cache.default(), os.environ)
