"""The platforms that a component's image is for, by the settings of two versions."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import TypeVar

from toolkit.breaking.change import Change
from toolkit.breaking.rules import CHANGES
from toolkit.config.project import DEFAULT_PLATFORM
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location

SETTINGS = "pyproject.toml"
FURTHER = "components"
_Path = TypeVar("_Path", bound=PurePath)


def settings_of(contract: _Path) -> Iterator[_Path]:
    """Yield the paths of the settings that may be a component's, those of its own folder first."""
    folder = contract.parent.parent if contract.parent.name == FURTHER else contract.parent
    yield folder / SETTINGS
    for place in folder.parents:
        yield place / SETTINGS


def platforms_in(documents: Iterable[TomlDocument | None]) -> tuple[str, ...] | None:
    """Return the platforms that settings name, nearest first; None if the nearest ones are not a component's.

    The component's own decide, then the nearest `[tool.comp.defaults]`, as in `toolkit.config.project`.
    """
    try:
        for number, document in enumerate(documents):
            comp = document.table("tool", "comp") if document else {}
            if number == 0 and not comp:
                return None
            defaults = comp.get("defaults", {})
            named = (comp.get("platforms") if number == 0 else None) or defaults.get("platforms")
            if named:
                return tuple(map(str, named)) if isinstance(named, list) else None
            # The nearest defaults count alone.
            if defaults:
                break
    except (InputError, AttributeError):
        # Invalid settings are the linter's business.
        return None
    return (DEFAULT_PLATFORM,)


def platforms_on_disk(contract: Path, top: Path | None = None) -> tuple[str, ...] | None:
    """Return the platforms of a contract's component as they are now; settings above `top` do not count."""
    places = (place for place in settings_of(contract.absolute()) if top is None or place.is_relative_to(top))
    return platforms_in(TomlDocument.read(place) for place in places)


def platform_changes(contract: Path, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[Change]:
    """Yield a change for each platform that is no longer there; nothing where one side is not known."""
    if old is None or new is None:
        return
    gone = [platform for platform in old if platform not in set(new)]
    for platform in gone:
        yield Change(
            rule=CHANGES["B302"],
            message=f"the image is no longer for {platform}",
            where=_place(contract),
            help="steps on such nodes cannot start",
        )


def _place(contract: Path) -> Location:
    """Return the place of the setting, or the settings as a whole."""
    document = TomlDocument.read(next(settings_of(contract)))
    return document.where("tool", "comp", "platforms") if document else Location(path=contract)
