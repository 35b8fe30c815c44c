"""Which interpreters can compile for the bases of a build, and what each is known by.

The base's own is the first choice, in a jail; then that of another base of the same build; then one of this machine,
all of the base's full version. Bytecode is the same on every processor.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from toolkit.cache import Cache
from toolkit.jail.consent import Consent
from toolkit.jail.jail import Jail, find_jail
from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode.interpreter import DoesNotRunError, Interpreter, of_base, of_this_machine, runs_here

log = logging.getLogger(__name__)

# Raise it with any change of the program or the choice of files; it is part of what bytecode is known by.
BYTECODE_VERSION = 5

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Base(Protocol):
    """A base that wheels are compiled for: its image, and what is known of it."""

    @property
    def image(self) -> Image: ...  # noqa: D102 (the class says it)
    @property
    def facts(self) -> BaseFacts: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What decides the output of an interpreter: `identity`, a hash of its files, and its versions as it says them."""

    identity: str
    versions: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """An interpreter that runs, and what it is known by."""

    interpreter: Interpreter
    known: Known


class Interpreters:
    """The interpreters of one build. Not safe to share between threads; what is unpacked stays in `folder`."""

    def __init__(self, bases: Sequence[Base], cache: Cache, consent: Consent, folder: Path) -> None:
        self._bases = bases
        self._cache = cache
        self._consent = consent
        self._folder = folder
        self._made: dict[str, Chosen | None] = {}
        self._failures: dict[str, str] = {}

    def known(self, base: Base) -> Iterator[Known]:
        """List what may compile for a base, the best first: nothing is unpacked or run that was seen before."""
        for helper in self._helpers(base):
            if known := self._known(helper):
                yield known
        if self._of_bases(base) is None and (ours := self._ours(base.facts.version)):
            yield ours.known

    def choose(self, base: Base) -> Chosen | None:
        """Choose the interpreter that compiles for a base; None when none of the version runs here."""
        return self._of_bases(base) or self._ours(base.facts.version)

    def refusal(self, base: Base) -> str | None:
        """Say why the base's own interpreter does not compile; None when it does, or is for another machine."""
        if not runs_here(base.image):
            return None
        return self._forbidden() or self._failures.get(str(base.image.digest))

    def _forbidden(self) -> str | None:
        if self._consent.dry:
            return "the base's own is not run in a dry run"
        jail = find_jail()
        if isinstance(jail, Jail) or self._consent.trust_base:
            return None
        return f"the base's own is run in a jail only, and {jail.reason}; --trust-base runs it without one"

    def _helpers(self, base: Base) -> Iterator[Base]:
        for helper in (base, *(other for other in self._bases if other is not base)):
            if runs_here(helper.image) and helper.facts.version == base.facts.version:
                yield helper

    def _of_bases(self, base: Base) -> Chosen | None:
        return next(filter(None, map(self._chosen, self._helpers(base))), None)

    def _known(self, base: Base) -> Known | None:
        """Say what a base's interpreter is, from the cache, or else by unpacking and running it; None if it cannot."""
        key = {"image": str(base.image.digest), "python": base.facts.python, "program": BYTECODE_VERSION}
        record = self._cache.record("interpreter", key) or {}
        versions, identity = record.get("versions"), record.get("identity")
        if isinstance(versions, str) and isinstance(identity, str) and _SHA256.fullmatch(identity):
            return Known(identity=identity, versions=versions) if _fits(versions, base) else None
        chosen = self._chosen(base)
        if chosen is None:
            return None  # Not noted: what kept it from running may be gone the next time.
        known = chosen.known
        self._cache.write_record("interpreter", key, {"versions": known.versions, "identity": known.identity})
        return known

    def _chosen(self, base: Base) -> Chosen | None:
        """Give the interpreter of a base, unpacked; None when it does not run, must not, or is of another version."""
        name = str(base.image.digest)
        if name not in self._made:
            self._made[name] = None if self._forbidden() else self._that_runs(base)
        chosen = self._made[name]
        return chosen if chosen and _fits(chosen.known.versions, base) else None

    def _that_runs(self, base: Base) -> Chosen | None:
        jail = find_jail()
        folder = self._folder / str(len(self._made))
        folder.mkdir()
        folder.chmod(0o755)
        try:
            made = of_base(base.image, base.facts, folder, jail if isinstance(jail, Jail) else None)
            return Chosen(interpreter=made, known=Known(identity=made.identity, versions=made.versions()))
        except DoesNotRunError as error:
            log.debug("the Python of the base %s does not run here: %s", base.image.digest, error)
            self._failures[str(base.image.digest)] = f"the base's own does not run: {error}"
            return None

    def _ours(self, version: str) -> Chosen | None:
        if version not in self._made:
            found = of_this_machine(version)
            self._made[version] = found and Chosen(
                interpreter=found[0], known=Known(identity=found[0].identity, versions=found[1])
            )
        return self._made[version]


def _fits(versions: str, base: Base) -> bool:
    return versions.split(" ", maxsplit=1)[0] == base.facts.version
