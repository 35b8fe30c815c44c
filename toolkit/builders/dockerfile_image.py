"""The image that an engine built from a Dockerfile, described as comp's own: labels, annotations, interfaces.

What the engine adds about itself goes, and so do the values of build arguments in the history.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.embedded import plain_layer
from toolkit.builders.keeping import kept_layers
from toolkit.cache.store import Cache
from toolkit.digest import canonical_json
from toolkit.errors import Location, OutsideError
from toolkit.oci.assemble import assemble
from toolkit.oci.descriptor import OCI_LAYER
from toolkit.oci.image import Image
from toolkit.redaction import hide_in_data
from toolkit.spec.protocol import PROTOCOL

# OCI image specification, config.md; of docker's own settings those that runtimes use.
_CONFIG = frozenset(
    {"author", "architecture", "config", "created", "history", "os", "os.features", "os.version", "rootfs", "variant"}
)
_SETTINGS = frozenset(
    {
        *("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"),
        *("Healthcheck", "OnBuild", "Shell", "StopTimeout"),
    }
)
# `RUN |2 A=1 B=2 /bin/sh -c …` of BuildKit, `|2 A=1 B=2 /bin/sh -c …` of others.
_ARGUMENTS = re.compile(r"(?P<run>RUN )?\|(?P<count>\d+) (?P<rest>.*)", re.DOTALL)
_ARG = re.compile(r"(?P<begin>(?:/bin/sh -c #\(nop\) +)?ARG )(?P<names>.*)", re.DOTALL)
_MOUNT = re.compile(r"--mount=type=secret,id=comp-[a-z]+,\S+ ")
_EPOCH = "1970-01-01T00:00:00Z"


def described(plan: DockerfilePlan, built: Image, arguments: Mapping[str, str], cache: Cache) -> Image:
    """Return an engine's image with the layer of interfaces on top, described as the plan says.

    All its layers are in the cache then. `arguments` are all that the steps had: those of the plan, and comp's own.
    Raises OutsideError for an image of another platform.
    """
    if built.platform.architecture != plan.platform.architecture:
        raise OutsideError(
            f"the engine gave an image for {built.platform} instead of {plan.platform}",
            where=Location(path=plan.dockerfile),
            hint="name another engine: --builder docker or buildah",
        )
    added = {name: value for name, value in arguments.items() if name not in plan.arguments}
    config = _cleaned(built.parsed_config(), plan, added)
    created = plan.created or str(config.get("created") or _EPOCH)
    top = plain_layer(cache, plan.layer, media_type=OCI_LAYER, minor=str(PROTOCOL))
    return assemble(
        replace(built, config=canonical_json(config), layers=kept_layers(built, cache)),
        [top],
        history=[f"comp: {plan.layer.name}"],
        command=None,
        env={},
        labels=plan.labels,
        annotations=plan.annotations,
        created=created,
        user=None,
    )


def _cleaned(config: Mapping[str, Any], plan: DockerfilePlan, added: Mapping[str, str]) -> dict[str, Any]:
    """Return a config without what the engine says of itself."""
    document = {key: value for key, value in config.items() if key in _CONFIG}
    settings = {key: value for key, value in (config.get("config") or {}).items() if key in _SETTINGS and value}
    # Of images in the specification every list has values; null is docker's.
    document["config"] = settings
    document["history"] = list(_history(config.get("history") or [], plan, added))
    return document


def _history(
    entries: Sequence[Mapping[str, Any]], plan: DockerfilePlan, added: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the entries of a history without the values of arguments, and without what comp declared."""
    for entry in entries:
        line = _line(str(entry.get("created_by") or ""), plan.arguments, added)
        if line is None and entry.get("empty_layer"):
            continue
        # The comments of engines name images of this machine.
        kept = {key: value for key, value in entry.items() if key in {"created", "author", "empty_layer"}}
        if plan.created and str(entry.get("created", ""))[:19] > plan.created[:19]:
            kept["created"] = plan.created
        yield {**kept, "created_by": hide_in_data(line or "")}


def _line(text: str, given: Mapping[str, str], added: Mapping[str, str]) -> str | None:
    """Return a line of history without values of arguments; None for a declaration that comp added."""
    text = _MOUNT.sub("", text)
    if declared := _ARG.fullmatch(text):
        names = [word for word in declared["names"].split(" ") if word.partition("=")[0] not in added]
        names = [word.partition("=")[0] if word.partition("=")[0] in given else word for word in names]
        return f"{declared['begin']}{' '.join(names)}" if names else None
    if called := _ARGUMENTS.fullmatch(text):
        count, rest = int(called["count"]), f" {called['rest']}"
        for name, value in {**given, **added}.items():
            if f" {name}={value} " in rest:
                count, rest = count - 1, rest.replace(f" {name}={value} ", " ", 1)
        words = (called["run"], f"|{count}" if count else "", rest)
        return " ".join(word.strip() for word in words if word and word.strip())
    return text
