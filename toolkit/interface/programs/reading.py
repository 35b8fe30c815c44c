"""The state of reading one program: its module, and the remarks on what could not be read."""

import ast

from msgspec import Struct, field

from toolkit.errors import Finding, Location, Severity
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module

# Advice of the remarks: the two ways to complete an interface that cannot be read.
DECLARE = "--input NAME:value and --output NAME say what it takes"
ASK = "--exec asks the program's own parser"


class Reading(Struct):
    """The module of a program, and the remarks made while reading it.

    `unread` and `unknown` are warnings: the interface is incomplete without what they name. `note` is information.
    """

    module: Module
    remarks: list[Finding] = field(default_factory=list)

    def unread(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on one option that cannot be read."""
        self._remark("P001", node, message, advice, Severity.WARNING)

    def unknown(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on code that reads the command line and whose options are unknown."""
        self._remark("P003", node, message, advice, Severity.WARNING)

    def note(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on something that the author may want to know."""
        self._remark("P001", node, message, advice, Severity.INFO)

    def only_here(self, where: Location, message: str, advice: str = "") -> None:
        """Remark on code of a notebook that does not work in a step, or not by itself."""
        self.remarks.append(Finding(rule="P004", severity=Severity.WARNING, message=message, where=where, help=advice))

    def value(self, node: ast.expr | None) -> object:
        """Return the value of a literal, None without a node. Raises NotKnown."""
        return None if node is None else constant_value(self.module, node)

    def text(self, node: ast.expr | None) -> str:
        """Return a text on one line, empty if it is not a text or not known."""
        try:
            value = self.value(node)
        except NotKnown:
            return ""
        return " ".join(value.split()) if isinstance(value, str) else ""

    def truth(self, node: ast.expr | None) -> bool:
        """Return whether a flag such as `required=True` is set; False if it is absent or not known."""
        try:
            return bool(self.value(node))
        except NotKnown:
            return False

    def _remark(self, rule: str, node: ast.AST, message: str, advice: str, severity: Severity) -> None:
        """Note a remark, once."""
        where = self.module.at(node)
        finding = Finding(rule=rule, severity=severity, message=message, where=where, help=advice)
        # A loop or a shared function is followed several times and repeats its remarks.
        if finding not in self.remarks:
            self.remarks.append(finding)
