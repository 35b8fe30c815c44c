"""Recognise parsers of command lines that no reader here covers, so that options are never missing silently."""

import ast
import re

from toolkit.interface.module import Module
from toolkit.interface.programs.reading import ASK, DECLARE, Reading

# By the beginning of a qualified name: the parser's name, and whether `--exec` can ask it.
_PARSERS = {
    "hydra.main": ("hydra", False),
    "hydra.compose": ("hydra", False),
    "omegaconf.OmegaConf.from_cli": ("OmegaConf", False),
    "jsonargparse.": ("jsonargparse", True),
    "lightning.pytorch.cli.": ("LightningCLI", True),
    "pytorch_lightning.cli.": ("LightningCLI", True),
    "pytorch_lightning.utilities.cli.": ("LightningCLI", True),
    "docopt.docopt": ("docopt", True),
    "tap.Tap": ("Tap", True),
    "getopt.": ("getopt", False),
    "plac.": ("plac", True),
    "argh.": ("argh", True),
    "defopt.": ("defopt", True),
    "clize.": ("clize", False),
    "cyclopts.": ("cyclopts", False),
    "sacred.Experiment": ("sacred", False),
    "gin.": ("gin", False),
    "ml_collections.config_flags.": ("config_flags", False),
    "pydantic_settings.": ("pydantic_settings", False),
}
# Functions of other modules that read the command line, by their names.
_NAMED = re.compile(
    r"(get|parse|read|make|build|load|setup|init)_?(cmd_?line_?|command_?line_?|cli_?)?"
    r"(args|arguments|argparser|arg_parser|parser|opts|options|flags)|argparser|parse_cli"
)
# `config.load_options()`, a function of an imported module, may load anything; only the verb "parse" is clear.
_PARSES = re.compile(r"parse_(\w+_)?(args|arguments|argv|options|opts|flags)|parse_cli")
_SHOWN = 12


def note_unsupported_parsers(reading: Reading) -> str:
    """Remark on code that parses the command line in a way that no reader covers; return the last one's name."""
    kind = ""
    for node in ast.walk(reading.module.tree):
        if isinstance(node, ast.Call):
            kind = _called(reading, node) or kind
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            parts = node.bases if isinstance(node, ast.ClassDef) else node.decorator_list
            for part in parts:
                named = part.func if isinstance(part, ast.Call) else part
                kind = _named(reading, part, reading.module.qualified(named) or "") or kind
    return kind


def _called(reading: Reading, node: ast.Call) -> str:
    """Remark on a call that parses the command line; return its name, or an empty text."""
    qualified = reading.module.qualified(node.func) or ""
    # `exec(open("configurator.py").read())`, as in nanoGPT, overrides constants from the command line.
    if qualified == "exec" and node.args and "open(" in ast.unparse(node.args[0]):
        shown = ", ".join(_variables(reading.module)[:_SHOWN])
        more = "" if len(_variables(reading.module)) <= _SHOWN else ", …"
        reading.unknown(
            node,
            f"`{ast.unparse(node)}` may read the command line"
            + (f" and set the variables of the module: {shown}{more}" if shown else ""),
            DECLARE,
        )
        return "exec"
    return _named(reading, node, qualified) or _imported(reading, node, qualified)


def _named(reading: Reading, node: ast.expr, qualified: str) -> str:
    """Remark on one of the known parsers; return its name, or an empty text."""
    for prefix, (name, can_be_asked) in _PARSERS.items():
        if qualified.startswith(prefix):
            message = f"{name} reads its command line, whose options are not known"
            reading.unknown(node, message, ASK if can_be_asked else DECLARE)
            return name
    return ""


def _imported(reading: Reading, node: ast.Call, qualified: str) -> str:
    """Remark on a function of another module that is named after parsing; return its name, or an empty text."""
    home, _, name = qualified.rpartition(".")
    head, named = node.func, _NAMED
    while isinstance(head, ast.Attribute):
        head, named = head.value, _PARSES
    is_imported = isinstance(head, ast.Name) and head.id in reading.module.imports
    if not (home and is_imported and named.fullmatch(name)):
        return ""
    reading.unknown(node, f"`{ast.unparse(node.func)}` of {home} may read its command line, and is not read here", ASK)
    return name


def _variables(module: Module) -> list[str]:
    """Return the names of a module's plain constants, which an `exec` may change."""
    plain = (str, int, float, bool)
    return [
        name
        for name, value in module.constants.items()
        if isinstance(value, ast.Constant) and isinstance(value.value, plain) and not name.startswith("_")
    ]
