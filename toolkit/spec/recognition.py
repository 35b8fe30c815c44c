"""Whether a file is a contract, by its name and the keys at its top, before it is read."""

import re
from pathlib import PurePath

_NAMED = re.compile(r"(?:.+\.)?component\.ya?ml")
# Keys at the top of a document, in block or flow style.
_IMPLEMENTATION = re.compile(rb"""^(?:\{\s*)?["']?implementation["']?\s*:""", re.MULTILINE)
# Of Kubernetes objects, which Dapr and Backstage keep in files called component.yaml, and of compiled pipelines.
_FOREIGN = re.compile(rb"^(?:apiVersion|kind|pipelineInfo|deploymentSpec|schemaVersion)\s*:", re.MULTILINE)


def is_named_as_contract(path: PurePath) -> bool:
    """Return whether a file is called component.yaml, or ends so."""
    return _NAMED.fullmatch(path.name) is not None


def is_contract(path: PurePath, data: bytes) -> bool:
    """Return whether a file with the content `data` is a contract.

    A file that is called component.yaml is one, readable or not, unless it is known to be of another kind.
    """
    return _IMPLEMENTATION.search(data) is not None or (is_named_as_contract(path) and _FOREIGN.search(data) is None)
