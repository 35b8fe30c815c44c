r"""Command lines whose words arrive unchanged in a container that Argo starts.

Argo replaces `{{…}}` in all that a workflow says, several times over, and Kubernetes replaces `$(NAME)` and `$$` in the
words of a container. `podSpecPatch` is the one field that Argo reads as JSON after its last replacement. So words
stand there if they have braces, as `\u007b`, and if they depend on parameters: then one expression makes the list,
which leaves out the words of inputs that are not given.
"""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.spec.arguments import NO_EXECUTOR_INPUT

# Above this size Argo hands the words over in a file, in which Kubernetes replaces nothing (`MaxEnvVarLen` in
# workflow/common/common.go).
_OFFLOADED = 128 << 10
_OPENING = "{{"


class Word(Struct, frozen=True, kw_only=True):
    """One word: its text, None if it depends on parameters; the expression of it; the conditions on which it stands."""

    text: str | None
    expression: str
    conditions: tuple[str, ...] = ()


def constant(text: str) -> Word:
    """Return a word that is always the same."""
    return Word(text=text, expression=literal(text))


def literal(text: str) -> str:
    """Return a text as a literal of Argo's expressions, without the braces that would end the expression."""
    return _without_braces(json.dumps(text, ensure_ascii=False))


def joined(words: Sequence[Word]) -> Word:
    """Return one word made of several; a part whose conditions do not hold is empty."""
    if all(word.text is not None and not word.conditions for word in words):
        return constant("".join(word.text or "" for word in words))
    parts = [_part(word) for word in words if word.text != ""]
    return Word(text=None, expression=" + ".join(parts))


def _part(word: Word) -> str:
    """Return the expression of a part of a word."""
    if word.conditions:
        return f"({' && '.join(word.conditions)} ? {word.expression} : {literal('')})"
    return f"({word.expression})" if "?" in word.expression and word.text is None else word.expression


class CommandLine(Struct, frozen=True, kw_only=True):
    """What a template says about a command line: fields of its container, and the JSON of fields that the patch has."""

    container: dict[str, Any]
    patched: tuple[str, ...] = ()


def command_line(command: Sequence[Word], args: Sequence[Word], env: Sequence[tuple[str, str]] = ()) -> CommandLine:
    """Return the fields for a command line and for variables. Raises InputError for a program that has no name yet."""
    command, args = list(command), list(args)
    if command and not all(map(_is_plain, command)):
        # The program stays in its place; all else may be among the arguments as well.
        if not _is_plain(command[0]):
            raise InputError(
                "the first word of the command depends on the inputs, or has braces that Argo replaces",
                hint="begin the command with the program's own name",
            )
        command, args = command[:1], [*command[1:], *args]
    container: dict[str, Any] = {}
    if command:
        container["command"] = [doubled(word.text or "") for word in command]
    patched: list[str] = []
    if all(word.text is not None and not word.conditions for word in args):
        texts = _for_kubernetes([word.text or "" for word in args])
        if any(map(_has_braces, texts)):
            patched.append(f'"args": {_json(texts)}')
        elif texts:
            container["args"] = texts
    else:
        patched.append(f'"args": {_computed(args)}')
    plain = [{"name": name, "value": doubled(value)} for name, value in env]
    if kept := [variable for variable in plain if not _has_braces(variable["value"])]:
        container["env"] = kept
    if braced := [variable for variable in plain if _has_braces(variable["value"])]:
        patched.append(f'"env": {_json(braced)}')
    return CommandLine(container=container, patched=tuple(patched))


def doubled(text: str) -> str:
    """Return a text in which Kubernetes replaces nothing (its `third_party/forked/golang/expansion`)."""
    return text.replace("$", "$$")


def refuse_braces(text: str, what: str) -> str:
    """Return a text that stands where nothing protects it. Raises InputError if Argo might replace a part of it."""
    if _has_braces(text):
        raise InputError(
            f"{what} has {_OPENING!r} in it, which Argo replaces", hint="upload it, and give the place: s3://BUCKET/KEY"
        )
    return text


def _is_plain(word: Word) -> bool:
    """Whether a word can stand in the template as it is."""
    return word.text is not None and not word.conditions and not _has_braces(word.text)


def _has_braces(text: str) -> bool:
    """Whether Argo might replace a part of a text. It knows nothing of `{{$}}`, which ends most command lines."""
    bare = doubled(NO_EXECUTOR_INPUT)
    return _OPENING in text.replace(NO_EXECUTOR_INPUT, "").replace(bare, "")


def _for_kubernetes(texts: list[str]) -> list[str]:
    """Return words in which Kubernetes replaces nothing, whether or not Argo hands them over in a file."""
    safe = [doubled(text) for text in texts]
    if _size(safe) <= _OFFLOADED:
        return safe
    if _size(texts) > _OFFLOADED:
        return texts
    raise InputError(
        f"the command line has {_size(texts)} bytes and a `$`: Argo would double it, or Kubernetes replace it",
        hint="make the longest input an artifact",
    )


def _size(texts: list[str]) -> int:
    """Return the size of words as Go writes them in JSON, which escapes a few more characters than Python."""
    written = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    more = sum(written.count(character) for character in "<>&") * len(r"\u003")
    return len(written.encode(errors="surrogatepass")) + more + 3 * sum(map(written.count, "\u2028\u2029"))


def _json(value: object) -> str:
    """Return JSON without opening braces in its texts."""
    written = json.dumps(value, ensure_ascii=False)
    return written.replace(_OPENING, r"\u007b\u007b")


def _computed(words: Sequence[Word]) -> str:
    """Return the expression that makes the JSON of the words when the step starts."""
    items = ",\n  ".join(map(_item, words))
    listed = f"[\n  {items}\n]"
    if any(word.conditions for word in words):
        listed = f"filter({listed}, # != nil)"
    return (
        f"{{{{=\nlet words = {listed};\n"
        f'replace(toJson(len(toJson(words)) > {_OFFLOADED} ? words : map(words, replace(#, "$", "$$"))), '
        r'"{", "\\u007b")'
        "\n}}"
    )


def _item(word: Word) -> str:
    """Return the expression of a word, or of nil if its conditions do not hold."""
    if not word.conditions:
        return word.expression
    return f"{' && '.join(word.conditions)} ? {word.expression} : nil"


def _without_braces(text: str) -> str:
    """Return JSON's text of a string with escaped braces."""
    return text.replace("{", r"\u007b").replace("}", r"\u007d")
