"""The release of a contract alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contracts import contract
from tests.pages import serving_pages
from toolkit.errors import InputError
from toolkit.registry.publishing.candidate import Candidate
from toolkit.registry.publishing.foreign_contract import Chosen, foreign_candidate
from toolkit.registry.publishing.images import Images

VERSIONED = f"metadata:\n  annotations: {{version: '1.2.0', author: Ada}}\n{contract()}"
WHEN = datetime(2026, 1, 31, tzinfo=UTC)


def candidate(target: Path | str, *, namespace: str | None = "x", **more: object) -> Candidate:
    chosen = Chosen(namespace=namespace, published=WHEN, **more)  # type: ignore[arg-type]
    return foreign_candidate(str(target), chosen, Images({}), {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train" / "component.yaml"
    path.parent.mkdir()
    path.write_text(VERSIONED)
    return path


def test_a_file_says_its_version_and_author(path: Path) -> None:
    made = candidate(path)
    assert (str(made.release), made.release.authors, made.release.source) == ("x/train@1.2.0", ("Ada",), None)
    assert str(candidate(path, name="fit", version="2.0.0").release) == "x/fit@2.0.0"


def test_an_address_is_the_source(path: Path) -> None:
    with serving_pages(lambda *_: (200, {}, path.read_bytes())) as host:
        made = candidate(f"http://ann:secret1@{host}/others/fit/component.yaml")
    assert (str(made.release), made.release.source) == ("x/fit@1.2.0", f"http://{host}/others/fit/component.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: '1.2.0', ", "", "the contract names no version"),
        ("1.2.0", "1.2", "'1.2' is not a semantic version"),
        ("1.2.0", "1.2.0+b", "has a build part"),
        ("@sha256:" + "0" * 64, ":1", r"is not pinned by digest"),
        ("command: [run]", "command: [{inputValue: lost}]", r"\[C010\]"),
        ("name: n", "name: [", r"\[C001\]"),
    ],
)
def test_what_cannot_be_published(path: Path, old: str, new: str, message: str) -> None:
    path.write_text(VERSIONED.replace(old, new))
    with pytest.raises(InputError, match=message):
        candidate(path)


def test_what_the_command_line_has_to_say(path: Path) -> None:
    with pytest.raises(InputError, match="no namespace"):
        candidate(path, namespace=None)
    with pytest.raises(InputError, match="'X Y' is not a component name"):
        candidate(path, name="X Y")
    path.write_text(VERSIONED.replace("@sha256:" + "0" * 64, ":1"))
    assert candidate(path, allow_tags=True).release.image == "a/b:1"


def test_a_contract_of_four_megabytes(path: Path) -> None:
    path.write_text(VERSIONED + "# " + "x" * 3_900_000 + "\n")
    with pytest.raises(InputError, match=r"the release has 3\.9 MB, expected at most 1\.0 MB"):
        candidate(path)
    path.write_text(VERSIONED + "# " + "x" * 4_100_000 + "\n")
    with pytest.raises(InputError, match=r"limit of 4\.0 MB"):
        candidate(path)
