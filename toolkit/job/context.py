"""What every step of the job works with, and what the user asked of it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.config.dockerfile import DockerfileOptions
from toolkit.jail.consent import Consent
from toolkit.progress import Report, silent
from toolkit.system.turns import Shared

if TYPE_CHECKING:
    from toolkit.config.project import Project
    from toolkit.remote.blob_locations import BlobLocations
    from toolkit.remote.client import Remote
    from toolkit.signing.signatures import Signer
    from toolkit.wheels.bytecode.compiling import Compilers


# The kind of the shared values that are clients.
_CLIENT = "remote"


class BuildContext(Struct, frozen=True, kw_only=True):
    """The surroundings of one command: the cache, the environment, and what may run on this machine.

    `report` gets progress, from several threads. `shared` holds what all builds of the command use: clients, bases,
    resolutions. `compilers` are those of a command that builds several components, None for a single build.
    `relock` locks the whole collection of a component anew, with newer versions if the last argument is true; without
    it, a component whose collection has one lock locks for itself and keeps the result to itself. The packages of
    `accepted_publishers`, or `:all:`, may have another publisher than their lock names.
    """

    cache: Cache = field(default_factory=Cache.default)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    report: Report = silent
    consent: Consent = field(default_factory=lambda: Consent.given(os.environ))
    shared: Shared = field(default_factory=Shared)
    compilers: "Compilers | None" = None
    relock: "Callable[[Project, BuildContext, bool], object] | None" = None
    accepted_publishers: frozenset[str] = frozenset()

    def remote(self) -> "Remote":
        """Return the command's client for distribution servers."""
        from toolkit.remote.client import Remote

        return self.shared.get((_CLIENT, frozenset(self.environ.items())), lambda: Remote(environ=self.environ))

    def again(self, *, connected: bool) -> "BuildContext":
        """Return the surroundings of the next build of a process that stays: it looks up everything anew.

        With `connected` its client stays, with its connections and tokens; without, credentials are read anew too.
        """
        return replace(self, shared=self.shared.only(_CLIENT) if connected else Shared())

    def locations(self) -> "BlobLocations":
        """Return what the command knows about places of blobs."""
        from toolkit.remote.blob_locations import BlobLocations

        return self.shared.get(("locations", self.cache.root), lambda: BlobLocations(self.cache))

    @contextmanager
    def compiling(self) -> Iterator["Compilers"]:
        """Return the command's compilers, or those of one build, which end with the block."""
        if self.compilers and self.compilers.consent == self.consent:
            yield self.compilers
            return
        from toolkit.wheels.bytecode.compiling import Compilers

        with Compilers(self.cache, self.consent) as compilers:
            yield compilers


class BuildRequest(Struct, frozen=True, kw_only=True):
    """One `comp build` as the user asked for it.

    `overrides` are settings from the command line, by their keys in `[tool.comp]`; `dockerfile` is what it says about
    the build of a Dockerfile. `output` is `layout:DIR`,
    `archive:FILE` or `docker`. `pin` says where a push writes the digest: `in-place`, `none`, or a file. With
    `key` a pushed image is signed.
    """

    folder: Path
    overrides: Mapping[str, str] = field(default_factory=dict)
    dockerfile: DockerfileOptions = field(default_factory=DockerfileOptions)
    builder: str = "auto"
    locked: bool = False
    output: str | None = None
    push: bool = False
    pin: str = "in-place"
    key: "Signer | None" = None
