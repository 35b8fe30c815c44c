"""Build an image again from its provenance, elsewhere, and compare: only a builder without chance can offer it."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit import __version__
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.plan import Plan
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.config.settings import VARIABLES
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.job.image import build_plans, make_plans
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built
from toolkit.oci.reference import Reference
from toolkit.provenance.attached import Attested
from toolkit.provenance.definition import EPOCH, FORMATS
from toolkit.provenance.predicate import BUILD_TYPE, Dependency, Provenance
from toolkit.provenance.source import is_commit
from toolkit.supply.image_differences import Difference, differences
from toolkit.supply.rules import Check
from toolkit.supply.sources import source_files
from toolkit.system import temporary
from toolkit.words import some_of

_NAME = "rebuild"
# One line each; a component of another compiler differs in every file.
_MOST = 200
# The settings that provenance has, by their keys in `[tool.comp]`.
_TEXTS, _FLAGS = ("python", "user"), ("bytecode", "estargz")


class Rebuild(Struct, frozen=True, kw_only=True):
    """How an image is to be built again: where its commit is, on which base, and for which platform alone.

    `source` is a folder in a clone or an address; None for the repository around `near`. `base` is where the base is
    now; None for the one that provenance names.
    """

    near: Path
    source: str | None = None
    base: str | None = None
    only: Platform | None = None


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What came of building an image again: the check, and the layers that were made, their digests with diff_ids."""

    check: Check
    layers: Mapping[Digest, Digest] = MappingProxyType({})


def build_again(
    reference: Reference, found: Sequence[Attested], asked: Rebuild, context: BuildContext, *, signed: bool
) -> Rebuilt:
    """Build an image again by the first provenance that allows it, and compare it with the one on its remote.

    `signed` says that only what a key has signed counts. Raises InputError if the commit or the base is not to be had,
    and as a build does.
    """
    trusted = [each.provenance for each in found if each.key or not signed]
    if not trusted:
        return _failed("none of the keys signed what is attached" if found else "no provenance is attached")
    usable = [each for each in trusted if refusal(each) is None]
    if not usable:
        return _failed(refusal(trusted[0]) or "")
    with _built(usable[0], asked, context) as (plans, built):
        if wrong := _wrong_bases(usable[0], plans):
            return _failed(wrong)
        made = [
            layer
            for plan, image in zip(plans, built.images, strict=True)
            for layer in image.layers[len(plan.base.layers) :]
        ]
        return Rebuilt(
            check=_compared(reference, built, _commit(usable[0]), asked.only, context),
            layers={layer.descriptor.digest: layer.diff_id for layer in made},
        )


def refusal(provenance: Provenance) -> str | None:
    """Return why an image cannot be built again from its provenance; None if it can."""
    if provenance.build_type != BUILD_TYPE:
        return f"it was not built by comp, but as {provenance.build_type}"
    builder = provenance.internal.get("builder")
    if builder != "oci":
        return f"it was built by {builder}, and only what comp lays out itself, with --builder oci, is the same again"
    commit = _commit(provenance)
    if not is_commit(commit):
        return "it was built outside of a repository, so that no commit has its files"
    if provenance.is_dirty:
        named = f": {some_of(provenance.changed)}" if provenance.changed else ""
        return f"it was built from files that differed from the commit {commit}, so that no commit has them{named}"
    return _other_formats(provenance)


def _other_formats(provenance: Provenance) -> str | None:
    """Return which comp builds this image again, if this one writes another form; None if it is this one."""
    theirs = provenance.internal.get("formats")
    theirs = theirs if isinstance(theirs, Mapping) else {}
    other = [f"{name} {theirs.get(name)}, here {here}" for name, here in FORMATS.items() if theirs.get(name) != here]
    if not other:
        return None
    version = provenance.versions.get("comp", "")
    return (
        f"it was built by comp {version}, and this is comp {__version__}, which writes images in another form"
        f" ({'; '.join(other)}): comp-toolkit=={version} builds it again"
    )


@contextmanager
def _built(provenance: Provenance, asked: Rebuild, context: BuildContext) -> Iterator[tuple[tuple[Plan, ...], Built]]:
    """Build again; the layers can be read until the block ends.

    They are made and measured anew, in a cache of their own; wheels and bytecode are shared.
    """
    source = provenance.source
    if source is None:
        raise InputError("there is no commit to build from")
    overrides = _overrides(provenance, asked, context.environ)
    context = replace(context, environ=_environ(provenance, context.environ))
    with (
        source_files(source, _commit(provenance), asked.source, asked.near, context.environ) as files,
        temporary.folder("layers") as place,
    ):
        project = read_project(_component(files, provenance), environ=context.environ, overrides=overrides)
        if project.base is None:
            digests = ", ".join(_shown(base) for base in provenance.bases)
            raise InputError(
                f"the base {digests} was on a disk, and nothing says where it is now",
                hint="name it with --base, such as layout:DIR",
            )
        builder = EmbeddedBuilder(Cache(place / "cache"))
        plans = make_plans(project, context, builder, only=asked.only, write_lock=False, locked=True)
        yield plans, build_plans(plans, builder, context)


def _commit(provenance: Provenance) -> str:
    """Return the commit, empty without one."""
    return provenance.source.digest["gitCommit"] if provenance.source else ""


def _environ(provenance: Provenance, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that are settings, and with the time of the image."""
    kept = {name: value for name, value in environ.items() if name not in {*VARIABLES.values(), EPOCH}}
    epoch = provenance.external.get("sourceDateEpoch")
    return kept | ({EPOCH: epoch} if isinstance(epoch, str) else {})


def _component(files: Path, provenance: Provenance) -> Path:
    """Return the component's folder. Raises InputError for a path that leads elsewhere."""
    component = provenance.external.get("component")
    path = PurePosixPath(str(component.get("path", "")) if isinstance(component, Mapping) else "")
    folder = (files / path).resolve()
    if path.is_absolute() or ".." in path.parts or not folder.is_relative_to(files.resolve()):
        raise InputError(f"the provenance names the folder {path}, which is not in its repository")
    return folder


def _overrides(provenance: Provenance, asked: Rebuild, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that provenance has, as the command line gives them."""
    external = provenance.external
    values = {key: external[key] for key in _TEXTS if isinstance(external.get(key), str)}
    values |= {key: str(external[key]).lower() for key in _FLAGS if isinstance(external.get(key), bool)}
    platforms = external.get("platforms")
    if isinstance(platforms, list):
        values["platforms"] = ",".join(map(str, platforms))
    if base := asked.base or _pinned_base(provenance) or environ.get(VARIABLES["base"]):
        values["base"] = base
    return values


def _pinned_base(provenance: Provenance) -> str | None:
    """Return the base by its digest; None for one on a disk."""
    pinned = [base.annotations.get("pinned") for base in provenance.bases]
    return next((text for text in pinned if isinstance(text, str)), None)


def _wrong_bases(provenance: Provenance, plans: Sequence[Plan]) -> str | None:
    """Return which base is not the one of provenance; None if all are."""
    theirs = {str(base.annotations.get("platform")): base for base in provenance.bases}
    for plan in plans:
        base = theirs.get(str(plan.platform))
        if base and base.digest.get("sha256") != plan.base_digest.hex:
            return f"it was built on the base {_shown(base)}, and {plan.base_reference} is {plan.base_digest}"
    return None


def _shown(base: Dependency) -> str:
    """Return the digest of a base."""
    return f"sha256:{base.digest.get('sha256', '')}"


def _compared(reference: Reference, built: Built, commit: str, only: Platform | None, context: BuildContext) -> Check:
    """Compare what was built with the image on its remote, or with that of one platform alone."""
    found: list[Difference] = []
    if only or built.digest != reference.digest:
        for image in built.images:
            theirs = context.remote().pull(reference, image.platform, context.cache, report=context.report)
            if theirs.digest != image.digest:
                found += itertools.islice(differences(theirs, image), _MOST - len(found))
    # The images of an index may be the same, and its own fields differ.
    if not found and not only and built.digest != reference.digest:
        found = [Difference(platform="index", part="manifest", path="", how="value")]
    if not found:
        shown = f"the same digest{f' for {only}' if only else ''} from commit {commit}"
        return Check(name=_NAME, passed=True, details=(shown,), data=_data(built, ()))
    first = f"another digest from commit {commit}: {built.digest}"
    return Check(name=_NAME, passed=False, details=(first, *map(str, found)), data=_data(built, found))


def _data(built: Built, found: Sequence[Difference]) -> dict[str, Any]:
    """Return what programs get of a rebuild."""
    return {"rebuilt": str(built.digest), "differences": [each.to_dict() for each in found]}


def _failed(why: str) -> Rebuilt:
    """Return the check of an image that cannot be built again."""
    return Rebuilt(check=Check(name=_NAME, passed=False, details=(why,)))
