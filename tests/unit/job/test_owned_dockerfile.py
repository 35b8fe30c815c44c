import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.projects import sdist
from toolkit.builders.code import component_code
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError, UsageError
from toolkit.job.context import BuildContext
from toolkit.job.dockerfile import dockerfile_plans
from toolkit.job.owned_dockerfile import owned_files
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.scaffold.owned_files import OwnedFiles

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def base(tmp_path: Path, fake: FakeRemote, context: BuildContext) -> str:
    pip = "usr/lib/python3/dist-packages/pip-23.0.1.dist-info/METADATA"
    image = read_layout(small_base(tmp_path / "base", files={pip: b""}), platform=AMD64)
    return f"{fake.host}/base:1@{context.remote().push(image, parse_reference(f'{fake.host}/base:1'), tags=['1'])}"


@pytest.fixture
def folder(tmp_path: Path, base: str) -> Path:
    return write_component(tmp_path / "component", base.partition("@")[0])


def _owned(folder: Path, context: BuildContext, **changes: object) -> OwnedFiles:
    project = replace(read_project(folder, environ=context.environ), **changes)
    return owned_files(project, context, folder / "Dockerfile", locked=False)


def test_the_base_is_named_by_its_digest(folder: Path, context: BuildContext, base: str) -> None:
    owned = _owned(folder, context)
    text = owned.files["Dockerfile"].decode()
    assert f"ARG BASE={base}\n" in text
    assert "COPY src/ /opt/comp/app/\n" in text
    assert set(owned.files) == {".dockerignore", "Dockerfile", "docker/interface.json", "docker/launch.py"}
    assert list(json.loads(owned.files["docker/interface.json"])["components"]) == ["count-words"]


def test_the_day_of_a_build_is_no_part_of_it(folder: Path, context: BuildContext) -> None:
    dated = replace(context, environ={**context.environ, "SOURCE_DATE_EPOCH": "1"})
    assert _owned(folder, dated).files == _owned(folder, context).files


def test_a_base_on_this_disk_is_refused(folder: Path, tmp_path: Path, context: BuildContext) -> None:
    with pytest.raises(InputError, match="cannot name the base layout:"):
        _owned(folder, context, base=f"layout:{tmp_path / 'base'}")


def test_a_place_out_of_the_folder_is_refused(folder: Path, context: BuildContext) -> None:
    project = read_project(folder, environ=context.environ)
    with pytest.raises(UsageError, match="not in the component's folder"):
        owned_files(project, context, folder.parent / "Dockerfile", locked=False)


def test_beside_another_file_lies_another_folder(folder: Path, context: BuildContext) -> None:
    project = read_project(folder, environ=context.environ)
    owned = owned_files(project, context, folder / "ci" / "Containerfile", locked=False)
    assert {"ci/Containerfile", "ci/docker/launch.py"} < set(owned.files)
    assert b"COPY ci/docker/launch.py ci/docker/interface.json /opt/comp/" in owned.files["ci/Containerfile"]


def test_a_dockerignore_of_the_user_stays_and_their_own_is_kept_fresh(folder: Path, context: BuildContext) -> None:
    owned = _owned(folder, context)
    owned.write(owned.states(), force=False)
    assert ".dockerignore" in _owned(folder, context).files
    (folder / "docker" / "comp-dockerfile.json").unlink()
    assert ".dockerignore" not in _owned(folder, context).files


def test_code_without_a_folder_of_its_own_is_listed(folder: Path, context: BuildContext) -> None:
    (folder / "src" / "count_words.py").rename(folder / "count_words.py")
    (folder / "src").rmdir()
    (folder / "more").mkdir()
    (folder / "more" / "words.txt").write_text("a\n")
    owned = _owned(folder, context)
    lines = owned.files["Dockerfile"].decode().splitlines()
    copied = [line for line in lines if "/opt/comp/app/" in line]
    assert copied == [
        "COPY count_words.py /opt/comp/app/count_words.py",
        "COPY more/ /opt/comp/app/more/",
    ]
    # What was written is no code, also for the embedded builder.
    before = component_code(_project(folder, context)).files
    owned.write(owned.states(), force=False)
    assert [file.path for file in component_code(_project(folder, context)).files] == [file.path for file in before]


def _project(folder: Path, context: BuildContext) -> Project:
    return read_project(folder, environ=context.environ)


def _require(folder: Path, *names: str, settings: str = "") -> None:
    path = folder / "pyproject.toml"
    text = path.read_text().replace("\n[tool.comp]", f"dependencies = {json.dumps(names)}\n\n[tool.comp]")
    path.write_text(text + settings)


def test_wheels_that_no_index_has_and_pip_lie_beside(
    tmp_path: Path, folder: Path, fake: FakeRemote, context: BuildContext
) -> None:
    files = {
        "inner-1.0-py3-none-any.whl": small_wheel("inner", "1.0"),
        "made-1.0.tar.gz": sdist("made"),
        "pip-26.0-py3-none-any.whl": small_wheel("pip", "26.0"),
    }
    bare = read_layout(small_base(tmp_path / "bare"), platform=AMD64)
    context.remote().push(bare, parse_reference(f"{fake.host}/base:2"), tags=["2"])
    _require(folder, "inner", "made", settings='allow-builds = ["made"]\n')
    with serving_index(PackageIndex(files)) as index:
        there = replace(
            context, environ={**context.environ, "UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": str(tmp_path / "uv")}
        )
        owned = _owned(folder, there)
        assert [path for path in owned.files if "wheels" in path] == ["docker/wheels/made-1.0-py3-none-any.whl"]
        text = owned.files["docker/requirements.txt"].decode()
        assert "inner==1.0" in text
        assert index.url not in text
        bare_owned = _owned(folder, there, base=f"{fake.host}/base:2")
        wheels = [path for path in bare_owned.files if "wheels" in path]
        assert wheels == ["docker/wheels/made-1.0-py3-none-any.whl", "docker/wheels/pip-26.0-py3-none-any.whl"]
        bare_owned.write(bare_owned.states(), force=False)
        # A newer one on the index changes nothing.
        index.files["pip-27.0-py3-none-any.whl"] = small_wheel("pip", "27.0")
        assert _owned(folder, there, base=f"{fake.host}/base:2").files == bare_owned.files


def test_indexes_of_the_project_are_named_without_logins(folder: Path, context: BuildContext, tmp_path: Path) -> None:
    with serving_index(PackageIndex({"inner-1.0-py3-none-any.whl": small_wheel("inner", "1.0")})) as index:
        address = index.url.replace("http://", "http://ann:secret@")
        _require(folder, "inner", settings=f'[[tool.uv.index]]\nurl = "{address}"\ndefault = true\n')
        owned = _owned(folder, replace(context, environ={**context.environ, "UV_CACHE_DIR": str(tmp_path / "uv")}))
    assert f"--index-url {index.url}\n" in owned.files["docker/requirements.txt"].decode()
    assert b"secret" not in b"".join(owned.files.values())


def test_its_image_gets_the_interface_of_the_code(folder: Path, context: BuildContext) -> None:
    path = folder / "pyproject.toml"
    path.write_text(path.read_text() + 'dockerfile = "Dockerfile"\n')
    owned = _owned(folder, context)
    (plan,) = dockerfile_plans(_project(folder, context), context.environ)
    (interface,) = plan.layer.files
    assert b"".join(interface.chunks()) == owned.files["docker/interface.json"]
    assert b'"function":"count_words:count"' in owned.files["docker/interface.json"]


def test_another_context_is_refused(folder: Path, context: BuildContext) -> None:
    path = folder / "pyproject.toml"
    path.write_text(path.read_text() + 'dockerfile = "Dockerfile"\ncontext = ".."\n')
    with pytest.raises(InputError, match="copies from the component's folder"):
        _owned(folder, context)
