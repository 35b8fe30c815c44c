"""`comp build --provenance`, `comp provenance` and the policy of `comp verify`, as users run them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote, serving
from tests.releases import publish, release
from tests.repositories import ENVIRON, Repo, make_repository
from tests.signing_keys import write_keys
from toolkit.registry.folder.directory import Directory

ADDRESS = "git+https://git.example/ml/steps.git"
POLICY = '\n[tool.comp.verify]\nkeys = ["key.pub"]\nsources = ["https://git.example/ml/*"]\nclean = true\n'


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**ENVIRON, "HOME": str(tmp_path / "home"), "COMP_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    """A repository with a component, its lock and a key; the build's base lies beside it."""
    folder = tmp_path / "work"
    write_component(folder / "count", small_base(tmp_path / "base"))
    write_keys(folder)
    (folder / ".gitignore").write_text("key.pem\n")
    repository = make_repository(folder)
    repository.git("remote", "add", "origin", "https://ann:s3cret-w0rd@git.example/ml/steps.git")
    ok("lock", "count", folder=folder, env={**ENVIRON, "COMP_CACHE_DIR": str(tmp_path / "cache")})
    repository.commit({"pyproject.toml": POLICY})
    return repository


@pytest.fixture
def host() -> Iterator[str]:
    with serving(FakeRemote()) as fake:
        yield fake.host


def push(repository: Repo, host: str, environ: dict[str, str], *more: str) -> str:
    """Push with provenance, and return the reference."""
    words = ("--push", "--provenance", "--image", f"{host}/ml/count", *more)
    return ok("build", "count", *words, folder=repository.folder, env=environ)


def test_provenance_is_attached_signed_and_verified(repository: Repo, host: str, environ: dict[str, str]) -> None:
    image = push(repository, host, environ, "--sign", "key.pem")
    commit = repository.git("rev-parse", "HEAD")
    printed = ok("provenance", "count", "--key", "key.pub", folder=repository.folder, env=environ)
    assert printed.splitlines()[:4] == [
        f"image      {image}",
        "signed     by key.pub",
        "component  count-words 1.2.0",
        f"source     {ADDRESS} commit {commit[:12]}",
    ]
    verified = ok("verify", "count", "--platform", "linux/amd64", folder=repository.folder, env=environ)
    checks = dict(line.removeprefix("ok: ").split(": ", 1) for line in verified.splitlines())
    assert checks["provenance"].endswith(", signed by key.pub")
    assert (checks["source"], checks["clean"]) == (ADDRESS, f"commit {commit}")
    # A push without changes adds nothing.
    assert push(repository, host, environ, "--sign", "key.pem") == image
    document = json.loads(ok("provenance", image, "--format", "json", folder=repository.folder, env=environ))
    assert [(each["signed"], each["key"]) for each in document["provenance"]] == [(True, None)]
    assert "s3cret-w0rd" not in json.dumps(document)
    assert str(repository.folder) not in json.dumps(document)


def test_each_rule_that_fails_has_a_line_and_the_exit_code_is_1(
    repository: Repo, host: str, environ: dict[str, str]
) -> None:
    repository.write({"count/src/more.py": "x = 1\n"})
    image = push(repository, host, environ)
    policy = repository.folder / "policy.toml"
    policy.write_text('builders = ["https://ci.example/*"]\nbases = ["python:*"]\nclean = true\n')
    words = ("verify", image, "--policy", "policy.toml", "--platform", "linux/amd64")
    result = comp(*words, folder=repository.folder, env=environ)
    commit = repository.git("rev-parse", "HEAD")
    assert result.code == 1
    assert result.out.splitlines()[2:] == [
        "FAILED: builder: urn:comp-toolkit:builder:local is not allowed",
        f"FAILED: base: {result.out.split('FAILED: base: ')[1].split(' ')[0]} is not allowed",
        f"FAILED: clean: the files differed from the commit {commit}: count/src/more.py",
    ]
    result = comp(*words, "--format", "json", folder=repository.folder, env=environ)
    assert [check["name"] for check in json.loads(result.out)["checks"]] == [
        "image",
        "provenance",
        "builder",
        "base",
        "clean",
    ]
    # The repository's own policy wants a signature.
    result = comp("verify", "count", "--platform", "linux/amd64", folder=repository.folder, env=environ)
    assert result.code == 1
    assert "FAILED: signature: no signature of" in result.out
    assert "FAILED: provenance: none of the keys signed what is attached\n" in result.out


def test_an_image_is_built_again_and_compared(
    repository: Repo, host: str, environ: dict[str, str], tmp_path: Path
) -> None:
    image = push(repository, host, environ, "--sign", "key.pem")
    commit = repository.git("rev-parse", "HEAD")
    environ["COMP_CACHE_DIR"] = str(tmp_path / "elsewhere")
    words = ("verify", image, "--rebuild", "--key", "key.pub", "--base", f"layout:{tmp_path / 'base'}")
    result = comp(*words, folder=repository.folder, env=environ)
    assert (result.code, result.out.splitlines()[-1]) == (0, f"ok: rebuild: the same digest from commit {commit}")
    # Elsewhere the commit comes from an address.
    keyless = ("verify", image, "--rebuild", "--base", f"layout:{tmp_path / 'base'}", "--format", "json")
    result = comp(*keyless, folder=tmp_path, env=environ)
    assert (result.code, f"the image was built from the commit {commit}, and" in result.err) == (1, True)
    assert "--source https://git.example/ml/steps.git" in result.err
    result = comp(*keyless, "--source", f"file://{repository.folder}", folder=tmp_path, env=environ)
    assert result.code == 0, result.err
    digest = image.rpartition("@")[2]
    assert json.loads(result.out)["checks"][-1] == {
        "name": "rebuild",
        "passed": True,
        "details": [f"the same digest from commit {commit}"],
        "rebuilt": digest,
        "differences": [],
    }


def test_a_dirty_build_cannot_be_built_again(repository: Repo, host: str, environ: dict[str, str]) -> None:
    repository.write({"count/src/more.py": "x = 1\n"})
    image = push(repository, host, environ, "--sign", "key.pem")
    result = comp("verify", image, "--rebuild", folder=repository.folder, env=environ)
    commit = repository.git("rev-parse", "HEAD")
    assert result.code == 1
    assert result.out.splitlines()[-1] == (
        f"FAILED: rebuild: it was built from files that differed from the commit {commit}, so that no commit has them: "
        "count/src/more.py"
    )
    result = comp("verify", image, "--source", ".", folder=repository.folder, env=environ)
    assert (result.code, "--source needs --rebuild" in result.err) == (2, True)


def test_what_a_push_would_attach_is_shown_before_it(repository: Repo, environ: dict[str, str]) -> None:
    words = ("provenance", "count", "--dry-run", "-o", "provenance.json")
    result = comp(*words, folder=repository.folder, env=environ)
    assert (result.code, result.out, result.err) == (0, "", "wrote provenance.json\n")
    document = json.loads((repository.folder / "provenance.json").read_text())
    (found,) = document["provenance"]
    assert (document["image"], found["manifest"]) == (None, None)
    definition = found["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["component"] == {
        "name": "count-words",
        "version": "1.2.0",
        "path": "count",
    }


def test_what_is_missing_is_reported(repository: Repo, host: str, environ: dict[str, str]) -> None:
    folder = repository.folder
    image = ok("build", "count", "--push", "--image", f"{host}/ml/count", folder=folder, env=environ)
    result = comp("provenance", image, folder=folder, env=environ)
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"error: no provenance is attached to {image}\n\nhint: `comp build --push --provenance` attaches it\n"
    )
    for words, message in (
        (("build", "count", "--provenance"), "--provenance needs --push"),
        (("provenance", "--dry-run", "--key", "key.pub"), "--key does not go with --dry-run"),
        (("provenance", image, "--dry-run"), "--dry-run is about a component's FOLDER"),
    ):
        result = comp(*words, folder=folder, env=environ)
        assert (result.code, message in result.err) == (2, True), result


def test_a_released_component_is_verified_by_its_name(
    repository: Repo, host: str, environ: dict[str, str], tmp_path: Path
) -> None:
    # The variable names a registry for all commands, and makes no image a release.
    environ["COMP_REGISTRY"] = str(tmp_path / "shared")
    image = push(repository, host, environ)
    registry = Directory.create(tmp_path / "shared")
    content = (repository.folder / "count" / "component.yaml").read_bytes()
    publish(registry, release(name="count", content=content), content=content)
    words = ("--platform", "linux/amd64")
    assert comp("verify", image, *words, folder=tmp_path, env=environ).code == 0
    result = comp("verify", "ml/count@^1", *words, folder=tmp_path, env=environ)
    assert (result.code, result.out) == (0, "ok: image and contract: every digest and size is right\n")
    assert f"ml/count@1.0.0 is {image}\n" in result.err
