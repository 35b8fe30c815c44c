from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from tests.artifacts import component
from tests.bytecode import MINOR, VERSION
from tests.components import small_base
from tests.package_index import PackageIndex
from tests.projects import project as write_project
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.plan import Installed, Plan, WheelsLayer
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.errors import InputError
from toolkit.jail.consent import Consent
from toolkit.job.context import BuildContext
from toolkit.job.install import install, rebuild_lost
from toolkit.job.lock import locked_bases
from toolkit.oci.image import Image
from toolkit.progress import Report
from toolkit.wheels.bytecode.compiling import Compilers


class Builder(Struct):
    """Records the layers that it may begin with."""

    name: str = "none"
    begun: list[tuple[str, ...]] = field(default_factory=list)

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        assert minor in {MINOR, "3.99"}
        assert not estargz
        self.begun.append(layer.contents)

    def build(self, plan: Plan, report: Report) -> Image:
        raise NotImplementedError

    def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
        raise NotImplementedError


@pytest.fixture
def context(cache: Cache, index: PackageIndex) -> BuildContext:
    """Let uv see the index of the tests, whose address is in the environment."""
    assert index.port
    return BuildContext(cache=cache, consent=Consent())


def _project(tmp_path: Path, *dependencies: str, version: str = VERSION, settings: str = "") -> Project:
    # Another processor's, so that this machine's Python compiles for it.
    python = b"\x7fELF\0junk\0" + version.encode() + b"\0more"
    base = small_base(tmp_path / "base", architecture="arm64", files={"usr/bin/python3.11": python})
    made = component(
        tmp_path / "component", base=f"layout:{base}", dependencies=dependencies, platforms=("linux/arm64",)
    )
    made.pyproject.write_text(
        f'[project]\nname = "x"\nversion = "1"\ndependencies = {list(dependencies)!r}\n{settings}'
    )
    return made


def _install(project: Project, context: BuildContext, *, locked: bool = False) -> tuple[Installed, Builder]:
    builder = Builder()
    with Compilers(context.cache, context.consent) as compilers:
        bases, lock = locked_bases(project, context)
        (on_base,) = install(project, bases, lock, context, compilers.of(bases), builder, locked=locked)
    return on_base, builder


def test_wheels_are_fetched_compiled_and_begun(tmp_path: Path, context: BuildContext) -> None:
    on_base, builder = _install(_project(tmp_path, "beta"), context)
    names = ("alpha-1.0-py3-none-any.whl", "beta-1.5-py3-none-any.whl")
    assert tuple(wheel.filename for wheel in on_base.wheels) == names
    assert [layer.contents for layer in on_base.layers] == builder.begun == [names]
    assert [part.wheel for part in on_base.bytecode] == list(names)
    assert not on_base.collisions
    assert not on_base.incomplete


def test_without_requirements_nothing_is_installed(tmp_path: Path, context: BuildContext) -> None:
    on_base, builder = _install(_project(tmp_path), context, locked=False)
    assert (on_base.wheels, on_base.bytecode, builder.begun) == ((), (), [])


def test_settings_may_leave_bytecode_out(tmp_path: Path, context: BuildContext) -> None:
    on_base, _ = _install(replace(_project(tmp_path, "alpha"), bytecode=False), context)
    assert (len(on_base.wheels), on_base.bytecode) == (1, ())


def test_bytecode_that_nothing_compiles(
    tmp_path: Path, context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    project = replace(_project(tmp_path, "alpha", version="3.99.1"), requires_python=">=3.11")
    on_base, _ = _install(project, context)
    assert (len(on_base.wheels), on_base.bytecode, on_base.incomplete) == (1, (), False)
    assert "no Python 3.99.1 runs here to compile for linux/arm64: the image has no bytecode" in caplog.text
    with pytest.raises(InputError, match="and bytecode is part of the image") as refused:
        _install(project, context, locked=True)
    assert "bytecode = false" in (refused.value.hint or "")
    caplog.clear()
    on_base, _ = _install(project, replace(context, consent=Consent(dry=True)), locked=True)
    assert on_base.incomplete
    assert "a build may add layers of bytecode" in caplog.text


def test_wheels_that_were_built_here_are_built_again(tmp_path: Path, context: BuildContext) -> None:
    write_project(tmp_path / "near", "near")
    source = '[tool.uv.sources]\nnear = { path = "../near" }\n'
    project = replace(_project(tmp_path, "near", settings=source), allow_builds=("near",))
    bases, lock = locked_bases(project, context)
    (pin,) = lock.pins[bases[0].target.platform]
    context.cache.blob_path(pin.digest).unlink()
    rebuild_lost(project, lock, bases, context)
    assert context.cache.has_blob(pin.digest)
