"""The program that `toolkit.load` starts: the release that a request means, with JSON on stdin and stdout.

No command of `comp`: it runs in comp's own Python on behalf of a pipeline's code, which may run in another.
"""

import os
from pathlib import Path
from typing import Any

from toolkit.cli.pipeline import answering
from toolkit.pipelines.locked_load import LoadRequest, load_release


def load(facts: dict[str, Any]) -> dict[str, object]:
    """Return the release and its contract as data."""
    request = LoadRequest(
        request=facts["request"],
        folders=tuple(map(Path, facts["folders"])),
        lock=Path(facts["lock"]) if facts["lock"] else None,
        locked=facts["locked"],
        registry=facts["registry"],
    )
    loaded = load_release(request, os.environ)
    entry = loaded.entry
    return {
        "name": str(entry.name),
        "version": str(entry.version),
        "digest": str(entry.digest),
        "image": loaded.image,
        "lock": str(loaded.lock),
        "copy": str(loaded.copy),
        "text": loaded.text,
    }


if __name__ == "__main__":
    answering.main(load)
