"""Rules about packages that a step installs when it runs."""

import re
import shlex
from collections.abc import Iterator

from toolkit.lint.rule import WARNING, Remark, RuleCategory, rule
from toolkit.lint.scripts import inside
from toolkit.lint.walk import top_arguments
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.words import some_of

_INSTALLS = re.compile(
    r"""
    \bpip[23]?\s+install\b | \bconda\s+install\b | \bapt(?:-get)?\s+(?:-\S+\s+)*install\b | \bapk\s+add\b
  | \b(?:yum|dnf)\s+(?:-\S+\s+)*install\b | \bnpm\s+(?:install|ci)\b | \binstall\.packages\s*\(
    """,
    re.VERBOSE,
)
# Each of them has one of these words, which are found faster.
_MAY_INSTALL = re.compile("install|apk|npm")
# Programs of more characters are read up to here; this bounds the time for a hostile one.
_LONGEST = 1_000_000
# Up to the end of the command, or a redirection.
_PIP = re.compile(r"""\bpip[23]?\s+install\b((?:(?!\s\d?[<>])[^\n;&|()'"\\<>]|\\[\s\S]|'[^']*'|"[^"]*")*)""")
_REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*([<>=!~][^;$]*)?(?:;.*)?")
_PINS_ELSEWHERE = {"-r", "--requirement", "-c", "--constraint", "--require-hashes"}
_WITH_VALUE = {
    *("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--cert", "--proxy"),
    *("-t", "--target", "--prefix", "--root", "--src", "-e", "--editable", "--cache-dir", "--log", "--timeout"),
    *("--retries", "--progress-bar", "--platform", "--python-version", "--implementation", "--abi", "--python"),
    *("--no-binary", "--only-binary", "--upgrade-strategy", "--report", "-C", "--config-settings"),
}


@rule(
    "C065",
    "installs-when-it-runs",
    WARNING,
    RuleCategory.IMAGES,
    "The step installs packages each time it runs: it needs a network then, and gets what is new on that day.",
)
def installs_when_it_runs(document: ComponentDocument) -> Iterator[Remark]:
    """Report installations in programs and arguments, one for each argument.

    Each run installs again: it takes longer, needs a network and an index that answers, and gets the versions of that
    day. A step that worked yesterday fails today without any change.

    Put the packages into the image: name them under `dependencies` in `pyproject.toml`, and `comp build` installs
    them, pinned by a lock.

    Wrong:
        command: [sh, -c, pip install pandas==2.2.3 && python train.py]

    Right:
        command: [python, train.py]
    """
    for place, argument in top_arguments(document):
        for text in _texts(argument):
            if _MAY_INSTALL.search(text) and (found := _INSTALLS.search(text[:_LONGEST])):
                message = f"the step runs `{' '.join(found[0].split())}` each time it starts"
                line = text.count("\n", 0, found.start()) + 1
                advice = "put the packages into the image: `comp build` installs what pyproject.toml names"
                yield Remark(inside(document, document.places[place], line), message, advice)
                break


@rule(
    "C066",
    "unpinned-install",
    WARNING,
    RuleCategory.IMAGES,
    "The step installs packages without an exact version: two runs of one contract may use different code.",
)
def unpinned_install(document: ComponentDocument) -> Iterator[Remark]:
    """Report packages that pip installs without an exact version, once for each argument.

    pip takes the newest version that fits. Two runs of one contract, with the same image and the same inputs, may use
    different code, and KFP's cache takes the one for the other. A lower or an upper bound does not help: `numpy<2` is
    another version after each release.

    There is no finding where a file has the versions (`-r`, `-c`), or for a path, an address or a variable. Packages
    of a system (`apt-get`, `apk`) have no versions that stay available, so that only C065 reports them.

    Write the version that works now; or put the packages into the image, where a lock pins them and those that they
    need.

    Wrong:
        command: [sh, -c, pip install 'pandas>=2' && python train.py]

    Right:
        command: [sh, -c, pip install pandas==2.2.3 && python train.py]

    Also: C065
    """
    for place, argument in top_arguments(document):
        for text in _texts(argument):
            if "pip" not in text:
                continue
            found = [(match, names) for match in _PIP.finditer(text[:_LONGEST]) if (names := _unpinned(match[1]))]
            if found:
                names = [*dict.fromkeys(name for _, each in found for name in each)]
                line = text.count("\n", 0, found[0][0].start()) + 1
                message = f"pip installs {some_of(names)} without an exact version"
                advice = f"write the one that works now: {names[0]}==…"
                yield Remark(inside(document, document.places[place], line), message, advice)
                break


def _unpinned(arguments: str) -> list[str]:
    """Return the packages without an exact version among the arguments of `pip install`."""
    try:
        words = iter(shlex.split(arguments, comments=True))
    except ValueError:
        return []
    names = []
    for word in words:
        flag, equals, _ = word.partition("=")
        if flag in _PINS_ELSEWHERE:
            return []
        if flag in _WITH_VALUE and not equals:
            next(words, None)
        elif (found := _REQUIREMENT.fullmatch(word)) and not re.search(r"==[^*]*$", found[2] or ""):
            names.append(found[1])
    return names


def _texts(argument: Argument) -> Iterator[str]:
    """Yield the texts of an argument; those of a concatenation as one, with `$` for each value."""
    if isinstance(argument, str):
        yield argument
    elif isinstance(argument, ConcatPlaceholder):
        yield "".join(item if isinstance(item, str) else "$" for item in argument.items)
    elif isinstance(argument, IfPlaceholder):
        for item in (*argument.then, *argument.otherwise):
            yield from _texts(item)
