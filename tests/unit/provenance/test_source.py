"""The commit in provenance, and whether the files are those of the commit."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.components import write_component
from tests.provenances import provenance
from tests.repositories import ENVIRON, Repo, clone, make_repository
from toolkit.config.project import read_project
from toolkit.provenance.platform import BuildPlatform
from toolkit.provenance.predicate import Dependency, Provenance
from toolkit.provenance.source import git_url, still_holds, with_source

DEFAULTS = '[tool.comp.defaults]\nuser = "7"\n'
HERE = BuildPlatform(id="urn:here", invocation="urn:run")


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    repository = make_repository(tmp_path / "repository")
    write_component(repository.folder / "steps" / "count", "python:3.11-slim")
    repository.commit({"pyproject.toml": DEFAULTS, "other.txt": "x"})
    return repository


def made(folder: Path) -> Provenance:
    """Add the source to provenance without one."""
    bare = replace(provenance(), dependencies=(), external={"component": {"name": "count-words"}})
    return with_source(bare, read_project(folder, environ={}), HERE, ENVIRON)


def source_of(repository: Repo) -> Dependency:
    source = made(repository.folder / "steps" / "count").source
    assert source
    return source


def test_it_names_the_commit_the_address_and_the_folder(repository: Repo) -> None:
    repository.git("remote", "add", "origin", "https://ann:s3cret@git.example/ml/steps.git")
    found = made(repository.folder / "steps" / "count")
    assert found.external == {"component": {"name": "count-words", "path": "steps/count"}}
    assert (found.builder, found.invocation) == ("urn:here", "urn:run")
    assert found.source is not None
    assert found.source.to_dict() == {
        "name": "source",
        "uri": "git+https://git.example/ml/steps.git",
        "digest": {"gitCommit": repository.git("rev-parse", "HEAD")},
        "annotations": {"dirty": False},
    }


def test_what_a_build_reads_decides_whether_it_is_dirty(repository: Repo) -> None:
    repository.write({"other.txt": "changed", "new.txt": ""})
    assert source_of(repository).annotations == {"dirty": False}
    # Settings above the component count for it.
    repository.write({"pyproject.toml": DEFAULTS.replace("7", "8")})
    assert source_of(repository).annotations == {"dirty": True, "changed": ["pyproject.toml"]}
    repository.write({"steps/count/requirements.lock": "x"})
    assert source_of(repository).annotations["changed"] == ["steps/count/requirements.lock", "pyproject.toml"]


def test_many_changes_are_named_in_part(repository: Repo) -> None:
    repository.write({f"steps/count/data/{number:03}": "" for number in range(50)})
    changed = source_of(repository).annotations["changed"]
    assert (len(changed), changed[0]) == (20, "steps/count/data/000")


def test_a_required_project_elsewhere_counts_and_its_pin_does_not(repository: Repo, tmp_path: Path) -> None:
    settings = repository.folder / "steps" / "count" / "pyproject.toml"
    text = settings.read_text().replace("[tool.comp]", 'dependencies = ["inner"]\n\n[tool.comp]', 1)
    settings.write_text(f'{text}\n[tool.uv.sources]\ninner = {{ path = "../../inner" }}\n')
    write_component(repository.folder / "inner", "python:3.11-slim")
    inner = repository.folder / "inner" / "pyproject.toml"
    inner.write_text(inner.read_text().replace("count-words", "inner"))
    repository.commit()
    assert source_of(repository).annotations == {"dirty": False}
    contract = repository.folder / "inner" / "component.yaml"
    unpinned = contract.read_text()
    image = next(line for line in unpinned.splitlines() if "image:" in line)
    contract.write_text(unpinned.replace(image, f"{image.partition('image:')[0]}image: x.example/a@sha256:{'a' * 64}"))
    assert source_of(repository).annotations == {"dirty": False}
    (repository.folder / "inner" / "more.py").write_text("")
    assert source_of(repository).annotations["changed"] == ["inner/more.py"]
    # No commit has what lies outside of its repository.
    (repository.folder / "inner" / "more.py").unlink()
    (repository.folder / "inner").rename(tmp_path / "elsewhere")
    settings.write_text(settings.read_text().replace("../../inner", "../../../elsewhere"))
    assert "elsewhere outside of the repository" in source_of(repository).annotations["changed"]


def test_without_a_repository_or_a_commit_there_is_no_source(tmp_path: Path) -> None:
    folder = write_component(tmp_path / "count", "python:3.11-slim")
    assert made(folder).source is None
    make_repository(tmp_path)
    found = made(folder)
    assert (found.source, found.external) == (None, {"component": {"name": "count-words"}})


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://git.example/x.git", "git+https://git.example/x.git"),
        ("git@git.example:ml/x.git", "git+ssh://git@git.example/ml/x.git"),
        ("git+ssh://git@git.example/x", "git+ssh://git@git.example/x"),
    ],
)
def test_addresses_are_written_as_slsa_writes_them(address: str, url: str) -> None:
    assert git_url(address) == url


def test_earlier_provenance_holds_for_its_descendants(repository: Repo, tmp_path: Path) -> None:
    folder = repository.folder / "steps" / "count"
    project, first = read_project(folder, environ={}), made(folder)
    repository.commit({"other.txt": "y"})
    assert still_holds(first, project, ENVIRON)
    repository.git("checkout", "--quiet", "--orphan", "rewritten")
    repository.commit()
    assert not still_holds(first, project, ENVIRON)
    # A shallow clone does not know what came before.
    shallow = clone(repository, tmp_path / "shallow", "--depth=1")
    cloned = read_project(shallow.folder / "steps" / "count", environ={})
    unknown = replace(first, dependencies=(Dependency(name="source", uri="", digest={"gitCommit": "a" * 40}),))
    assert still_holds(unknown, cloned, ENVIRON)
    assert not still_holds(unknown, project, ENVIRON)


def test_what_is_dirty_or_no_commit_never_holds(repository: Repo) -> None:
    folder = repository.folder / "steps" / "count"
    project = read_project(folder, environ={})
    repository.write({"steps/count/new.txt": ""})
    assert not still_holds(made(folder), project, ENVIRON)
    for text in ("--all", "HEAD", "", "a" * 41):
        strange = replace(made(folder), dependencies=(Dependency(name="source", uri="", digest={"gitCommit": text}),))
        assert not still_holds(strange, project, ENVIRON)
