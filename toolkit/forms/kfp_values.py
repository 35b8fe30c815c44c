"""Values that KFP's server or its compiler cannot take, found before anything is submitted.

The server hands every value to Argo inside of a Workflow, to its launcher as placeholders, and to Kubernetes as words
of a command line. Each of them has texts of its own that it replaces wherever they stand (KFP 2.17,
`backend/src/v2`; Argo 4.0, `util/template` and `workflow/common`).
"""

import json
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from yaml.reader import Reader

from toolkit.errors import InputError
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.words import is_text

# Argo takes a tag of these names as one of its own. It refuses an unknown one, and one without an end.
_ARGO = re.compile(
    r"\{\{(?:=|\s*(?:item(?:\.|\s*\}\})|steps\.|inputs\.|outputs\.|pod\.|workflow\.|tasks\.|retries\b|lastRetry\.))"
)
_KFP = re.compile(r"\{\{(?:\$\}\}|\$\.(?:inputs|outputs|workspace_path)\b|channel:)")
# Kubernetes expands both in every command line; the variables are those that each step has.
_KUBERNETES = re.compile(r"\$\$|\$\((?:KFP_POD_NAME|KFP_POD_UID|NAMESPACE|ARGO_[A-Z_]+)\)")
# kfp writes a default into a comment, which these characters end, or which they make invalid YAML.
_ENDS_A_COMMENT = re.compile(r"[\n\r\x85\u2028\u2029]")
_SHOWN = 60


class Problem(Struct, frozen=True, kw_only=True):
    """One reason why a value does not arrive as it is, and what to do."""

    message: str
    help: str


def argument_problems(value: object) -> Iterator[Problem]:
    """Yield what KFP's server would refuse or change in the argument of a run: a JSON value, texts inside included."""
    for text in _texts(value):
        yield from constant_problems(text)
        if found := _KFP.search(text):
            yield Problem(
                message=f"KFP replaces {_from(text, found)!r}", help="write other braces, or pass the text in a file"
            )
        if found := _KUBERNETES.search(text):
            yield Problem(
                message=f"Kubernetes replaces {found[0]!r} in command lines",
                help="write each `$` twice, which Kubernetes turns into one, or pass the text in a file",
            )
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(written.encode(errors="replace")) > LONGEST_ARGUMENT:
        yield Problem(
            message=f"it is longer than {LONGEST_ARGUMENT:,} bytes, which no command line holds",
            help="pass it in a file",
        )


def constant_problems(text: str) -> Iterator[Problem]:
    """Yield what an engine would refuse or change in a constant of a contract or a compiled pipeline.

    Placeholders of KFP are no problem in a constant: `kfp` itself writes them there.
    """
    if found := _ARGO.search(text):
        yield Problem(
            message=f"Argo, which runs KFP's steps, reads {_from(text, found)!r} as a variable of its own",
            help="write other braces, or pass the text in a file",
        )
    if "\0" in text:
        yield Problem(message="it has a null character, which no command line holds", help="pass it in a file")
    if not is_text(text):
        yield Problem(message="it has half of a surrogate pair, which is not text", help="remove it")


def default_problems(default: object) -> Iterator[Problem]:
    """Yield why kfp could not read back the pipeline that it writes with this default of an input."""
    if not isinstance(default, str):
        return
    if found := _ENDS_A_COMMENT.search(default):
        yield Problem(
            message=f"kfp's compiler writes the default into a comment, which {found[0]!r} ends: the file is not YAML",
            help="take the default in one line, or make it an argument of the run",
        )
    elif found := Reader.NON_PRINTABLE.search(default):
        yield Problem(
            message=f"kfp's compiler writes the character {found[0]!r} as it is, which YAML does not allow",
            help="remove it, or make it an argument of the run",
        )


def check_arguments(arguments: Mapping[str, object]) -> None:
    """Raise InputError, with every reason, if KFP's server would refuse or change an argument of a run."""
    problems = [
        (f"the argument {name!r}: {problem.message}", problem.help)
        for name, value in arguments.items()
        for problem in argument_problems(value)
    ]
    if problems:
        advice = dict.fromkeys(help_ for _, help_ in problems)
        raise InputError("; ".join(message for message, _ in problems), hint="; ".join(advice))


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value; its keys are texts too."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            left += [*each.values(), *each]
        elif isinstance(each, list | tuple):
            left += reversed(each)


def _from(text: str, found: re.Match[str]) -> str:
    """Return the tag that begins at a match, cut if it is long."""
    end = text.find("}}", found.start())
    tag = text[found.start() : end + 2 if end >= 0 else None]
    return tag if len(tag) <= _SHOWN else f"{tag[:_SHOWN]}…"
