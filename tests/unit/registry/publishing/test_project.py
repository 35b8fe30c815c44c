"""Publishing a folder: one release for each component, or none."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.components import write_component
from tests.repositories import ENVIRON, make_repository
from toolkit.config.project import Project, read_project
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.protocol import WritableRegistry
from toolkit.registry.publishing.project import candidates_of, check_candidates, publish_candidates
from toolkit.registry.release import CONTRACT, Release, ReleaseFile
from toolkit.spec.pin import pin_image

IMAGE = f"registry.example.com/count@sha256:{'0' * 64}"
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_component(tmp_path / "component", "python:3.11-slim")
    contract = folder / "component.yaml"
    contract.write_text(pin_image(contract.read_text(), IMAGE, contract))
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    return Directory.create(tmp_path / "registry")


def _project(folder: Path) -> Project:
    return read_project(folder, environ={})


def publish_project(
    project: Project,
    opened: Callable[[], WritableRegistry],
    *,
    namespace: str | None,
    published: datetime,
    by: str | None,
) -> list[tuple[Release, bool]]:
    candidates = candidates_of(project, namespace=namespace, published=published, by=by, environ=ENVIRON)
    registry = opened()
    check_candidates(registry, candidates, None)
    return publish_candidates(registry, candidates)


def test_a_release_holds_the_contract_and_the_readme(folder: Path, registry: Directory) -> None:
    (folder / "README.md").write_text("# Count\n")
    contract = folder / "component.yaml"
    contract.write_bytes(contract.read_bytes().replace(b"\n", b"\r\n"))
    ((release, new),) = publish_project(_project(folder), lambda: registry, namespace="ml", published=WHEN, by="Ada")
    assert (str(release), new, release.image) == ("ml/count-words@1.2.0", True, IMAGE)
    assert (release.published, release.by) == ("2026-01-31T12:00:00Z", "Ada")
    assert release.files == (ReleaseFile(path="README.md", digest=Digest.of(b"# Count\n"), size=8),)
    assert registry.content(release, CONTRACT) == contract.read_bytes().replace(b"\r\n", b"\n")
    ((_, again),) = publish_project(_project(folder), lambda: registry, namespace="ml", published=WHEN, by="Ada")
    assert not again


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f"@sha256:{'0' * 64}", ":1", "is not pinned by digest"),
        ("1.2.0", "1.1.0", r"has the version 1\.1\.0, and pyproject\.toml has 1\.2\.0 \[V605\]"),
        ("--text", "{inputValue: lost}", r"unknown input 'lost' \[C010\]"),
    ],
)
def test_a_contract_that_cannot_be_published(
    folder: Path, registry: Directory, old: str, new: str, message: str
) -> None:
    contract = folder / "component.yaml"
    contract.write_text(contract.read_text().replace(old, new))
    with pytest.raises(InputError, match=message):
        publish_project(_project(folder), lambda: registry, namespace="ml", published=WHEN, by=None)
    assert registry.names() == []


def test_the_settings_of_lint_count(folder: Path, registry: Directory) -> None:
    contract, settings = folder / "component.yaml", folder / "pyproject.toml"
    contract.write_text(contract.read_text().replace("--text", "{inputValue: lost}"))
    settings.write_text(settings.read_text() + '[tool.comp.lint]\nseverity = { C010 = "warning" }\n')
    ((_, new),) = publish_project(_project(folder), lambda: registry, namespace="ml", published=WHEN, by=None)
    assert new


def test_no_registry_is_made_for_a_project_with_faults(folder: Path, tmp_path: Path) -> None:
    contract = folder / "component.yaml"
    contract.write_text(contract.read_text().replace(f"@sha256:{'0' * 64}", ":1"))
    with pytest.raises(InputError, match="is not pinned by digest"):
        publish_project(
            _project(folder), lambda: Directory.create(tmp_path / "new"), namespace="ml", published=WHEN, by=None
        )
    assert not (tmp_path / "new").exists()


def test_a_namespace_is_needed(folder: Path, registry: Directory) -> None:
    with pytest.raises(InputError, match="no namespace to publish in"):
        publish_project(_project(folder), lambda: registry, namespace=None, published=WHEN, by=None)
    with pytest.raises(InputError, match="'M L' is not a namespace"):
        publish_project(_project(folder), lambda: registry, namespace="M L", published=WHEN, by=None)


def test_what_the_settings_and_git_say_of_a_release(folder: Path, registry: Directory) -> None:
    settings = folder / "pyproject.toml"
    more = 'license = "MIT"\nauthors = [{ name = "Ada" }]\nkeywords = ["text"]\n'
    settings.write_text(settings.read_text().replace("[tool.comp]", f"{more}\n[tool.comp]"))
    repository = make_repository(folder)
    commit = repository.commit({"LICENSE": "free"})
    ((release, _),) = publish_project(_project(folder), lambda: registry, namespace="ml", published=WHEN, by=None)
    assert (release.licenses, release.authors, release.tags) == ("MIT", ("Ada",), ("text",))
    assert (release.revision, release.platforms) == (commit, ("linux/amd64",))
    assert registry.content(release, "LICENSE") == b"free"


def test_an_image_may_be_pinned_later(folder: Path) -> None:
    contract = folder / "component.yaml"
    contract.write_text(contract.read_text().replace(f"@sha256:{'0' * 64}", ":1"))
    settings = {"namespace": "ml", "published": WHEN, "by": None, "environ": ENVIRON}
    (candidate,) = candidates_of(_project(folder), pinned_later=True, **settings)  # type: ignore[arg-type]
    assert candidate.release.image == "registry.example.com/count:1"


def test_all_are_checked_before_the_first_is_published(folder: Path, registry: Directory) -> None:
    candidates = candidates_of(_project(folder), namespace="ml", published=WHEN, by=None, environ=ENVIRON)

    def refuse(*_: object) -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        check_candidates(registry, candidates, refuse)
