"""Provenance for tests: of a small build, and statements about an image."""

from typing import Any

from toolkit.provenance.predicate import BUILD_TYPE, Dependency, Provenance

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUILDER = "https://ci.example/runners/7"


def provenance(*, dirty: bool = False, builder: str = BUILDER, **external: Any) -> Provenance:  # noqa: ANN401 (JSON)
    """Return the provenance of a component in a repository, on a base of a server."""
    return Provenance(
        build_type=BUILD_TYPE,
        external={"component": {"name": "count-words", "version": "1.2.0", "path": "count"}, **external},
        internal={"builder": "oci"},
        dependencies=(
            Dependency(
                name="source",
                uri="git+https://git.example/ml/steps.git",
                digest={"gitCommit": COMMIT},
                annotations={"dirty": dirty, **({"changed": ["count/x.py"]} if dirty else {})},
            ),
            Dependency(
                name="base for linux/amd64",
                uri="pkg:oci/python@sha256:"
                + "b" * 64
                + "?arch=amd64&repository_url=docker.io/library/python&tag=3.11",
                digest={"sha256": "b" * 64},
                annotations={"platform": "linux/amd64"},
            ),
            Dependency(name="numpy-1.0-py3-none-any.whl", uri="pkg:pypi/numpy@1.0", digest={"sha256": "c" * 64}),
        ),
        builder=builder,
        versions={"comp": "0.1.0"},
        invocation="https://ci.example/jobs/1",
    )
