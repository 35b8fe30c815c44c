"""The program that `toolkit.component` starts: build a function's image, with JSON on stdin and stdout.

No command of `comp`: it runs in comp's own Python on behalf of a pipeline's code, which may run in another.
"""

import os
from pathlib import Path
from typing import Any

from toolkit.cli.pipeline import answering
from toolkit.pipelines.function_image import FunctionRequest, function_image


def build(facts: dict[str, Any]) -> dict[str, object]:
    """Return the contract of the image as data."""
    image = function_image(FunctionRequest(**{**facts, "path": Path(facts["path"])}), os.environ)
    return {
        "contract": str(image.contract),
        "text": image.text,
        "from_file": image.from_file,
        "ports": dict(image.ports),
    }


if __name__ == "__main__":
    answering.main(build)
