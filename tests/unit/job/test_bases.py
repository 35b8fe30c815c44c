from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import component
from tests.components import small_base
from tests.fake_remote import FakeRemote
from toolkit.config.project import Project
from toolkit.errors import InputError, OutsideError
from toolkit.job.bases import open_bases, open_build_base, platforms_of
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, ImageIndex
from toolkit.oci.layout import read_layout, write_layout
from toolkit.oci.reference import Reference, parse_reference
from toolkit.requirements.lock import Lock
from toolkit.system.turns import Shared

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
PYTHON_3_12 = {"usr/bin/python3.11": b"\x7fELF\0junk\x003.12.1\0more"}
OLDER_GLIBC = {"usr/lib/x86_64-linux-gnu/libc.so.6": b"\0GNU C Library (D) stable release version 2.31.\n"}


@pytest.fixture
def project(tmp_path: Path, base: Path) -> Project:
    return component(tmp_path / "component", base=f"layout:{base}")


@pytest.fixture
def image(base: Path) -> Image:
    return read_layout(base, platform=AMD64)


@pytest.fixture
def pushed(fake: FakeRemote, image: Image, context: BuildContext) -> Reference:
    reference = parse_reference(f"{fake.host}/base:1")
    context.remote().push(image, reference, tags=["1"])
    return reference


def test_platforms_are_listed_once(project: Project) -> None:
    names = ("linux/amd64", "linux/arm64", "linux/amd64")
    assert platforms_of(replace(project, platforms=names)) == (AMD64, ARM64)


def test_a_base_in_a_layout_is_not_pinned(project: Project, base: Path, image: Image, context: BuildContext) -> None:
    (opened,) = open_bases(project, context)
    assert (opened.image.digest, opened.reference, opened.pinned) == (image.digest, f"layout:{base}", None)
    assert (opened.facts.version, opened.target.platform) == ("3.11.2", AMD64)


def test_a_tag_is_pinned_by_the_digest_that_it_has(
    project: Project, pushed: Reference, image: Image, context: BuildContext
) -> None:
    (opened,) = open_bases(replace(project, base=str(pushed)), context)
    assert opened.image.digest == image.digest
    assert opened.pinned == replace(pushed, digest=image.digest)


def test_the_lock_has_the_digest_of_the_reference_that_it_names(
    project: Project, pushed: Reference, image: Image, context: BuildContext, tmp_path: Path, fake: FakeRemote
) -> None:
    newer = read_layout(small_base(tmp_path / "newer", more=b"1"), platform=AMD64)
    context.remote().push(newer, pushed, tags=["1"])
    lock = Lock(inputs="", python="3.11", pins={}, base=replace(pushed, digest=image.digest))
    on_tag = replace(project, base=str(pushed))
    assert open_bases(on_tag, context)[0].image.digest == newer.digest
    fake.calls.clear()
    assert open_bases(on_tag, context, lock=lock)[0].image.digest == image.digest
    assert fake.called("GET", "/manifests/1") == fake.called("HEAD", "/manifests/1") == []
    other = replace(lock, base=replace(pushed, tag="2", digest=image.digest))
    assert open_bases(on_tag, context, lock=other)[0].image.digest == newer.digest


def test_a_base_from_the_command_line_is_not_pinned(project: Project, pushed: Reference, context: BuildContext) -> None:
    (opened,) = open_bases(replace(project, base=str(pushed), base_overridden=True), context)
    assert opened.pinned is None


def test_a_base_that_cannot_be_had(project: Project, fake: FakeRemote, context: BuildContext) -> None:
    with pytest.raises(OutsideError, match=f"there is no base image {fake.host}/gone:1") as refused:
        open_bases(replace(project, base=f"{fake.host}/gone:1"), context)
    assert "export COMP_BASE=$(comp base)" in (refused.value.hint or "")
    fake.faults.fail("HEAD", "/v2/", 403)
    # A failure is that of all components of a command: the next command asks again.
    another = replace(context, shared=Shared())
    with pytest.raises(OutsideError, match=f"cannot look for the base {fake.host}/gone:1"):
        open_bases(replace(project, base=f"{fake.host}/gone:1"), another)


def test_a_base_whose_python_is_not_allowed(project: Project, context: BuildContext) -> None:
    with pytest.raises(InputError, match=r"has Python 3\.11\.2, the component requires >=3\.12"):
        open_bases(replace(project, requires_python=">=3.12"), context)


def test_all_platforms_have_one_python(project: Project, image: Image, context: BuildContext, tmp_path: Path) -> None:
    other = read_layout(small_base(tmp_path / "other", architecture="arm64", files=PYTHON_3_12), platform=ARM64)
    write_layout(ImageIndex.of([image, other], annotations={}), tmp_path / "both")
    both = replace(project, base=f"layout:{tmp_path / 'both'}", platforms=("linux/amd64", "linux/arm64"))
    with pytest.raises(InputError, match=r"different Pythons: 3\.11\.2 for linux/amd64, 3\.12\.1 for linux/arm64"):
        open_bases(both, context)
    (opened,) = open_bases(both, context, only=ARM64)
    assert opened.facts.version == "3.12.1"


def test_wheels_are_built_in_the_base_itself(project: Project, context: BuildContext) -> None:
    (opened,) = open_bases(project, context)
    assert open_build_base(project, opened, context) is opened


@pytest.mark.parametrize("kind", ["layout", "reference"])
def test_wheels_are_built_in_an_image_of_an_older_c_library(
    project: Project, context: BuildContext, tmp_path: Path, fake: FakeRemote, kind: str
) -> None:
    folder = small_base(tmp_path / "builder", files=OLDER_GLIBC)
    context.remote().push(read_layout(folder, platform=AMD64), parse_reference(f"{fake.host}/builder:1"), tags=["1"])
    name = f"layout:{folder}" if kind == "layout" else f"{fake.host}/builder:1"
    (opened,) = open_bases(project, context)
    builder = open_build_base(replace(project, build_base=name), opened, context)
    assert (builder.reference, builder.pinned, builder.facts.libc_version) == (name, None, "2.31")
    assert builder.target == opened.target


def test_wheels_are_not_built_where_they_would_not_run_on_the_base(
    project: Project, context: BuildContext, tmp_path: Path
) -> None:
    other = replace(project, build_base=f"layout:{small_base(tmp_path / 'other', files=PYTHON_3_12)}")
    (opened,) = open_bases(project, context)
    with pytest.raises(InputError, match=r"Python 3\.12\.1, .* would not run on the base"):
        open_build_base(other, opened, context)
    older = replace(
        project, base=f"layout:{small_base(tmp_path / 'older', files=OLDER_GLIBC)}", build_base=project.base
    )
    (opened,) = open_bases(older, context)
    with pytest.raises(InputError, match=r"glibc 2\.36\) would not run on the base .* glibc 2\.31"):
        open_build_base(older, opened, context)
