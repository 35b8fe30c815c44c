from pathlib import Path

import pytest

from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote
from tests.package_index import PackageIndex
from toolkit.builders.code import LeftOut
from toolkit.cache.store import Cache
from toolkit.job.build import build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.preview import preview
from toolkit.oci.descriptor import Platform

AMD64 = Platform("linux", "amd64")


def test_it_gives_the_digest_of_a_build_and_changes_nothing(folder: Path, context: BuildContext) -> None:
    before = sorted(folder.rglob("*"))
    planned = preview(BuildRequest(folder=folder), context)
    assert sorted(folder.rglob("*")) == before
    assert str(planned.digest) == build(BuildRequest(folder=folder), context)


def test_layers_come_from_bottom_to_top(folder: Path, context: BuildContext) -> None:
    planned = preview(BuildRequest(folder=folder), context)
    layers = planned.images[AMD64]
    assert [layer.name for layer in layers] == ["base", "launcher and virtual environment", "code"]
    assert [layer.contents for layer in layers][::2] == [(), ("app/count_words.py", "interface.json")]
    # Without a name for the image no remote is asked.
    assert {layer.present for layer in layers} == {None}


def test_it_tells_which_layers_the_remote_has(folder: Path, context: BuildContext, fake: FakeRemote) -> None:
    request = BuildRequest(folder=folder, overrides={"image": f"{fake.host}/ml/count"}, push=True)
    assert [layer.present for layer in preview(request, context).images[AMD64]] == [False, False, False]
    build(request, context)
    (folder / "src" / "more.py").write_text("")
    assert [layer.present for layer in preview(request, context).images[AMD64]] == [True, True, False]


def test_a_remote_that_does_not_answer_is_a_warning(
    folder: Path, context: BuildContext, fake: FakeRemote, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.fail("HEAD", "/blobs/", 403)
    request = BuildRequest(folder=folder, overrides={"image": f"{fake.host}/ml/count"})
    planned = preview(request, context)
    assert {layer.present for layer in planned.images[AMD64]} == {None}
    assert planned.digest is not None
    assert "cannot tell what the remote has" in caplog.text


def test_code_that_stays_out_is_listed(folder: Path, context: BuildContext) -> None:
    (folder / "src" / ".env").write_text("SECRET=1\n")
    planned = preview(BuildRequest(folder=folder), context)
    assert [file.path for file in planned.left_out] == ["src/.env"]
    assert isinstance(planned.left_out[0], LeftOut)


def test_without_its_bytecode_an_image_has_no_digest_yet(tmp_path: Path, cache: Cache, index: PackageIndex) -> None:
    assert index.port
    folder = write_component(tmp_path / "component", small_base(tmp_path / "base"))
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.comp]", 'dependencies = ["alpha"]\n[tool.comp]'))
    planned = preview(BuildRequest(folder=folder), BuildContext(cache=cache))
    assert "alpha" in [layer.name for layer in planned.images[AMD64]]
    assert (planned.digest is None) == all("bytecode" not in layer.name for layer in planned.images[AMD64])
    assert not (folder / "requirements.lock").exists()
