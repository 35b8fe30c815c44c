"""What differs between two images that should be the same: documents by field, layers by file."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from toolkit.oci.contents import layer_tar, members
from toolkit.oci.image import Image, Layer
from toolkit.words import shortened

_OURS = "comp: "
_CHUNK = 1 << 20
_LONGEST = 80
# These follow from the layers, which are compared by themselves.
_OF_LAYERS = ("rootfs.diff_ids", "history", "config.digest", "config.size", "layers")


class Difference(Struct, frozen=True, kw_only=True):
    """One difference: in a layer by its name, or in `config` or `manifest`; `path` is a file's, or a field's.

    `how` is `content`, `mode`, `owner`, `time`, `kind`, `target`, `value`, `order` or `compression`; or `missing` for
    what only the rebuilt image has, and `extra` for what it has not. `image` and `rebuilt` are the two values,
    shortened, empty if they say nothing to people.
    """

    platform: str
    part: str
    path: str
    how: str
    image: str = ""
    rebuilt: str = ""

    def __str__(self) -> str:
        where = ", ".join(text for text in (self.part, self.path) if text)
        values = (
            f" ({self.image or 'nothing'}, rebuilt {self.rebuilt or 'nothing'})" if self.image or self.rebuilt else ""
        )
        return f"{self.platform}: {where}: {self.how}{values}"

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON data."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class _Entry(Struct, frozen=True, kw_only=True):
    """A member of a layer, as far as it can differ."""

    kind: str
    mode: str
    owner: str
    time: str
    target: str
    content: str


def differences(image: Image, rebuilt: Image) -> Iterator[Difference]:
    """Yield what differs between an image and the one that was built again, from bottom to top.

    Of images with different digests there is always something. Layers of the same digest are not read. Raises
    InputError for a layer that cannot be read.
    """
    first = next(found := _differences(image, rebuilt), None)
    if first is not None:
        yield from (first, *found)
    elif image.digest != rebuilt.digest:
        # What else follows from the layers has no other reason here: their order, or the history.
        yield from _all_differences(image, rebuilt) or [
            Difference(platform=str(rebuilt.platform), part="manifest", path="", how="order")
        ]


def _all_differences(image: Image, rebuilt: Image) -> list[Difference]:
    """Return every field of the documents that differs."""
    platform = str(rebuilt.platform)
    return [
        *_document_differences(platform, "config", image.config, rebuilt.config, without=()),
        *_document_differences(platform, "manifest", image.manifest, rebuilt.manifest, without=()),
    ]


def _differences(image: Image, rebuilt: Image) -> Iterator[Difference]:
    """Yield what differs, but for fields that follow from the layers."""
    platform = str(rebuilt.platform)
    for name, mine, others in _pairs(image, rebuilt):
        if mine is None or others is None:
            how = "missing" if mine is None else "extra"
            yield Difference(platform=platform, part=f"layer {name}", path="", how=how)
        elif mine.descriptor.digest != others.descriptor.digest:
            yield from _layer_differences(platform, f"layer {name}", mine, others)
    for part, mine_data, others_data in (
        ("config", image.config, rebuilt.config),
        ("manifest", image.manifest, rebuilt.manifest),
    ):
        yield from _document_differences(platform, part, mine_data, others_data)


def layer_names(image: Image) -> list[str]:
    """Name the layers by the config's history, and those without a line by their number; repeated ones are numbered."""
    history = image.parsed_config().get("history") or []
    lines = [str(step.get("created_by", "")) for step in history if not step.get("empty_layer")]
    # A base may have no history for its layers; ours are on top.
    padded = [*[""] * (len(image.layers) - len(lines)), *lines][: len(image.layers)]
    named = [
        line.removeprefix(_OURS) if line.startswith(_OURS) else f"{n} of the base" for n, line in enumerate(padded, 1)
    ]
    seen: Counter[str] = Counter()
    names: list[str] = []
    for name in named:
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
        # Others may have written the history, with such numbers in it.
        names.append(unique if unique not in names else f"{unique} in place {len(names) + 1}")
    return names


def _pairs(image: Image, rebuilt: Image) -> Iterator[tuple[str, Layer | None, Layer | None]]:
    """Yield the layers of both by name."""
    mine = dict(zip(layer_names(image), image.layers, strict=True))
    others = dict(zip(layer_names(rebuilt), rebuilt.layers, strict=True))
    for name in dict.fromkeys((*mine, *others)):
        yield name, mine.get(name), others.get(name)


def _layer_differences(platform: str, part: str, mine: Layer, others: Layer) -> Iterator[Difference]:
    """Yield what differs in one layer."""
    if mine.diff_id == others.diff_id:
        yield Difference(platform=platform, part=part, path="", how="compression")
        return
    first, second = _entries(mine), _entries(others)
    found = False
    for path in sorted(first.keys() | second.keys()):
        for how, one, other in _entry_differences(first.get(path), second.get(path)):
            found = True
            yield Difference(platform=platform, part=part, path=path, how=how, image=one, rebuilt=other)
    if not found:
        yield Difference(platform=platform, part=part, path="", how="order")


def _entry_differences(mine: _Entry | None, other: _Entry | None) -> Iterator[tuple[str, str, str]]:
    """Yield how two members differ."""
    if mine is None or other is None:
        yield ("missing" if mine is None else "extra"), "", ""
        return
    for how in ("kind", "mode", "owner", "time", "target"):
        one, two = getattr(mine, how), getattr(other, how)
        if one != two:
            yield how, one, two
    if mine.content != other.content:
        yield "content", "", ""


def _entries(layer: Layer) -> dict[str, _Entry]:
    """Read the members of a layer; of a path that is there twice, the last one counts."""
    found = {}
    with layer_tar(layer) as archive:
        for member in members(archive):
            stream = archive.extractfile(member) if member.isfile() else None
            content = hashlib.sha256()
            while stream and (chunk := stream.read(_CHUNK)):
                content.update(chunk)
            found[member.name] = _Entry(
                kind=member.type.decode("latin-1"),
                mode=f"{member.mode:04o}",
                owner=f"{member.uid}:{member.gid}",
                time=str(int(member.mtime)),
                target=shortened(member.linkname, _LONGEST),
                content=content.hexdigest(),
            )
    return found


def _document_differences(
    platform: str, part: str, mine: bytes, others: bytes, without: tuple[str, ...] = _OF_LAYERS
) -> Iterator[Difference]:
    """Yield the fields that differ between two documents, `without` those whose paths begin like this."""
    if mine == others:
        return
    first, second = (dict(_fields(json.loads(data))) for data in (mine, others))
    for path in sorted(first.keys() | second.keys()):
        one, other = first.get(path), second.get(path)
        if one == other or path.startswith(without):
            continue
        how = "missing" if path not in first else "extra" if path not in second else "value"
        shown = (
            "" if text is None else shortened(json.dumps(text, ensure_ascii=False), _LONGEST) for text in (one, other)
        )
        values = tuple(shown)
        yield Difference(platform=platform, part=part, path=path, how=how, image=values[0], rebuilt=values[1])


def _fields(document: object) -> Iterator[tuple[str, Any]]:
    """Yield the values of a document that are no objects, each with its path."""
    # Without recursion: a document may nest deeper than the stack is.
    waiting = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if not isinstance(value, Mapping) or not value:
            yield path, value
        else:
            waiting += ((f"{path}.{key}" if path else str(key), inner) for key, inner in value.items())
