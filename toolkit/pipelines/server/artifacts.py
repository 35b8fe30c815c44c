"""The artifacts of a run: found in ML Metadata or in the run's pods, read from the store that holds them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

_EXECUTOR_INPUT = "--executor_input"
# The launcher stores the log of a step as an artifact too, under a name that ends with the number of the try.
_LOGS = "executor-logs"


def _empty() -> Mapping[str, object]:
    return MappingProxyType({})


class Artifact(Struct, frozen=True, kw_only=True):
    """What a step made: the name of its output, its type such as `Model`, where it lies, and its metadata.

    The values of a `Metrics` are its metadata.
    """

    step: str
    output: str
    type: str
    uri: str
    metadata: Mapping[str, object] = field(default_factory=_empty)

    @property
    def name(self) -> str:
        """The name by which commands take it."""
        return f"{self.step}/{self.output}"


class Address(Struct, frozen=True, kw_only=True):
    """A URI in parts: the kind of store, such as `minio` or `s3`, the bucket, and the key in it."""

    scheme: str
    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "Address | None":
        """Return the parts of a URI; None if it is not that of an object in a bucket.

        A query says how to reach the store (kfp 2.17, `objectstore.ParseBucketConfig`). A key may hold a `#`.
        """
        scheme, _, rest = uri.partition("?")[0].partition("://")
        bucket, _, key = rest.partition("/")
        key = key.strip("/")
        is_object = scheme in {"minio", "s3", "gs"} and bool(bucket) and bool(key)
        return cls(scheme=scheme, bucket=bucket, key=key) if is_object else None


def pod_artifacts(pods: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Artifact]:
    """Yield the artifacts that pods were to make, from the arguments that KFP's driver gave their launcher.

    Each pod is given with its step. The tries of a step have equal arguments, and count once; the second iteration of
    a loop is `train #2`. Metadata is not among them: the launcher writes that when the step has ended.
    """
    known: dict[str, list[str]] = {}
    for step, pod in sorted(pods, key=lambda pod: str((pod[1].get("metadata") or {}).get("creationTimestamp", ""))):
        for text in _executor_inputs(pod):
            calls = known.setdefault(step, [])
            if text not in calls:
                calls.append(text)
                yield from _outputs(step if len(calls) == 1 else f"{step} #{len(calls)}", text)


def _executor_inputs(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield the executor inputs in the arguments of a pod's containers."""
    for container in (pod.get("spec") or {}).get("containers") or ():
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        yield from (following for word, following in pairwise(words) if word == _EXECUTOR_INPUT)


def _outputs(step: str, text: str) -> Iterator[Artifact]:
    """Yield the artifacts of an executor input; none if it is not JSON of the form that KFP writes."""
    try:
        artifacts = json.loads(text)["outputs"]["artifacts"]
        found = [(name, entry) for name, entries in artifacts.items() for entry in entries["artifacts"]]
        for name, entry in found:
            if name == _LOGS:
                continue
            kind = str((entry.get("type") or {}).get("schemaTitle") or "")
            yield Artifact(step=step, output=str(name), type=short_type(kind), uri=str(entry.get("uri") or ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return


def short_type(title: str) -> str:
    """Return a type without KFP's own namespace."""
    return title.removeprefix("system.") or "Artifact"


def chosen(artifacts: Iterable[Artifact], names: Iterable[str]) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Return the artifacts that names mean, all without names, and the names that mean none.

    A name is that of a step, or of a step and its output.
    """
    every, wanted = tuple(artifacts), tuple(names)
    if not wanted:
        return every, ()
    picked = tuple(artifact for artifact in every if {artifact.name, artifact.step} & set(wanted))
    known = {word for artifact in every for word in (artifact.name, artifact.step)}
    return picked, tuple(name for name in wanted if name not in known)
