"""The repository and the commit of a release."""

import logging
from pathlib import Path

import pytest

from tests.components import write_component
from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.config.project import Project, read_project
from toolkit.git.program import Git
from toolkit.registry.publishing.origin import origin_of, public_address
from toolkit.spec.pin import pin_image
from toolkit.system.processes import Finished

URLS = '[project.urls]\n"Source Code" = "https://ann:pw@git.example/own"\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    repository = make_repository(tmp_path / "repository")
    write_component(repository.folder / "count", "python:3.11-slim")
    repository.commit({"other.txt": "x"})
    return repository


def project(repository: Repo) -> Project:
    return read_project(repository.folder / "count", environ={})


def test_the_commit_and_the_address_without_a_login(repository: Repo) -> None:
    repository.git("remote", "add", "origin", "https://ann:pw@git.example/x.git")
    repository.write({"other.txt": "changed", "new.txt": ""})
    origin = origin_of(project(repository), ENVIRON)
    assert (origin.source, origin.revision) == ("https://git.example/x.git", repository.git("rev-parse", "HEAD"))
    settings = repository.folder / "count" / "pyproject.toml"
    settings.write_text(settings.read_text() + URLS)
    assert origin_of(project(repository), ENVIRON).source == "https://git.example/own"


def test_a_changed_folder_is_said_to_differ(repository: Repo, caplog: pytest.LogCaptureFixture) -> None:
    repository.write({"count/README.md": "new"})
    origin = origin_of(project(repository), ENVIRON)
    commit = repository.git("rev-parse", "HEAD")
    assert (origin.revision, origin.changed) == (f"{commit}-dirty", ("count/README.md",))
    assert f"differs from the commit {commit[:12]}: count/README.md" in caplog.text


def test_a_clean_folder_costs_few_processes(repository: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.git("remote", "add", "origin", "https://git.example/x.git")
    lines: list[object] = []
    started = Git.try_

    def counted(git: Git, *words: str, data: bytes = b"") -> Finished:
        lines.append(words)
        return started(git, *words, data=data)

    monkeypatch.setattr(Git, "try_", counted)
    origin = origin_of(project(repository), ENVIRON)
    assert (origin.source, origin.changed) == ("https://git.example/x.git", ())
    # Where it is, its filters, what differs, and its remote: two and two of them at once.
    assert len(lines) == 4


def test_a_change_inside_of_a_submodule_counts(repository: Repo, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"data.txt": "1"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "count/data")
    repository.git("commit", "-qm", "data")
    assert origin_of(project(repository), ENVIRON).changed == ()
    (repository.folder / "count" / "data" / "data.txt").write_text("2")
    assert origin_of(project(repository), ENVIRON).changed == ("count/data/data.txt",)


def test_the_pin_of_an_image_is_no_change(repository: Repo, caplog: pytest.LogCaptureFixture) -> None:
    contract = repository.folder / "count" / "component.yaml"
    contract.write_text(pin_image(contract.read_text(), "a/b@sha256:" + "0" * 64, contract))
    with caplog.at_level(logging.WARNING):
        assert origin_of(project(repository), ENVIRON).revision == repository.git("rev-parse", "HEAD")
    assert not caplog.records
    contract.write_text(contract.read_text() + "# more\n")
    assert origin_of(project(repository), ENVIRON).changed == ("count/component.yaml",)


def test_without_git_or_a_commit_there_is_no_revision(tmp_path: Path) -> None:
    folder = write_component(tmp_path / "alone", "python:3.11-slim")
    assert origin_of(read_project(folder, environ={}), ENVIRON).revision is None
    make_repository(folder)
    assert origin_of(read_project(folder, environ={}), ENVIRON).revision is None
    # Git itself is missing.
    assert origin_of(read_project(folder, environ={}), {"PATH": "/nowhere"}).revision is None


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://ann:pw@git.example/x\n", "https://git.example/x"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("/home/ann/x", None),
        ("file:///home/ann/x", None),
        ("../x", None),
    ],
)
def test_addresses_that_help_readers(address: str, public: str | None) -> None:
    assert public_address(address) == public
