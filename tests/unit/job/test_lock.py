from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import base_image, base_of, component
from tests.package_index import PackageIndex, small_wheel
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.lock import _check_fit, empty_lock, existing_lock, has_built, is_fresh, locked_bases
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock
from toolkit.requirements.lock_file import write_lock
from toolkit.requirements.pin import Pin

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def context(cache: Cache, index: PackageIndex) -> BuildContext:
    """Let uv see the index of the tests, whose address is in the environment."""
    assert index.port
    return BuildContext(cache=cache)


@pytest.fixture
def requiring(tmp_path: Path, base: Path) -> Callable[..., Project]:
    def project(*dependencies: str) -> Project:
        made = component(tmp_path / "component", base=f"layout:{base}", dependencies=dependencies)
        made.pyproject.write_text(f'[project]\nname = "x"\nversion = "1"\ndependencies = {list(dependencies)!r}\n')
        return made

    return project


def _versions(project: Project) -> dict[str, str]:
    lock = existing_lock(project)
    return {} if lock is None else {pin.name: pin.version for pin in lock.pins[AMD64]}


def test_the_first_lock_has_the_newest_versions(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha")
    assert existing_lock(project) is None
    bases, lock = locked_bases(project, context)
    assert [base.target.platform for base in bases] == [AMD64]
    assert lock == existing_lock(project)
    assert _versions(project) == {"alpha": "2.0"}


def test_pins_that_fit_are_kept_until_an_upgrade(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha<2")
    locked_bases(project, context)
    project = requiring("alpha")
    locked_bases(project, context)
    assert _versions(project) == {"alpha": "1.0"}
    _, lock = locked_bases(project, context, upgrade=True)
    assert _versions(project) == {"alpha": "2.0"}
    assert lock == existing_lock(project)


def test_a_fresh_lock_is_not_written(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha")
    locked_bases(project, context)
    before = project.lock.stat()
    locked_bases(project, context, locked=True)
    after = project.lock.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_preview_does_not_write(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha")
    _, lock = locked_bases(project, context, write=False)
    assert [pin.name for pin in lock.pins[AMD64]] == ["alpha"]
    assert not project.lock.exists()


def test_with_locked_a_lock_that_would_change_is_an_error(
    requiring: Callable[..., Project], context: BuildContext
) -> None:
    project = requiring("alpha")
    with pytest.raises(InputError, match="the lock is missing") as refused:
        locked_bases(project, context, locked=True)
    assert refused.value.hint == "`comp lock` writes it"
    locked_bases(project, context)
    with pytest.raises(InputError, match="the lock is stale: the settings changed"):
        locked_bases(requiring("alpha<2"), context, locked=True)


def test_a_lock_that_lacks_a_requirement_is_written_anew(
    requiring: Callable[..., Project], context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    project = requiring("beta")
    _, lock = locked_bases(project, context)
    write_lock(project.lock, replace(lock, pins={AMD64: tuple(pin for pin in lock.pins[AMD64] if pin.name == "beta")}))
    with pytest.raises(InputError, match=r"the lock does not meet the requirements: .*alpha"):
        locked_bases(project, context, locked=True)
    locked_bases(project, context)
    assert _versions(project) == {"alpha": "1.0", "beta": "1.5"}
    assert "requirements.lock does not meet the requirements and is written anew: " in caplog.text


def test_a_file_that_was_replaced_on_the_index_is_refused(
    requiring: Callable[..., Project], context: BuildContext, index: PackageIndex, tmp_path: Path
) -> None:
    project = requiring("alpha")
    locked_bases(project, context)
    index.files["alpha-2.0-py3-none-any.whl"] = small_wheel("alpha", "2.0", content="replaced = True\n")
    elsewhere = replace(context, cache=Cache(tmp_path / "other"), environ={**context.environ, "UV_NO_CACHE": "1"})
    with pytest.raises(OutsideError, match=r"the index has alpha-2\.0-py3-none-any\.whl with sha256 .* pins sha256"):
        locked_bases(requiring("alpha>=1"), elsewhere)


def test_a_wheel_that_does_not_fit_the_base_is_refused(requiring: Callable[..., Project]) -> None:
    name = "gamma-1.0-cp311-cp311-manylinux_2_39_x86_64.whl"
    pin = Pin(name="gamma", version="1.0", filename=name, digest=Digest.of(b""))
    lock = Lock(inputs="", python="3.11", pins={AMD64: (pin,)})
    with pytest.raises(InputError) as refused:
        _check_fit(requiring("gamma"), base_of(base_image()), lock)
    assert refused.value.message == f"{name} does not fit the base python:3.11-slim (Python 3.11.2, glibc 2.36)"
    assert refused.value.hint == "`comp lock --upgrade` chooses for this base"


def test_bases_are_known_before_the_lock(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha")
    seen: list[Base] = []

    def opened(bases: Sequence[Base]) -> None:
        assert not project.lock.exists()
        seen.extend(bases)

    bases, _ = locked_bases(project, context, on_open=opened)
    assert seen == list(bases)


def test_a_lock_is_fresh_for_its_settings_alone(requiring: Callable[..., Project], context: BuildContext) -> None:
    project = requiring("alpha")
    _, lock = locked_bases(project, context)
    assert is_fresh(project, lock, "3.11", {})
    assert not is_fresh(project, lock, "3.12", {})
    assert not is_fresh(requiring("alpha", "beta"), lock, "3.11", {})
    assert not is_fresh(replace(project, platforms=("linux/arm64",)), lock, "3.11", {})
    assert not is_fresh(project, None, "3.11", {})
    assert not has_built(lock)


def test_a_lock_without_requirements_needs_no_base(requiring: Callable[..., Project]) -> None:
    project = replace(requiring(), requires_python=">=3.12", platforms=("linux/arm64",))
    assert empty_lock(project) == Lock(inputs="", python="3.12", pins={Platform("linux", "arm64"): ()})
