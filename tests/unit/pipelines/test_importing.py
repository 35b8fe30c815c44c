"""`dsl.importer` in a local run: artifacts of files and folders of this machine."""

from pathlib import Path

import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.interface.model import Kind, Output
from toolkit.pipelines.graph import Constant, DagInput, Importer
from toolkit.pipelines.importing import import_artifact, local_path
from toolkit.pipelines.values import Artifact, Parameter

PORT = Output(name="artifact", type="Dataset", kind=Kind.ARTIFACT)
FROM_INPUT = Importer(uri=DagInput(name="uri"), metadata={"from": "{{$.inputs.parameters['uri']}}"})


def imported(uri: str) -> Artifact:
    return import_artifact(FROM_INPUT, PORT, {"uri": Parameter(value=uri)}, {}, here=Path("/"))


def test_a_file_is_named_by_its_path_or_uri(tmp_path: Path) -> None:
    path = tmp_path / "a b.csv"
    path.write_text("1")
    for uri in (str(path), path.as_uri(), path.as_uri().replace("file://", "file://localhost")):
        digest = str(Digest.of(b"1"))
        assert imported(uri) == Artifact(path=path, schema="system.Dataset", digest=digest, metadata={"from": uri})


def test_a_constant_may_hold_inputs(tmp_path: Path) -> None:
    (tmp_path / "day-7").mkdir()
    importer = Importer(uri=Constant(value=f"{tmp_path}/day-{{{{$.inputs.parameters['day']}}}}"))
    found = import_artifact(importer, PORT, {"day": Parameter(value=7)}, {}, here=Path("/"))
    assert found.path == tmp_path / "day-7"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("/nowhere", "does not exist here"),
        ("gs://bucket/x", "files of this machine alone"),
        ("file://host/x", "files of this machine alone"),
    ],
)
def test_what_is_not_of_this_machine_is_refused(uri: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        imported(uri)


def test_an_input_without_a_value_is_named() -> None:
    with pytest.raises(InputError, match="its input 'uri' has no value"):
        import_artifact(FROM_INPUT, PORT, {}, {}, here=Path("/"))


def test_a_relative_path_starts_here_and_may_hold_colons(tmp_path: Path) -> None:
    assert local_path("a:b/c", tmp_path) == tmp_path / "a:b" / "c"


@pytest.mark.parametrize("uri", ["http://[x", "file://[x"])
def test_a_uri_that_is_invalid(uri: str) -> None:
    with pytest.raises(InputError, match=r"the importer's URI is .*\[x, which is invalid: Invalid IPv6 URL"):
        local_path(uri, Path("/"))
