"""Rules about what Kubernetes and Linux refuse: labels, names of variables, and long command lines."""

import re
from collections.abc import Iterator

from toolkit.declared.reading import is_variable_name
from toolkit.lint.rule import ERROR, Remark, RuleCategory, rule
from toolkit.lint.walk import container_of, top_arguments
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.model import Argument, ConcatPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.words import shortened

# Kubernetes 1.34, apimachinery, pkg/util/validation: IsQualifiedName, IsValidLabelValue.
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LETTERS = "write at most 63 letters, digits and - _ . between them"
_SHOWN = 80


@rule(
    "C081",
    "label-refused",
    ERROR,
    RuleCategory.PORTABILITY,
    "A label, or the key of an annotation, that Kubernetes refuses. KFP 1.8 copies both to the pod of each step.",
)
def label_refused(document: ComponentDocument) -> Iterator[Remark]:
    """Report labels and keys of annotations that are not what Kubernetes takes.

    KFP 1.8 puts the labels and annotations of a contract on the pod of the step. Kubernetes checks both, and the step
    does not start if it refuses one. KFP 2 leaves them out.

    A key is a name of at most 63 letters, digits, `-`, `_` and `.`, perhaps with a domain and a slash before it. The
    value of a label has the same letters, or none; that of an annotation is any text.

    Write a free text into an annotation, and keep labels short.

    Wrong:
        metadata:
          labels: {team: machine learning}

    Right:
        metadata:
          annotations: {team: machine learning}
    """
    for key, value in document.spec.labels.items():
        where = document.places[("labels", key)]
        if not _is_key(key):
            yield Remark(where, f"the label {_short(key)} is not a key that Kubernetes takes", _LETTERS)
        if value and not _NAME.fullmatch(value):
            advice = f"{_LETTERS}; an annotation takes any text"
            yield Remark(
                where, f"the label {_short(key)} has the value {_short(value)}, which Kubernetes refuses", advice
            )
    for key in document.spec.annotations:
        # Kubernetes ignores the case of letters in an annotation's key.
        if not _is_key(key.lower()):
            where = document.places[("annotations", key)]
            yield Remark(where, f"the annotation {_short(key)} is not a key that Kubernetes takes", _LETTERS)


@rule(
    "C082",
    "variable-refused",
    ERROR,
    RuleCategory.PORTABILITY,
    "The name of a variable in the container's env that Kubernetes refuses, so that the step does not start.",
)
def variable_refused(document: ComponentDocument) -> Iterator[Remark]:
    """Report names of variables that Kubernetes does not take.

    A name has letters, digits, `-`, `_` and `.`, and no digit at its begin. Kubernetes refuses a pod with another one;
    newer releases take more, but most programs and every shell do not.

    Wrong:
        env: {'learning rate': '0.1'}

    Right:
        env: {LEARNING_RATE: '0.1'}
    """
    container = container_of(document)
    for name in container.env if container else ():
        if not is_variable_name(name):
            where = document.places[("env", name)]
            advice = "write letters, digits and _, and a letter first"
            yield Remark(where, f"the variable {_short(name)} has a name that Kubernetes refuses", advice)


@rule(
    "C083",
    "argument-too-long",
    ERROR,
    RuleCategory.PORTABILITY,
    "An argument or a variable of more than 131,071 bytes, which no command line holds: the step cannot start.",
)
def argument_too_long(document: ComponentDocument) -> Iterator[Remark]:
    """Report arguments and variables that Linux does not pass to a program.

    Linux takes at most 131,071 bytes in one argument, and in the name and value of one variable. A longer one, such as
    a whole program behind `python -c`, ends the step before it begins: "argument list too long". C028 reports defaults
    that are so long.

    Put it into the image as a file.

    Wrong:
        env: {TABLE: …(140000 characters)…}

    Right:
        env: {TABLE: /data/table.csv}

    Also: C080
    """
    for place, argument in top_arguments(document):
        if _length(argument) > LONGEST_ARGUMENT:
            yield Remark(document.places[place], "the argument is too long for a command line", "put it into the image")
    container = container_of(document)
    for name, value in container.env.items() if container else ():
        if _length(f"{name}={value}") > LONGEST_ARGUMENT:
            where = document.places[("env", name)]
            yield Remark(where, f"the variable {_short(name)} is too long for a process", "put it into the image")


def _is_key(key: str) -> bool:
    """Return whether Kubernetes takes a key of labels."""
    prefix, slash, name = key.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or bool(_PREFIX.fullmatch(prefix)))


def _length(argument: Argument) -> int:
    """Return the bytes that the constant parts of one argument have."""
    if isinstance(argument, ConcatPlaceholder):
        return sum(_length(item) for item in argument.items)
    # Half of a surrogate pair cannot be encoded, and still needs a size.
    return len(argument.encode(errors="replace")) if isinstance(argument, str) else 0


def _short(text: str) -> str:
    """Return a text in quotes, cut if it is long."""
    return repr(shortened(text, _SHOWN))
