"""The variables that a component takes from secrets and config maps, in a run on this machine.

On a cluster they come from it; here from the caller's environment or from `--secret`. Their values are learnt as
secrets, so that nothing that comp prints or keeps has them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.errors import InputError, Location, UsageError
from toolkit.limits import SECRET_SIZE
from toolkit.redaction import learn
from toolkit.spec.declared import declared_of
from toolkit.spec.model import ComponentSpec
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign
from toolkit.words import did_you_mean

_FORM = "write --secret NAME=file:PATH or --secret NAME=env:VARIABLE"


def given_secrets(texts: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of `--secret` options. Raises UsageError for another form, or for a variable that is not set.

    No message repeats more than the name: people write the secret itself there.
    """
    given = {}
    for text in texts:
        name, _, source = text.partition("=")
        kind, _, place = source.partition(":")
        if kind == "env" and place:
            if place not in environ:
                raise UsageError(
                    f"the variable {place} for the secret {name} is not set", hint=f"export {place}, or {_FORM}"
                )
            given[name] = environ[place]
        elif kind == "file" and place:
            given[name] = _content(Path(place))
        else:
            raise UsageError(
                f"the secret {name} names no file or variable: a value on the command line is visible to every user",
                hint=_FORM,
            )
        learn(given[name])
    return given


def check_given(given: Mapping[str, str], specs: Sequence[ComponentSpec]) -> None:
    """Raise UsageError for a secret that is given, and that no component declares."""
    declared = {name: None for spec in specs for name in declared_of(spec).references}
    for name in given:
        if name not in declared:
            advice = did_you_mean(name, declared, otherwise=f"declared: {', '.join(declared) or 'none'}")
            raise UsageError(f"the component declares no secret {name!r}", hint=advice)


def variables_of(
    spec: ComponentSpec,
    environ: Mapping[str, str] | None,
    given: Mapping[str, str],
    *,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the values of a component's secrets and config maps: from `given`, or else of the caller's `environ`.

    `environ` is None for a contract that others may have written: it could name any variable of the caller's. `more`
    are variables whose values win over both, and that need not be declared. Raises UsageError for a missing value.
    """
    references = declared_of(spec).references
    more, own = more or {}, environ or {}
    values = {name: value for name in references if (value := given.get(name, own.get(name))) is not None}
    learn(*(value for name, value in values.items() if references[name].kind == "secret"))
    missing = [name for name in references if not (references[name].optional or name in values or name in more)]
    if missing:
        name, reference = missing[0], references[missing[0]]
        others = f" (and {', '.join(missing[1:])})" if missing[1:] else ""
        place = f"{reference.key!r} of the {reference.kind.replace('-', ' ')} {reference.name!r}"
        advice = f"here, set the variable {name}, or give --secret {name}=file:PATH"
        if environ is None:
            ways = f"give --secret {name}=file:PATH, or --secret {name}=env:{name}"
            advice = f"{ways}: a contract alone gets nothing of yours"
        raise UsageError(f"the component needs {name}{others}, which a cluster has as {place}", hint=advice)
    return {**values, **more}


def _content(path: Path) -> str:
    """Return the secret in a file, without the line end that editors add."""
    try:
        text = read_foreign(path, SECRET_SIZE).decode()
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", where=Location(path=path), hint="no variable can hold bytes") from None
    except OSError as error:
        raise cannot(f"cannot read {path}", error) from error
    if "\0" in text:
        raise InputError("has a zero byte, which no variable can hold", where=Location(path=path))
    return text.removesuffix("\n").removesuffix("\r")
