"""What builds of wheels work with: the cache, the indexes, what the user allows, and who builds machine code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.errors import InputError, Location
from toolkit.jail.consent import Consent
from toolkit.progress import Report
from toolkit.requirements.building.sdists import BuildSystem
from toolkit.requirements.download import download, index_transport
from toolkit.requirements.index_users import IndexUsers
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import SourceDistribution


class WheelBuilder(Protocol):
    """Builds machine code for a base that cannot be built here, in a container of the base."""

    @property
    def identity(self) -> str:
        """The image that builds. Its wheels serve only builds that would use the same image."""
        ...

    def refuses(self) -> str | None:
        """Return why nothing can be built there, None if it can."""
        ...

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of a source distribution or of a folder into `out`, with these environment variables.

        Raises InputError when it does not build, OutsideError when the container fails.
        """
        ...


class Permission(Struct, frozen=True, kw_only=True):
    """What may be built: by the user's consent, and by the component's settings, which list `names`.

    Others may have written the settings, so these allow builds in a jail only: a container has the network of this
    machine and the logins of the user's indexes.
    """

    consent: Consent = Consent()
    names: frozenset[str] = frozenset()

    def check(
        self, name: str, why: str, code: str, system: Callable[[], BuildSystem], where: Location | None = None
    ) -> None:
        """Raise InputError unless the foreign project `name` may be built.

        The message says `why` it would have to be, names the `code` that would run, and the build `system`.
        """
        problem = f"{why} and would have to be built"
        # First: a dry run builds nothing, whatever is allowed.
        if self.consent.dry:
            hint = "`comp lock` builds it, if you allow that"
            raise InputError(f"{problem}, which a dry run does not do", where=where, hint=hint)
        if not self.consent.allow_builds and name not in self.names:
            # Called for a refusal only, since the source distribution may have to be downloaded for it.
            build = system()
            with_what = f" with {', '.join(build.requires)}" if build.requires else ""
            raise InputError(
                f"{problem}: that runs code of {code}, {build.backend or 'its build backend'}{with_what}, "
                "in a jail without network",
                where=where,
                hint=f'--allow-builds allows it, or `allow-builds = ["{name}"]` in [tool.comp]; an index with '
                "its wheel needs neither",
            )


class ForeignSource(Struct, frozen=True, kw_only=True):
    """A foreign project that is not from an index: its address, and `where` it is required.

    `version` is for a build that would ask git for it and gets a copy without git; None if git has no version.
    """

    address: str
    where: Location | None = None
    version: str | None = None


class BuildSetup(Struct, frozen=True, kw_only=True):
    """What builds work with; the `wheel_builder` builds what does not build on this machine."""

    cache: Cache
    report: Report
    permission: Permission
    indexes: Indexes
    wheel_builder: WheelBuilder | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        """The user's environment variables."""
        return self.indexes.environ

    def fetched(self, source: SourceDistribution) -> Path:
        """Return the path of a source distribution in the cache, after a download if need be. Raises OutsideError."""
        if not self.cache.has_blob(source.digest):
            users = IndexUsers(self.indexes, self.cache)
            download(source, self.cache, self.report, users, index_transport(self.environ))
        return self.cache.blob_path(source.digest)
