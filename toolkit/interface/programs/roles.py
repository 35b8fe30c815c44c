"""Decide what each option is for: a value, a file that is read, or a place that is written to, with the reason."""

import re
from collections.abc import Sequence

from msgspec import Struct

from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.path_uses import WRITES, PathUses

# What the parts of a name, between underscores, say about an option.
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
# Places for the program's own use: a step does not pass their content on.
_OWN_NAME = re.compile(r"(^|_)(cache|log|logs|logging|tmp|temp|scratch|work|working)(_|$)")
# Names of things on a hub, or in a list of the program's own: text, even if the program downloads a file by it.
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
# The artifact type by the name; the first match counts.
_TYPES = (
    (re.compile(r"metadata|schema|config"), "Artifact"),
    (re.compile(r"metric|score|eval"), "Metrics"),
    (re.compile(r"model|checkpoint|weights|classifier|estimator"), "Model"),
    (re.compile(r"html|report|page"), "HTML"),
    (re.compile(r"markdown|readme|card"), "Markdown"),
    (re.compile(r"data|csv|table|train|test|features|examples|records"), "Dataset"),
)
_DECLARED = {"input": "read", "output": "written to"}


class Role(Struct, frozen=True, kw_only=True):
    """What one option is for.

    `kind` is `value`, `input` or `output`. `folder` means that the program expects an output folder to exist. `type`
    is the artifact's, empty for a value. `reason` is empty unless the role is a guess.
    """

    kind: str
    type: str = ""
    folder: bool = False
    reason: str = ""


def roles_of(module: Module, options: Sequence[Option]) -> dict[str, Role]:
    """Return the role of every option, by name."""
    # The parameters of a notebook are variables of its code.
    variables = {option.name for option in options if option.form is Form.YAML}
    uses = PathUses.of(module, {option.dest or option.name for option in options}, variables)
    return {option.name: _role(option, uses) for option in options}


def _role(option: Option, uses: PathUses) -> Role:
    """Decide by what the program declares, then by what its code does, then by name and help.

    Names come last: `--model` is a path in one program and a name on a hub in the next. Only a text can be a path.
    """
    name = option.name.lower()
    # A number, a choice, a list or a flag is never a path.
    if (
        option.type != "String"
        or option.choices
        or option.form not in {Form.VALUE, Form.VARIABLE, Form.YAML, Form.ASSIGN}
    ):
        return Role(kind="value")
    if option.declared in {"input", "output"}:
        return _artifact(option.declared, name, f"its type says that it is {_DECLARED[option.declared]}")
    if option.default and _REMOTE.match(option.default):
        return Role(kind="value", reason="its default is a URL")
    if _HUB_NAME.search(name) or (_REMOTE_NAME.search(name) and not _PATH_NAME.search(name)):
        return Role(kind="value")
    return _by_use(option, name, uses) or _by_words(option, name, uses) or _undecided(option, uses)


def _by_use(option: Option, name: str, uses: PathUses) -> Role | None:
    """Decide by what the code does with it; the name decides if it is both read and written."""
    used = option.dest or option.name
    read, written, made = (marks.get(used) for marks in (uses.read, uses.written, uses.made))
    says_output = bool(_OUTPUT_NAME.search(name) or _OUTPUT_HELP.search(option.help))
    says_input = bool(_INPUT_NAME.search(name)) and not says_output
    if not written and (says_output or _is_path(option, name)):
        # A call named like `save_…` proves little: its argument may be a format or a model's name.
        written = uses.saved.get(used)
    reason = written if written and not (read and says_input) else None
    if reason is None and made and (says_output or not (read or says_input)):
        reason = made
    if reason:
        return _artifact("output", name, reason, folder=_wants_folder(name, used, uses))
    if read and not _PLAIN_NAME.search(name):
        return _artifact("input", name, read)
    return None


def _by_words(option: Option, name: str, uses: PathUses) -> Role | None:
    """Decide by its name and its help."""
    # These say that it is not an artifact, even if another part of the name is about paths: `log_dir`, `data_url`.
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
    reason = "by its name" if _PATH_NAME.search(name) else "its type is a path" if option.declared else "by its help"
    return _artifact("input", name, reason)


def _wants_folder(name: str, used: str, uses: PathUses) -> bool:
    """Return whether the program expects a folder to exist: it writes into it, or is named so and never written to."""
    if used in uses.made_itself:
        return False
    return used in uses.holders or (bool(_FOLDER_NAME.search(name)) and used not in uses.itself)


def _undecided(option: Option, uses: PathUses) -> Role:
    """Return a value; its reason warns of a call that may write to it."""
    used = option.dest or option.name
    if used in uses.saved:
        return Role(kind="value", reason=f"{uses.saved[used].rpartition(WRITES)[0]} is passed it, and may write to it")
    return Role(kind="value")


def _is_path(option: Option, name: str) -> bool:
    """Return whether the type, the name or the help says that an option is a path."""
    return bool(option.declared == "path" or _PATH_NAME.search(name) or _PATH_HELP.match(option.help))


def _artifact(kind: str, name: str, reason: str, *, folder: bool = False) -> Role:
    """Return the role of a file, with the artifact type that its name suggests."""
    type_ = next((type_ for pattern, type_ in _TYPES if pattern.search(name)), "Artifact")
    # An input called `report` or `page` is seldom a document; KFP shows these types as results.
    if type_ in {"HTML", "Markdown"} and kind == "input":
        type_ = "Artifact"
    return Role(kind=kind, type=type_, folder=folder and kind == "output", reason=reason)
