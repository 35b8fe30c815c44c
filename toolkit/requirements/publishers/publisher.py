"""A Trusted Publisher: the workflow or account that uploaded a file to an index (PEP 740, "Provenance objects")."""

import re
from collections.abc import Mapping

from msgspec import Struct

from toolkit.errors import InputError

# What makes a publisher another one, by its kind; a workflow may be renamed within its repository.
_OWNER = {"GitHub": "repository", "GitLab": "repository", "Google": "email", "CircleCI": "project_id"}
_WORKFLOWS = ("workflow", "workflow_filepath")
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
# What a reader looks for comes first.
_ORDER = ("repository", "email", *_WORKFLOWS, "environment")
_MOST_CLAIMS = 16
_LONGEST = 300


class Publisher(Struct, frozen=True, kw_only=True):
    """A publisher: its `kind`, such as GitHub, and its claims, such as `repository`, in a fixed order.

    `verified` says that a signature of that very workflow or account was verified; else it is the word of the index.
    """

    kind: str
    claims: tuple[tuple[str, str], ...]
    verified: bool = False

    @property
    def owner(self) -> tuple[str, ...]:
        """What has to stay the same from one release to the next; of an unknown kind all claims."""
        claims = dict(self.claims)
        key = _OWNER.get(self.kind)
        if key is None or key not in claims:
            return self.kind, *(f"{name}={value}" for name, value in self.claims)
        # Both services find a repository whatever the capitals.
        return self.kind, claims[key].casefold()

    @property
    def shown(self) -> str:
        """The name in messages."""
        claims = dict(self.claims)
        owner = claims.pop(_OWNER.get(self.kind, ""), "")
        details = [claims.pop(key) for key in _WORKFLOWS if key in claims]
        details += [f"{name} {value}" for name, value in claims.items()]
        words = [self.kind, *([owner] if owner else []), *([f"({', '.join(details)})"] if details else [])]
        return " ".join(words)

    def to_dict(self) -> dict[str, str]:
        """Return the publisher as it is written: the kind, then the claims."""
        return {"kind": self.kind, **dict(self.claims)}


def read_publisher(data: Mapping[str, object], *, verified: bool = False) -> Publisher:
    """Read a publisher; claims without a text, such as an environment that is null, are left out.

    Raises InputError for what cannot be one.
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise InputError(f"not a kind of publisher: {str(kind)[:80]!r}")
    # `claims` is the index's own table in the index's answer, and not a claim.
    texts = {name: value for name, value in data.items() if name != "kind" and isinstance(value, str) and value.strip()}
    for name, value in texts.items():
        # It becomes a line of a lock, and of a terminal.
        if not _KEY.fullmatch(name) or len(value) > _LONGEST or not value.isprintable():
            raise InputError(f"not a claim of a publisher: {name[:80]!r} = {value[:80]!r}")
    if not texts or len(texts) > _MOST_CLAIMS:
        raise InputError(f"a publisher with {len(texts)} claims, expected 1 to {_MOST_CLAIMS}")
    return Publisher(kind=kind, claims=tuple(sorted(texts.items(), key=_place)), verified=verified)


def _place(claim: tuple[str, str]) -> tuple[int, str]:
    """Return the place of a claim among others."""
    name = claim[0]
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), name
