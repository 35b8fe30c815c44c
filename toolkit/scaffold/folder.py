"""The folder of a new component: its name and place, and a context in which it is filled before it appears there."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, UsageError
from toolkit.scaffold.record import RECORD, ScaffoldRecord, digests
from toolkit.scaffold.schemas import add_headers
from toolkit.scaffold.sync import managed
from toolkit.scaffold.template import Template, as_recorded, rendered, revision_of
from toolkit.system import temporary
from toolkit.system.atomic import made_parents, write_text
from toolkit.system.paths import check_inside

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class NewFolder(Struct, frozen=True, kw_only=True):
    """The folder to make: the component's name, the folder's parent, and where the image will go."""

    name: str
    into: Path
    image: str | None = None
    force: bool = False

    @property
    def folder(self) -> Path:
        """The new folder."""
        return self.into / self.name.replace("-", "_")

    @classmethod
    def checked(cls, name: str, *, into: Path, image: str | None = None, force: bool = False) -> "NewFolder":
        """Check the name and the place. Raises UsageError, and InputError when the folder exists (unless `force`)."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a component name",
                hint="write lower-case letters and digits, with single - between, as in train-model",
            )
        new = cls(name=canonicalize_name(name), into=into, image=image, force=force)
        if new.folder.exists() and not force:
            raise InputError(
                f"{new.folder} exists already", hint="choose another name, or overwrite its files with --force"
            )
        return new


@contextmanager
def staged(new: NewFolder, template: Template, answers: Mapping[str, Any], *, hooks: bool = False) -> Iterator[Path]:
    """Render `template` into a hidden folder for the block to fill, and move that to its place at the end.

    Nothing is left of it when the block fails. Raises what `rendered` does.
    """
    with made_parents(new.folder), temporary.folder("new", beside=new.into) as hidden:
        folder = rendered(template, answers, hidden, hooks=hooks)
        # What the block adds is the author's, and `comp sync` leaves it alone.
        files = digests(folder, managed(folder, template.name))
        record = ScaffoldRecord(
            template=as_recorded(template.name, new.folder),
            answers=answers,
            files=files,
            revision=revision_of(template.name),
        )
        yield folder
        add_headers(folder, new.folder)
        write_text(folder / RECORD, record.text())
        _move(folder, new.folder)


def _move(filled: Path, folder: Path) -> None:
    """Move the filled folder to its place; its files replace those of a folder that exists."""
    filled.chmod(0o755)
    if not folder.exists():
        filled.rename(folder)
        return
    for path in sorted(filled.rglob("*")):
        target = folder / path.relative_to(filled)
        if path.is_file():
            check_inside(folder, target)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
