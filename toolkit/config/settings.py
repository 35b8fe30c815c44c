"""The effective settings of `[tool.comp]`: from the command line, the environment, the component and its repository."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.config.declared import DECLARED_KEYS
from toolkit.config.dockerfile import DOCKERFILE_KEYS
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location

# What each component of an image has for itself.
ENTRY_KEYS = ("entrypoint", "command", "title", *DECLARED_KEYS)
# Only these may stand in `[tool.comp.defaults]`; the others belong to a single component.
_SHARED_KEYS = (
    *("base", "build-base", "platforms", "namespace", "python"),
    *("system-site-packages", "system-packages", "user", "bytecode", "estargz", "provenance"),
)
_OWN_KEYS = ("image", "exclude", "include", "requirements", "lock", "allow-builds")
# Tables that `toolkit.config.argo` reads.
_TABLES = ("argo",)
# Tables of a folder above components, which need not be a component itself.
ROOT_KEYS = ("defaults", "workspace", "lint", "registries", "licenses", "verify")
COMPONENT_KEYS = (*ENTRY_KEYS, *_SHARED_KEYS, *_OWN_KEYS, *DOCKERFILE_KEYS, *_TABLES, "components", *ROOT_KEYS)
VARIABLES = {
    "image": "COMP_IMAGE",
    "base": "COMP_BASE",
    "build-base": "COMP_BUILD_BASE",
    "platforms": "COMP_PLATFORMS",
    "namespace": "COMP_NAMESPACE",
    "python": "COMP_PYTHON",
    "user": "COMP_USER",
    "bytecode": "COMP_BYTECODE",
    "estargz": "COMP_ESTARGZ",
    "provenance": "COMP_PROVENANCE",
}
# The form of each setting's text, and its description in messages.
_FORMS = {
    "platforms": (re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?"), "a platform such as linux/amd64"),
    "namespace": (re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*"), "a namespace: lower case, digits, and . _ - between"),
    "python": (re.compile(r"/\S+"), "the absolute path of a Python in the base"),
    "user": (re.compile(r"[^\s:]+(?::[^\s:]+)?"), 'a user, such as "65532" or "65532:65532"'),
    "image": (re.compile(r"\S+"), "the name of an image"),
    "exclude": (re.compile(r"[^\n]*\S[^\n]*"), "a pattern of files, as in .dockerignore"),
    "requirements": (
        re.compile(r"(?:.*/)?(?:[^/]+\.txt|uv\.lock|pylock(?:\.[^/.]+)?\.toml)"),
        "a .txt, uv.lock or pylock.toml",
    ),
    "lock": (re.compile(r"requirements\.lock|pylock\.toml"), "requirements.lock or pylock.toml"),
    "allow-builds": (re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"), "the name of a package"),
    "system-packages": (
        re.compile(r"[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+~:-]+)?"),
        "a Debian package, such as libgomp1 or git=1:2.39.5-0+deb12u3",
    ),
    "include": (re.compile(r"[^\n]*\S[^\n]*"), "a pattern of files, as in .dockerignore"),
    "base": (re.compile(r"(?:layout:|archive:).+|\S+"), "an image, layout:DIR or archive:FILE"),
    "build-base": (re.compile(r"(?:layout:|archive:).+|\S+"), "an image, layout:DIR or archive:FILE"),
}


def is_form_of(text: str, key: str) -> bool:
    """Whether a text has the form of the setting `key`."""
    return key not in _FORMS or bool(_FORMS[key][0].fullmatch(text))


class Setting(Struct, frozen=True, kw_only=True):
    """The value of a setting, its `name` in messages, and its place if it is in a file."""

    value: object
    name: str
    where: Location | None = None

    def wrong(self, problem: str, hint: str) -> InputError:
        """Return the error for an invalid value."""
        return InputError(f"{self.name} {problem}: {self.value!r}", where=self.where, hint=hint)


class Settings(Struct, frozen=True, kw_only=True):
    """The effective settings. Taking one raises InputError if its value is of another type or form."""

    values: Mapping[str, Setting]

    @classmethod
    def read(
        cls,
        own: TomlDocument,
        defaults: TomlDocument | None,
        overrides: Mapping[str, str],
        environ: Mapping[str, str],
    ) -> "Settings":
        """Return the settings of a component's document.

        Later sources override earlier ones: the `defaults` of its repository, itself, `environ`, the `overrides`.
        Raises InputError for unknown defaults.
        """
        return cls(values=_merged(own, defaults, overrides, environ))

    def text(self, key: str) -> str | None:
        """Return a text; None if it is not set."""
        setting = self.values.get(key)
        if setting is None:
            return None
        return self._checked(key, setting, setting.value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if it is not set."""
        setting = self.values.get(key)
        if setting is None:
            return ()
        if not isinstance(setting.value, list):
            raise setting.wrong("is not a list of strings", f'write {key} = ["…"]')
        # Of the others an empty list says "none", in the place of the repository's defaults.
        if not setting.value and key == "platforms":
            raise setting.wrong("is empty", "name one, such as linux/amd64, or leave the setting out")
        return tuple(self._checked(key, setting, item) for item in setting.value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return whether a setting is true; `default` if it is not set."""
        setting = self.values.get(key)
        value = setting.value if setting else default
        # Variables and options have only texts.
        if value in ("true", "false"):
            return value == "true"
        if setting and not isinstance(value, bool):
            raise setting.wrong("is neither true nor false", f"write {key} = true")
        return bool(value)

    @staticmethod
    def _checked(key: str, setting: Setting, value: object) -> str:
        """Return a value that is a text of the setting's form. Raises InputError for any other."""
        if not isinstance(value, str):
            raise setting.wrong("is not a string", "put it in quotes")
        form, description = _FORMS[key]
        if not form.fullmatch(value):
            raise setting.wrong(f"is not {description}", f"change {setting.name}")
        return value


def _merged(
    own: TomlDocument, defaults: TomlDocument | None, overrides: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, Setting]:
    """Return the effective value of each setting: later sources override earlier ones."""
    merged: dict[str, Setting] = {}
    if defaults:
        path = ("tool", "comp", "defaults")
        if "lint" in defaults.table(*path):
            hint = "write [tool.comp.lint]: it holds for everything below its folder"
            raise InputError(
                "unknown key 'lint' in [tool.comp.defaults]", where=defaults.where(*path, "lint"), hint=hint
            )
        defaults.check(defaults.table(*path), (*_SHARED_KEYS, *DECLARED_KEYS, *_TABLES), *path)
        merged |= _values(defaults, path)
    merged |= _values(own, ("tool", "comp"))
    variables = {key: (environ.get(variable, ""), variable) for key, variable in VARIABLES.items()}
    options = {key: (text, f"--{key}") for key, text in overrides.items()}
    for key, (text, name) in [*variables.items(), *options.items()]:
        if text:
            # A variable or option has no lists, so the one setting with several values is split at commas.
            parts = [part.strip() for part in text.split(",")]
            merged[key] = Setting(value=parts if key == "platforms" else text, name=name)
    return merged


def _values(document: TomlDocument, path: tuple[str, ...]) -> dict[str, Setting]:
    """Return the settings of one table, with their places."""
    return {
        key: Setting(value=value, name=key, where=document.where(*path, key))
        for key, value in document.table(*path).items()
        if key in _SHARED_KEYS or key in _OWN_KEYS
    }


def repository_defaults(own: TomlDocument) -> TomlDocument | None:
    """Return the document of the nearest `[tool.comp.defaults]`, up to the root of the version control."""
    # The nearest table counts alone: defaults of several levels are not combined.
    return nearest_document(own.path.parent, "defaults", own=own)


def nearest_document(folder: Path, key: str, *, own: TomlDocument | None = None) -> TomlDocument | None:
    """Return the nearest pyproject.toml with `[tool.comp.KEY]`, up to the root of the version control; None without.

    `own` is that of the folder itself, if it is read already.
    """
    for place in (folder, *folder.parents):
        document = own if own and place == folder else TomlDocument.read(place / "pyproject.toml")
        if document and key in document.table("tool", "comp"):
            return document
        # What lies above the root of the repository is not the author's. In a worktree `.git` is a file.
        if (place / ".git").exists():
            break
    return None
