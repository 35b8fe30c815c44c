"""Notebooks without the traces of running them: outputs, counts, times, the state of widgets (nbformat 4 and 3)."""

import json
from pathlib import Path
from typing import Any

from toolkit.errors import InputError, Location
from toolkit.limits import NOTEBOOK_SIZE

_OF_A_RUN = ("execution", "ExecuteTime", "papermill")


def without_outputs(data: bytes, path: Path) -> bytes:
    """Remove from a notebook what running it left; equal cells give equal bytes.

    Raises InputError if `data` is not a notebook.
    """
    where = Location(path=path)
    NOTEBOOK_SIZE.check(len(data), "the notebook", where=where)
    if not data.strip():
        return data
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"not a notebook, so its outputs cannot be taken out: {problem}",
            where=where,
            hint="keep it out with `exclude` in [tool.comp], or take it as it is by its name in `include`",
        ) from None
    if isinstance(document, dict):
        _strip(document)
    # The form that nbformat writes, so that a notebook without outputs mostly stays as it is. Lone surrogates pass.
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _strip(document: dict[str, Any]) -> None:
    """Remove the traces of a run from a notebook, in place."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        for key in ("widgets", "papermill"):
            metadata.pop(key, None)
    # nbformat 3 has cells in worksheets, nbformat 4 at the top.
    for sheet in [document, *_dicts(document.get("worksheets"))]:
        for cell in _dicts(sheet.get("cells")):
            _strip_cell(cell)


def _strip_cell(cell: dict[str, Any]) -> None:
    """Remove the traces of a run from a cell, in place."""
    if "outputs" in cell:
        cell["outputs"] = []
    if "execution_count" in cell:
        cell["execution_count"] = None
    # nbformat 3's name for the count.
    cell.pop("prompt_number", None)
    metadata = cell.get("metadata")
    if isinstance(metadata, dict):
        for key in _OF_A_RUN:
            metadata.pop(key, None)


def _dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
