"""Do the work of `dsl.importer` in a local run: an artifact of a file or folder of this machine."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from toolkit.errors import InputError
from toolkit.forms.ir_values import artifact_type
from toolkit.interface.model import Output
from toolkit.pipelines.content import content_digest, entries_of
from toolkit.pipelines.graph import Constant, Importer
from toolkit.pipelines.values import Artifact, Value, command_text, filled, plain_value


def import_artifact(
    importer: Importer, port: Output, inputs: Mapping[str, Value], job: Mapping[str, str], *, here: Path
) -> Artifact:
    """Return the artifact at an importer's URI; one without a scheme is a path that may begin in the folder `here`.

    Raises InputError for a URI that is not a path of this machine.
    """
    if isinstance(importer.uri, Constant):
        uri = str(filled(importer.uri.value, inputs, job))
    elif importer.uri.name in inputs:
        uri = command_text(plain_value(inputs[importer.uri.name]))
    else:
        raise InputError(f"the importer has no URI: its input {importer.uri.name!r} has no value")
    path = local_path(uri, here)
    if not path.exists():
        raise InputError(f"the importer's URI is {uri}, which does not exist here")
    return Artifact(
        path=path,
        schema=artifact_type(port)["schemaTitle"],
        digest=content_digest(entries_of(path)),
        metadata=dict(filled(dict(importer.metadata), inputs, job)),
    )


def local_path(uri: str, here: Path) -> Path:
    """Return the path that a URI names, or a path from `here` on. Raises InputError for a URI of another machine."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise InputError(f"the importer's URI is {uri}, which is invalid: {error}") from None
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    # A letter alone is a drive, and a path may hold colons.
    if "://" in uri:
        raise InputError(
            f"the importer's URI is {uri}, and a local run imports files of this machine alone",
            hint="download it, and give file:///… as the pipeline's input",
        )
    return here / uri
