"""Which consumers a set of changes breaks: every use in files and folders, against the components that changed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.breaking.rules import CHANGES
from toolkit.consumers.changed import Changed, Index
from toolkit.consumers.copies import Copies, Copy, document_of, place_in_lock
from toolkit.consumers.documents import is_document, read_yaml
from toolkit.consumers.effects import effects
from toolkit.consumers.python_source import read_python
from toolkit.consumers.use import Named, Unknown, Use, Uses
from toolkit.errors import Finding, InputError, Location, Severity, UsageError
from toolkit.limits import CONTRACT_SIZE
from toolkit.registry.consuming.lock import LOCK_NAME
from toolkit.spec.reader import ComponentDocument
from toolkit.system.reading import read_foreign
from toolkit.words import counted

_SUFFIXES = {".yaml", ".yml", ".json"}
# What others put there, or programs make again: no pipeline that anybody works on.
_SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}


class Checked(Struct, kw_only=True):
    """What was found in the consumers: how many uses of changed components, what breaks, and what is not known.

    `steps` has the use that each finding is about, None for one about a lock. `broken` are the places of the uses that
    break, `later` those of uses that have a copy of the old version, and break when they take the new one.
    """

    files: int = 0
    uses: int = 0
    findings: list[Finding] = field(default_factory=list)
    steps: list[Use | None] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)

    def sources(self) -> dict[Path, str]:
        """Return the texts of the files that have findings."""
        return {path: _text(path) for path in {finding.where.path for finding in self.findings}}

    def summary(self) -> str:
        """Return a line about the whole."""
        files = counted(self.files, "file")
        if not self.uses:
            return f"no use of what changed in {files}"
        uses = f"{counted(self.uses, 'use')} of what changed in {files}"
        later = f", {len(self.later)} later" if self.later else ""
        return f"{uses}: {len(self.broken)} break{'s' * (len(self.broken) == 1)}{later}"


def check_consumers(
    paths: Sequence[Path], changes: Sequence[Changed], *, category: Category, environ: Mapping[str, str]
) -> Checked:
    """Check every consumer at and below the paths. Raises UsageError for a file that is no consumer."""
    return _Check(index=Index(every=changes), category=category, environ=environ).of(paths)


def as_data(checked: Checked) -> dict[str, object]:
    """Return the result as JSON data; the keys are part of the command's interface."""
    return {
        "files": checked.files,
        "uses": checked.uses,
        "broken": len(checked.broken),
        "later": len(checked.later),
        "breaks": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "pipeline": use.pipeline if use else None,
                "step": use.step if use else None,
                "message": finding.message,
                "help": finding.help,
                **_place(finding.where),
            }
            for finding, use in zip(checked.findings, checked.steps, strict=True)
        ],
        "unknown": [{"message": unknown.message, **_place(unknown.where)} for unknown in checked.unknown],
    }


def _place(where: Location) -> dict[str, object]:
    return {"path": str(where.path), "line": where.line, "column": where.column}


class _Check(Struct, kw_only=True):
    """One check of consumers."""

    index: Index
    category: Category
    environ: Mapping[str, str]
    checked: Checked = field(default_factory=Checked)
    copies: Copies = field(default_factory=Copies)

    def of(self, paths: Sequence[Path]) -> Checked:
        """Check the consumers at and below the paths."""
        for path in dict.fromkeys(found for given in paths for found in _files(given)):
            self._file(path, named=path in paths)
        return self.checked

    def _file(self, path: Path, *, named: bool) -> None:
        """Check one file; one that uses nothing is passed over, unless it was named."""
        if path.name == LOCK_NAME:
            self.checked.files += 1
            self.copies.read(path)
            self._check_lock(path)
            return
        try:
            uses = _uses(path, self.environ)
        except InputError as error:
            uses = Uses(uses=[], unknown=[Unknown(where=error.where or Location(path=path), message=error.message)])
        if uses is None:
            if named:
                raise UsageError(f"{path} is not a pipeline, a graph or a {LOCK_NAME}", hint="name one, or a folder")
            return
        self.checked.files += 1
        self.copies.find(path)
        for use in uses.uses:
            self._use(use)
        self.checked.unknown += [unknown for unknown in uses.unknown if self._matters(unknown)]

    def _matters(self, unknown: Unknown) -> bool:
        """Return whether what is not known may be about a change that breaks."""
        if unknown.named is None:
            return any(each.may_break() for each in self.index.every)
        return any(changed.may_break() for changed, _ in self._meant(unknown.named))

    def _use(self, use: Use) -> None:
        """Check one use."""
        for changed, copy in self._meant(use.named, use):
            self.checked.uses += 1
            severity, why = Severity.ERROR, ""
            if use.form == "compiled":
                severity, why = Severity.WARNING, "it runs with its own copy of the contract; compiled again it breaks"
            elif copy and not copy.takes(changed.version):
                severity = Severity.WARNING
                why = f"{LOCK_NAME} keeps {copy.release}@{copy.entry.get('version')}; with {changed.version} it breaks"
            old = document_of(copy.place) if copy else changed.old
            if changed.new is None:
                message = f"the {use} uses {changed.title}, whose contract is gone"
                self._add("B305", severity, message, use.where, why, use=use)
            elif old is not None:
                self._effects(use, old, changed.new, severity, why)
            if use.spreads and changed.may_break():
                message = f"the arguments of the {use} are known only when it runs"
                self.checked.unknown.append(Unknown(where=use.spreads, message=message, named=use.named))

    def _effects(self, use: Use, old: ComponentDocument, new: ComponentDocument, severity: Severity, why: str) -> None:
        """Add what breaks in one use."""
        for effect in effects(use, old.spec, new.spec):
            # The order of inputs matters to those who pass arguments by their places, whatever the category.
            if CHANGES[effect.rule].breaks_in(self.category) or effect.rule == "B113":
                message = f"the {use} {effect.message}"
                self._add(effect.rule, severity, message, effect.where, why or effect.help, use=use)

    def _add(
        self, rule: str, severity: Severity, message: str, where: Location, advice: str, *, use: Use | None = None
    ) -> None:
        """Add one finding."""
        self.checked.findings.append(Finding(rule=rule, severity=severity, message=message, where=where, help=advice))
        self.checked.steps.append(use)
        places = self.checked.broken if severity is Severity.ERROR else self.checked.later
        places.add(str(use.where if use else where))

    def _meant(self, named: Named, use: Use | None = None) -> Iterator[tuple[Changed, Copy | None]]:
        """Yield the changed components that a use may mean, with the consumer's copy if that is what it names."""
        for place in named.places:
            if copy := self.copies.by_place.get(place):
                if changed := self.index.of_release(copy.release):
                    yield changed, copy
                return
            if here := self.index.at(place):
                yield here, None
                return
            if place.is_file():
                return
        yield from ((each, None) for each in self.index.meant(named, use))

    def _check_lock(self, path: Path) -> None:
        """Add a finding for each component of a lock whose new version breaks callers of the copy."""
        resolved = path.resolve()
        for copy in self.copies.by_place.values():
            changed = self.index.of_release(copy.release)
            old = document_of(copy.place) if copy.lock == resolved else None
            if old is None or changed is None or changed.new is None:
                continue
            self.checked.uses += 1
            found = compare(old, changed.new, category=self.category)
            if found.breaking:
                self._add_copy(path, copy, found)

    def _add_copy(self, path: Path, copy: Copy, found: Comparison) -> None:
        """Add the finding about one component of a lock: an error if the next `comp add` takes what breaks."""
        version = found.versions[1]
        named, broken = version or "the new version", f"breaks callers ({found.because()})"
        where, rule = place_in_lock(path, copy.release), found.breaking[0].rule.id
        requested = copy.request or copy.release
        if copy.takes(version):
            self._add(rule, Severity.ERROR, f"{requested} takes {named}, which {broken}", where, "")
        else:
            text = f"{requested} keeps {copy.entry.get('version')}; {named} {broken}"
            self._add(rule, Severity.WARNING, text, where, "change the pipelines together with the request")


def _uses(path: Path, environ: Mapping[str, str]) -> Uses | None:
    """Return the uses in a file; None if it is not one that uses components."""
    data = _data(path)
    if path.suffix == ".py":
        # Python's own declaration says how it is encoded.
        return read_python(path, environ) if b"load_component" in data or b"kfp" in data else None
    text = _text(path)
    return read_yaml(text, path) if is_document(text) else None


def _files(path: Path) -> Iterator[Path]:
    """Yield the files that may be consumers at and below a path, in order."""
    if not path.is_dir():
        if not path.exists():
            raise InputError(f"{path} does not exist", hint="name a pipeline, a lock, or a folder of them")
        yield path
        return
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if name == LOCK_NAME or Path(name).suffix in {".py", *_SUFFIXES}:
                yield here / name


def _text(path: Path) -> str:
    """Return a file's text; empty for what is no text: it is no pipeline then."""
    try:
        return _data(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _data(path: Path) -> bytes:
    """Return a file's content; empty for one that is too large or cannot be read."""
    try:
        return read_foreign(path, CONTRACT_SIZE)
    except (InputError, OSError):
        return b""
