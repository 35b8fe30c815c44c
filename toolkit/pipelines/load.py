"""`toolkit.load`: a registry's component in a pipeline's code, through `components.lock`, as kfp's own component.

comp decides in a process of its own what has to be decided, so that this module needs the standard library and kfp
alone.
"""

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Protocol, cast

from toolkit.pipelines import described
from toolkit.pipelines.comp_process import ask_comp, wrong
from toolkit.pipelines.quick_lock import quick_answer
from toolkit.registry.consuming.lock_place import LOCK_NAME, lock_above

_OWN = f"{Path(__file__).parent.parent}{os.sep}"
# Where VS Code says which notebook a cell is of.
_NOTEBOOK = "__vsc_ipynb_file__"


class Release(NamedTuple):
    """The release that a loaded component is of. `copy` is its contract in the project, which may be missing."""

    name: str
    version: str
    digest: str
    image: str
    lock: Path
    copy: Path


class LoadedComponent(Protocol):
    """kfp's own component, with the release that it is of; it makes a step when it is called in a pipeline."""

    release: Release

    def __call__(self, **inputs: Any) -> Any:  # noqa: ANN401 (values, outputs of steps; kfp's task)
        """Add a step to the pipeline, and return kfp's task."""


def load(
    request: str,
    /,
    *,
    locked: bool | None = None,
    lock: str | os.PathLike[str] | None = None,
    registry: str | None = None,
) -> LoadedComponent:
    """Return the component that `components.lock` has for a request such as `ml/train-model@^1`.

    The lock is the nearest one above the caller's file, or else above the current folder, unless `lock` names it or its
    folder. A component that it does not have is added to it as `comp add` does, from `registry` or the configured ones;
    with `locked`, with COMP_LOCKED=1 and on CI platforms it is refused. Raises ComponentError for what is not there, a
    release of the lock that the request does not allow, and a copy that was edited.
    """
    if not isinstance(request, str):
        raise wrong(f"load({request!r}): a name is a text", "write it as 'namespace/name@^1'")
    folders = tuple(dict.fromkeys(map(Path, _folders(inspect.currentframe()))))
    named = _lock_at(Path(lock)) if lock is not None else None
    found = named or next(filter(None, map(lock_above, folders)), None)
    answer = quick_answer(found, request) if found else None
    if answer is None:
        facts = {
            "request": request,
            "folders": list(map(str, folders)),
            "lock": str(found) if found else None,
            "locked": locked,
            "registry": registry,
        }
        answer = ask_comp("toolkit.cli.pipeline.load", facts, what=f"loading {request}")
    return _component(answer)


def _component(answer: dict[str, Any]) -> LoadedComponent:
    """Return kfp's component for a contract, with its release, signature and documentation."""
    try:
        from kfp import components
    except ImportError as error:
        raise wrong(f"a component is used in a pipeline, and kfp is missing: {error}", "pip install kfp") from error
    # From the text: the image may be one of a mirror.
    component = components.load_component_from_text(answer["text"])
    component.release = Release(
        name=answer["name"],
        version=answer["version"],
        digest=answer["digest"],
        image=answer["image"],
        lock=Path(answer["lock"]),
        copy=Path(answer["copy"]),
    )
    described.describe(component, answer["text"], title=f"{answer['name']}@{answer['version']}")
    return cast("LoadedComponent", component)


def _lock_at(path: Path) -> Path:
    """Return the lock that a caller names by itself or by its folder."""
    return (path / LOCK_NAME if path.is_dir() else path).absolute()


def _folders(frame: FrameType | None) -> Iterator[str]:
    """Yield the folder of the code that called, if it has one that is the user's own, and the current folder."""
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    names = frame.f_globals if frame is not None else {}
    file = names.get("__file__") or names.get(_NOTEBOOK)
    # An installed module uses the lock of the project that it is installed for.
    if isinstance(file, str) and not file.startswith(tuple(map(os.path.abspath, _installed()))):
        yield os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120 (a text)
    yield os.getcwd()  # noqa: PTH109 (a text)


def _installed() -> Iterator[str]:
    """Yield the folders of installed modules."""
    return (path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"})
