"""The choice of the interpreters that compile for the bases of a build, and the identity of each.

The base's own is the first choice, in a jail; then that of another base of the same build; then one of this machine,
all of the base's full version. Bytecode is the same on every processor.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.jail.consent import Consent
from toolkit.jail.jail import Jail, find_jail
from toolkit.python.target import Base
from toolkit.wheels.bytecode.interpreter import DoesNotRunError, Interpreter, of_base, of_this_machine, runs_here
from toolkit.wheels.bytecode.keeping import KeptInterpreter, keep, restore

log = logging.getLogger(__name__)

# Raise it with any change of the program or the choice of files; it is part of the key of bytecode and interpreters.
BYTECODE_VERSION = 5

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Known(Record, frozen=True, kw_only=True):
    """The facts that decide an interpreter's output: `identity`, a hash of its files, and its versions."""

    KIND: ClassVar[str] = "interpreter"

    identity: str
    versions: str


class Chosen(Struct, frozen=True, kw_only=True):
    """An interpreter that runs here, and its identity."""

    interpreter: Interpreter
    known: Known


class Interpreters:
    """The interpreters of one build on its `bases`; one base may compile for another.

    Not safe to share between threads. Unpacked files stay in `folder`.
    """

    def __init__(self, cache: Cache, consent: Consent, folder: Path, bases: Sequence[Base]) -> None:
        self.bases = bases
        self._cache = cache
        self._consent = consent
        self._folder = folder
        self._numbers = count()
        self._made: dict[str, Chosen | None] = {}
        self._failures: dict[str, str] = {}

    def known(self, base: Base) -> Iterator[Known]:
        """Yield the interpreters that can compile for a base, the best first. Only new ones are unpacked and run."""
        for helper in self._helpers(base):
            if known := self._known(helper):
                yield known
        if self._of_bases(base) is None and (ours := self._ours(base.facts.version)):
            yield ours.known

    def choose(self, base: Base) -> Chosen | None:
        """Return the interpreter that compiles for a base; None if no Python of its version runs here."""
        return self._of_bases(base) or self._ours(base.facts.version)

    def refusal(self, base: Base) -> str | None:
        """Return why the base's own interpreter does not compile; None when it does, or is for another machine."""
        if not runs_here(base.itself):
            return None
        return self._forbidden() or self._failures.get(str(base.itself.digest))

    def _forbidden(self) -> str | None:
        """Return why no base's interpreter may run; None if they may."""
        # A base's program is foreign code, even in the jail, and a dry run runs none.
        if self._consent.dry:
            return "the base's own is not run in a dry run"
        jail = find_jail()
        if isinstance(jail, Jail) or self._consent.trust_base:
            return None
        return f"the base's own is run in a jail only, and {jail.reason}; --trust-base runs it without one"

    def _helpers(self, base: Base) -> Iterator[Base]:
        """Yield the bases whose interpreters can compile for a base, itself first."""
        for helper in (base, *(other for other in self.bases if other is not base)):
            # The full version: 3.11.2 and 3.11.7 differ in bytecode.
            if runs_here(helper.itself) and helper.facts.version == base.facts.version:
                yield helper

    def _of_bases(self, base: Base) -> Chosen | None:
        """Return the first interpreter of the build's bases that can compile for a base; None if there are none."""
        return next(filter(None, map(self._chosen, self._helpers(base))), None)

    def _known(self, base: Base) -> Known | None:
        """Return the identity of a base's interpreter, from the cache or by running it; None if it does not run."""
        # The image's digest covers all its files, so a known base is neither unpacked nor run.
        key = _key(base)
        if (record := self._cache.recall(Known, key)) and _SHA256.fullmatch(record.identity):
            return record if _fits(record.versions, base) else None
        chosen = self._chosen(base)
        if chosen is None:
            return None  # Not recorded: the next time it may run.
        known = chosen.known
        self._cache.remember(key, known)
        return known

    def _chosen(self, base: Base) -> Chosen | None:
        """Return the interpreter of a base, unpacked; None if it does not run, may not run, or has another version."""
        name = str(base.itself.digest)
        if name not in self._made:
            # None is kept as well: a base that does not run is tried once in a build.
            self._made[name] = None if self._forbidden() else self._that_runs(base)
        chosen = self._made[name]
        return chosen if chosen and _fits(chosen.known.versions, base) else None

    def _that_runs(self, base: Base) -> Chosen | None:
        """Unpack a base's interpreter and run it once. None if it does not run, which is noted."""
        jail = find_jail()
        # A new folder for each try: the next component tries again what ended in an error, such as that of a full disk.
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        # The interpreter may run as the user nobody, who has to be able to enter the folder.
        folder.chmod(0o755)
        try:
            made = self._unpacked(base, folder, jail if isinstance(jail, Jail) else None)
            return Chosen(interpreter=made, known=Known(identity=made.identity, versions=made.versions()))
        except DoesNotRunError as error:
            log.debug("the Python of the base %s does not run here: %s", base.itself.digest, error)
            self._failures[str(base.itself.digest)] = f"the base's own does not run: {error}"
            return None

    def _unpacked(self, base: Base, folder: Path, jail: Jail | None) -> Interpreter:
        """Unpack a base's interpreter: from what the cache keeps of it, else from the base's layers."""
        key = _key(base)
        kept = self._cache.recall(KeptInterpreter, key)
        if kept and restore(kept, self._cache, folder):
            return kept.interpreter(folder, jail)
        made = of_base(base.itself, base.facts, folder, jail)
        self._cache.remember(key, keep(made, folder, self._cache))
        return made

    def _ours(self, version: str) -> Chosen | None:
        """Return this machine's Python of a version, looked for once; None if absent."""
        if version not in self._made:
            found = of_this_machine(version)
            self._made[version] = found and Chosen(
                interpreter=found[0], known=Known(identity=found[0].identity, versions=found[1])
            )
        return self._made[version]


def _fits(versions: str, base: Base) -> bool:
    """Return whether an interpreter's own answer names the version that the base's facts have."""
    return versions.split(" ", maxsplit=1)[0] == base.facts.version


def _key(base: Base) -> dict[str, object]:
    """Return everything that decides which interpreter a base has."""
    return {"image": str(base.itself.digest), "python": base.facts.python, "program": BYTECODE_VERSION}
