from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.versions_of_contracts import contract, document
from toolkit.breaking.change import Category
from toolkit.breaking.earlier import open_earlier
from toolkit.breaking.releases import accept_release
from toolkit.breaking.survey import survey
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import parse_version

OLD, NEW = contract("{name: table}"), contract("{name: data}")


def _release(version: str, text: str) -> Release:
    spec = document(text).spec
    return Release(
        name=Name("ml", "train"),
        version=parse_version(version),
        digest=Digest.of(text.encode()),
        image="i@sha256:" + "0" * 64,
        title=spec.name,
        description="",
        interface=spec.interface,
        published="2026-01-31T12:00:00Z",
    )


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    """A registry with `ml/train` 1.2.0 and 2.0.0, whose inputs have different names."""
    registry = Directory.create(tmp_path / "registry")
    for version, text in {"1.2.0": OLD, "2.0.0": NEW}.items():
        registry.publish(_release(version, text), {CONTRACT: text.encode()})
    return registry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (contract("{name: table}", version="1.2.0"), ["V601", "V604"]),
        (contract("{name: table}", version="2.0.0"), ["V604"]),
        (contract("{name: table}", version="1.2.1"), []),
        (contract("{name: table}"), []),
    ],
)
def test_a_version_that_is_published_is_found_before(
    registry: Directory, tmp_path: Path, text: str, expected: list[str]
) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(text)
    earlier, _ = open_earlier("ml/train@^1", environ={}, folder=tmp_path, registry=str(registry.root))
    found = survey([path], earlier, category=Category.PIPELINE)
    assert [finding.rule for finding in found.all_findings() if finding.rule.startswith("V")] == expected


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.2.1", OLD.replace("[c]", "[d]")),
        # An older line goes on.
        ("1.3.0", OLD.replace("[c]", "[d]")),
        ("2.0.1", NEW.replace("[c]", "[d]")),
        ("3.0.0", OLD),
        ("2.0.0", NEW),
        ("0.1.0", contract()),
    ],
)
def test_a_version_that_allows_the_changes(registry: Directory, version: str, text: str) -> None:
    accept_release(registry, _release(version, text), document(text))
    registry.publish(_release(version, text), {CONTRACT: text.encode()})
    accept_release(registry, _release(version, text), document(text))


def test_a_version_that_is_too_low(registry: Directory) -> None:
    with pytest.raises(InputError) as caught:
        accept_release(registry, _release("1.2.1", NEW), document(NEW))
    assert caught.value.message == (
        "ml/train@1.2.0 -> 1.2.1 is a patch bump, and the changes require a major one (B102)"
    )
    assert caught.value.hint == (
        "make it 2.0.0; `comp breaking --against ml/train@1.2.0` lists the changes, "
        "and --accept-breaking publishes nevertheless"
    )


def test_an_earlier_contract_that_cannot_be_read_is_a_warning(
    registry: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    broken = "name: ["
    earlier = replace(_release("1.9.0", OLD), digest=Digest.of(broken.encode()))
    registry.publish(earlier, {CONTRACT: broken.encode()})
    accept_release(registry, _release("1.9.1", NEW), document(NEW))
    assert "ml/train@1.9.1 is not compared with ml/train@1.9.0, whose contract cannot be read" in caplog.text
