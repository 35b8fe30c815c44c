"""What all runners do around a run: places for the outputs before it, and moving them where they belong after."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from toolkit.runners.protocol import Job, Outcome


def output_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place of its own under `folder`, and make the place's parent."""
    paths = {port.name: folder / str(number) / "data" for number, port in enumerate(job.spec.interface.outputs)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def outcome(job: Job, paths: Mapping[str, Path], exit_code: int) -> Outcome:
    """Move the outputs that exist to where the job wants them."""
    moved = {}
    for name, path in paths.items():
        if path.exists():
            target = job.outputs[name]
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                shutil.rmtree(target)
            # A copy, since the container may have written as another user.
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, target)
            moved[name] = target
    return Outcome(exit_code=exit_code, outputs=moved)
