"""What an option is for: a value, a file that is read, or a place that is written to; each guess with its reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.uses import Uses

_OUTPUT_NAME = re.compile(
    r"(^|_)(out|outdir|output|outputs|save|saved|export|exported|dump|dest|destination|result|results)(_|$)"
)
_INPUT_NAME = re.compile(
    r"(^|_)(in|input|inputs|source|src|pretrained|resume|init|load|from|base|data|dataset|datasets"
    r"|train|test|val|valid|eval|cache)(_|$)"
)
_PATH_NAME = re.compile(r"(^|_)(path|paths|file|filename|filepath|dir|directory|folder|csv|json_file|checkpoint)$")
_FOLDER_NAME = re.compile(r"(^|_)(dir|directory|folder|outdir|logdir)$")
_REMOTE_NAME = re.compile(r"(^|_)(uri|url|urls|bucket|gcs|s3|endpoint|host|project|table|topic)(_|$)")
# Places of the program's own: not for what a step hands on.
_OWN_NAME = re.compile(r"(^|_)(cache|log|logs|logging|tmp|temp|scratch|work|working)(_|$)")
# What a program looks up by name, on a hub or in a list of its own: text, whatever is made of it.
_HUB_NAME = re.compile(r"name_or_path$|(^|_)(model|dataset|tokenizer|config|processor|run|repo)_(name|id)(_|$)")
_PLAIN_NAME = re.compile(r"(^|_)(name|names|id|ids|prefix|suffix|prompt|variant|token)$")
_PATH_HELP = re.compile(r"(?:the |a |local |output )*(?:path|file|folder|directory)\b(?!.*\burls?\b)", re.IGNORECASE)
_OUTPUT_HELP = re.compile(
    r"\b(?:(?:to|for) (?:write|writing|save|saving|store|storing|export|dump)\b"
    r"|be (?:written|saved|stored|exported|dumped|created|generated)\b"
    r"|(?:is|are|gets?) (?:written|saved|stored|exported)\b(?! (?:by|from|in an?\b))"
    r"|output (?:path|file|dir|directory|folder|location|model|data)\b|output$"
    r"|(?:path|file|folder|directory)(?: name)? (?:of|for|to) (?:the )?(?:output|outputs|results?)\b)",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://")
_TYPES = (
    (re.compile(r"metadata|schema|config"), "Artifact"),
    (re.compile(r"metric|score|eval"), "Metrics"),
    (re.compile(r"model|checkpoint|weights|classifier|estimator"), "Model"),
    (re.compile(r"html|report|page"), "HTML"),
    (re.compile(r"markdown|readme|card"), "Markdown"),
    (re.compile(r"data|csv|table|train|test|features|examples|records"), "Dataset"),
)
_WHAT = {"input": "read", "output": "written to"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """`kind` is `value`, `input` or `output`; `folder` says that the program expects the folder to be there.

    `type` is the artifact's, empty for a value; `reason` is empty where nothing was guessed.
    """

    kind: str
    type: str = ""
    folder: bool = False
    reason: str = ""


def roles_of(module: Module, options: Sequence[Option]) -> dict[str, Role]:
    """Decide for every option, by name; those of a notebook are variables of the module."""
    variables = {option.name for option in options if option.form is Form.YAML}
    uses = Uses.of(module, {option.dest or option.name for option in options}, variables)
    return {option.name: _role(option, uses) for option in options}


def _role(option: Option, uses: Uses) -> Role:
    """Decide by the program's own word, then by what the code does, then by name and help."""
    name = option.name.lower()
    if (
        option.type != "String"
        or option.choices
        or option.form not in {Form.VALUE, Form.VARIABLE, Form.YAML, Form.ASSIGN}
    ):
        return Role(kind="value")
    if option.declared in {"input", "output"}:
        return _artifact(option.declared, name, f"its type says that it is {_WHAT[option.declared]}")
    if option.default and _REMOTE.match(option.default):
        return Role(kind="value", reason="its default is a URL")
    if _HUB_NAME.search(name) or (_REMOTE_NAME.search(name) and not _PATH_NAME.search(name)):
        return Role(kind="value")
    return _by_use(option, name, uses) or _by_words(option, name, uses) or _undecided(option, uses)


def _by_use(option: Option, name: str, uses: Uses) -> Role | None:
    """Decide by what the code does with it. What is read and written too is what its name says."""
    used = option.dest or option.name
    read, written, made = (marks.get(used) for marks in (uses.read, uses.written, uses.made))
    says_output = bool(_OUTPUT_NAME.search(name) or _OUTPUT_HELP.search(option.help))
    says_input = bool(_INPUT_NAME.search(name)) and not says_output
    if not written and (says_output or _is_path(option, name)):
        # Of a call that is named for saving, the name has to say as well that this is its path.
        written = uses.saved.get(used)
    proof = written if written and not (read and says_input) else None
    if proof is None and made and (says_output or not (read or says_input)):
        proof = made
    if proof:
        return _artifact("output", name, proof, folder=_wants_folder(name, used, uses))
    if read and not _PLAIN_NAME.search(name):
        return _artifact("input", name, read)
    return None


def _by_words(option: Option, name: str, uses: Uses) -> Role | None:
    """Decide by its name and its help."""
    if _REMOTE_NAME.search(name) or _PLAIN_NAME.search(name) or _OWN_NAME.search(name):
        return Role(kind="value")
    if not _is_path(option, name):
        return None
    if (option.dest or option.name) in uses.below:
        return Role(kind="value", reason="it is a part of a path below another")
    folder = _wants_folder(name, option.dest or option.name, uses)
    if _OUTPUT_HELP.search(option.help):
        return _artifact("output", name, "its help says so", folder=folder)
    if _OUTPUT_NAME.search(name):
        return _artifact("output", name, "by its name", folder=folder)
    why = "by its name" if _PATH_NAME.search(name) else "its type is a path" if option.declared else "by its help"
    return _artifact("input", name, why)


def _wants_folder(name: str, used: str, uses: Uses) -> bool:
    """Tell whether the program expects a folder to be there: it writes below it, or no call shows that it is a path."""
    if used in uses.made_itself:
        return False
    return used in uses.holders or (bool(_FOLDER_NAME.search(name)) and used not in uses.itself)


def _undecided(option: Option, uses: Uses) -> Role:
    used = option.dest or option.name
    if used in uses.saved:
        return Role(
            kind="value", reason=f"{uses.saved[used].rpartition(' writes to it')[0]} is given it, and may write to it"
        )
    return Role(kind="value")


def _is_path(option: Option, name: str) -> bool:
    return bool(option.declared == "path" or _PATH_NAME.search(name) or _PATH_HELP.match(option.help))


def _artifact(kind: str, name: str, reason: str, *, folder: bool = False) -> Role:
    type_ = next((type_ for pattern, type_ in _TYPES if pattern.search(name)), "Artifact")
    if type_ in {"HTML", "Markdown"} and kind == "input":
        type_ = "Artifact"
    return Role(kind=kind, type=type_, folder=folder and kind == "output", reason=reason)
