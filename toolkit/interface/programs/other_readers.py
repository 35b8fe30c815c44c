"""Name what reads a command line and is not read itself, so that a program's options are never missing silently."""

import ast
import re

from toolkit.interface.module import Module
from toolkit.interface.programs.options import ASK, DECLARE, Reading

# By the beginning of a qualified name: what it is called, and whether `--exec` can ask it.
_READERS = {
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
# Functions of other modules that are named for it.
_NAMED = re.compile(
    r"(get|parse|read|make|build|load|setup|init)_?(cmd_?line_?|command_?line_?|cli_?)?"
    r"(args|arguments|argparser|arg_parser|parser|opts|options|flags)|argparser|parse_cli"
)
# Of a whole module more functions are called, so only the verb itself counts.
_PARSES = re.compile(r"parse_(\w+_)?(args|arguments|argv|options|opts|flags)|parse_cli")
_SHOWN = 12


def note_readers(reading: Reading) -> str:
    """Remark on what reads the command line and is not read here; give its names, if any."""
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
    qualified = reading.module.qualified(node.func) or ""
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
    for begin, (name, asked) in _READERS.items():
        if qualified.startswith(begin):
            reading.unknown(
                node, f"{name} reads its command line, whose options are not known", ASK if asked else DECLARE
            )
            return name
    return ""


def _imported(reading: Reading, node: ast.Call, qualified: str) -> str:
    """Find a call of another module's function that is named for reading the command line."""
    home, _, name = qualified.rpartition(".")
    head, named = node.func, _NAMED
    while isinstance(head, ast.Attribute):
        head, named = head.value, _PARSES
    from_elsewhere = isinstance(head, ast.Name) and head.id in reading.module.imports
    if not (home and from_elsewhere and named.fullmatch(name)):
        return ""
    reading.unknown(node, f"`{ast.unparse(node.func)}` of {home} may read its command line, and is not read here", ASK)
    return name


def _variables(module: Module) -> list[str]:
    """Name the plain constants of a module: what `exec` of a configuration may change."""
    plain = (str, int, float, bool)
    return [
        name
        for name, value in module.constants.items()
        if isinstance(value, ast.Constant) and isinstance(value.value, plain) and not name.startswith("_")
    ]
