"""Images built again from their provenance: the same, or not and why."""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote, serving
from tests.provenances import COMMIT, provenance
from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.job import build as job
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.lock import locked_bases
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import ImageIndex
from toolkit.oci.layout import read_layout, write_layout
from toolkit.oci.reference import Reference, parse_reference
from toolkit.provenance.attached import Attested, attested
from toolkit.provenance.definition import FORMATS
from toolkit.provenance.predicate import Dependency, Provenance
from toolkit.supply.rebuilding import Rebuild, build_again, refusal
from toolkit.supply.rules import Check

AMD64 = Platform("linux", "amd64")


def rebuildable(**changes: Any) -> Provenance:  # noqa: ANN401 (fields of the record)
    made = provenance()
    return replace(made, internal={"builder": "oci", "formats": dict(FORMATS)}, **changes)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (rebuildable(), None),
        (rebuildable(build_type="https://other.example/v1"), "not built by comp, but as https://other"),
        (replace(rebuildable(), internal={"builder": "buildah"}), "it was built by buildah"),
        (replace(rebuildable(), internal={}), "it was built by None"),
        (rebuildable(dependencies=()), "outside of a repository"),
        (
            rebuildable(dependencies=(Dependency(name="", uri="", digest={"gitCommit": "--upload-pack=x"}),)),
            "outside of a repository",
        ),
        (rebuildable(dependencies=provenance(dirty=True).dependencies), f"differed from the commit {COMMIT}"),
        (
            replace(rebuildable(versions={"comp": "0.0.9"}), internal={"builder": "oci", "formats": {"layout": 2}}),
            "comp-toolkit==0.0.9 builds it again",
        ),
        (replace(rebuildable(), internal={"builder": "oci", "formats": 7}), "layout None, here"),
    ],
)
def test_what_cannot_be_built_again_is_said_why(made: Provenance, why: str | None) -> None:
    refused = refusal(made)
    assert (refused is None) if why is None else (why in (refused or ""))


class World:
    """A pushed component with provenance, in a repository, and the means to change what is on the server."""

    def __init__(self, tmp_path: Path, fake: FakeRemote, base: Path, settings: str = "") -> None:
        self.fake, self.base = fake, base
        folder = write_component(tmp_path / "work" / "count", self.base, {"src/data.txt": "data"}, settings)
        self.context = BuildContext(cache=Cache(tmp_path / "cache"), environ=dict(ENVIRON))
        locked_bases(read_project(folder, environ={}), self.context)
        self.repository: Repo = make_repository(tmp_path / "work", {".gitignore": "*.pyc\n"})
        request = BuildRequest(
            folder=folder, overrides={"image": f"{fake.host}/ml/count", "provenance": "true"}, push=True
        )
        self.image = parse_reference(job.build(request, self.context))
        self.folder = folder

    def found(self, image: Reference | None = None) -> tuple[Attested, ...]:
        image = image or self.image
        subject = self.context.remote().head(image)
        assert subject
        return attested(self.context.remote(), image, subject, ())

    def rebuild(self, *, found: tuple[Attested, ...] | None = None, **asked: Any) -> Check:  # noqa: ANN401 (fields)
        return build_again(
            self.image,
            self.found() if found is None else found,
            Rebuild(**{"near": self.folder, **asked}),
            self.context.again(connected=False),
            signed=False,
        ).check

    def forge(self, changes: Mapping[bytes, bytes]) -> None:
        """Put an image on the server whose top layer differs in bytes of the same length."""
        blobs, manifests = self.fake.blobs["ml/count"], self.fake.manifests["ml/count"]
        kind, data = manifests[str(self.image.digest)]
        manifest = json.loads(data)
        tar = gzip.decompress(blobs[manifest["layers"][-1]["digest"]])
        for old, new in changes.items():
            assert old in tar
            tar = tar.replace(old, new)
        packed = gzip.compress(tar, mtime=0)
        config = json.loads(blobs[manifest["config"]["digest"]])
        config["rootfs"]["diff_ids"][-1] = str(Digest.of(tar))
        manifest["layers"][-1] |= {"digest": self.fake.put_blob("ml/count", packed), "size": len(packed)}
        self._put(manifest, config, kind)

    def retell(self, line: str) -> None:
        """Put an image on the server that says something else of its first layer."""
        kind, data = self.fake.manifests["ml/count"][str(self.image.digest)]
        manifest = json.loads(data)
        config = json.loads(self.fake.blobs["ml/count"][manifest["config"]["digest"]])
        config["history"][0]["created_by"] = line
        self._put(manifest, config, kind)

    def _put(self, manifest: dict[str, Any], config: object, kind: str) -> None:
        """Put a manifest with its config on the server, as the image."""
        data = json.dumps(config).encode()
        manifest["config"] |= {"digest": self.fake.put_blob("ml/count", data), "size": len(data)}
        digest = self.fake.put_manifest("ml/count", json.dumps(manifest).encode(), kind)
        self.image = self.image.with_digest(Digest.parse(digest))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving(FakeRemote()) as fake:
        yield World(tmp_path, fake, small_base(tmp_path / "base"))


def test_the_same_commit_gives_the_same_image_whatever_changed_since(world: World) -> None:
    commit = world.repository.git("rev-parse", "HEAD")
    world.repository.commit({"count/src/count_words.py": "changed = 1\n", "count/src/data.txt": None})
    (world.folder / "src" / "untracked.py").write_text("")
    before = world.repository.git("status", "--porcelain")
    check = world.rebuild()
    assert (check.passed, check.details) == (True, (f"the same digest from commit {commit}",))
    assert check.data == {"rebuilt": str(world.image.digest), "differences": []}
    assert world.rebuild(only=AMD64).details == (f"the same digest for linux/amd64 from commit {commit}",)
    assert world.repository.git("status", "--porcelain") == before


def test_variables_of_the_one_who_verifies_do_not_count(world: World) -> None:
    environ = {**world.context.environ, "COMP_USER": "7", "COMP_ESTARGZ": "true", "SOURCE_DATE_EPOCH": "7"}
    world.context = replace(world.context, environ=environ)
    assert world.rebuild().passed


def test_a_forged_image_is_named_by_layer_and_file(world: World) -> None:
    found = world.found()
    world.forge({b"data\0": b"evil\0"})
    check = world.rebuild(found=found)
    assert not check.passed
    assert check.details[0].startswith("another digest from commit")
    assert check.details[1] == "linux/amd64: layer code, opt/comp/app/data.txt: content"
    differences = check.data["differences"]
    assert [(each["part"], each["path"], each["how"]) for each in differences] == [
        ("layer code", "opt/comp/app/data.txt", "content")
    ]


def test_an_image_that_differs_in_what_follows_from_layers_is_no_match(world: World) -> None:
    found = world.found()
    world.retell("made by others")
    for only in (None, AMD64):
        check = world.rebuild(found=found, only=only)
        assert not check.passed
        assert next((each["part"], each["path"]) for each in check.data["differences"]) == ("config", "history")


def test_an_index_is_built_again_as_a_whole(tmp_path: Path) -> None:
    places = [small_base(tmp_path / name, architecture=name) for name in ("amd64", "arm64")]
    images = [read_layout(place, platform=Platform("linux", place.name)) for place in places]
    write_layout(ImageIndex.of(images, annotations={}), tmp_path / "both")
    with serving(FakeRemote()) as fake:
        world = World(tmp_path, fake, tmp_path / "both", 'platforms = ["linux/amd64", "linux/arm64"]')
        (found,) = world.found()
        assert [base.name for base in found.provenance.bases] == ["base for linux/amd64", "base for linux/arm64"]
        check = world.rebuild()
        assert (check.passed, check.data["rebuilt"]) == (True, str(world.image.digest))
        arm64 = world.rebuild(only=Platform("linux", "arm64"))
        assert (arm64.passed, "for linux/arm64" in arm64.details[0]) == (True, True)
        # The index alone is another one: its annotations changed.
        kind, data = fake.manifests["ml/count"][str(world.image.digest)]
        document = json.loads(data) | {"annotations": {"a": "b"}}
        world.image = world.image.with_digest(
            Digest.parse(fake.put_manifest("ml/count", json.dumps(document).encode(), kind))
        )
        check = world.rebuild(found=(found,))
        assert (check.passed, check.details[1]) == (False, "index: manifest: value")


def test_a_base_on_a_disk_has_to_be_the_same_one(world: World, tmp_path: Path) -> None:
    other = small_base(tmp_path / "other", more=b"x")
    check = world.rebuild(base=f"layout:{other}")
    assert (check.passed, "it was built on the base sha256:" in check.details[0]) == (False, True)
    assert world.rebuild(base=f"layout:{world.base}").passed


def test_without_provenance_nothing_is_built(world: World) -> None:
    assert world.rebuild(found=()).details == ("no provenance is attached",)
    again = build_again(world.image, world.found(), Rebuild(near=world.folder), world.context, signed=True)
    assert again.check.details == ("none of the keys signed what is attached",)


def test_strange_provenance_is_refused_as_what_it_is(world: World, tmp_path: Path) -> None:
    (world.repository.folder / "out").symlink_to(tmp_path)
    commit = world.repository.commit()
    (found,) = world.found()
    made = found.provenance
    source = Dependency(name="source", uri="", digest={"gitCommit": commit}, annotations={"dirty": False})
    made = replace(made, dependencies=(source, *made.artifacts))

    def refused(match: str, **external: object) -> None:
        strange = replace(made, external={**made.external, **external})
        with pytest.raises(InputError, match=match):
            world.rebuild(found=(replace(found, provenance=strange),))

    # Folders outside of the repository, also behind a link.
    for path in ("../other", "/etc", "a/../../b", "out/work/count"):
        refused("which is not in its repository", component={"path": path})
    for text in ("linux/amd64; rm", {"a": 1}):
        refused("--platforms is not a platform", platforms=[text])
    refused("--user is not a user", user="a b")
    refused("--python is not the absolute path", python="x")
