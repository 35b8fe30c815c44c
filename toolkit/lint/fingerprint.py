"""What a finding is, apart from its place in the file: by it a report or a baseline knows the finding again."""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePath

from toolkit.errors import Finding
from toolkit.redaction import hide

# `in its line 5`, `(lines 3, 7)`, `10,500 bytes`: a finding that moves, or grows, is still the same.
_LINES = re.compile(r"\b(?P<lines>lines?) \d+(?:(?:, | and )\d+)*")
_BYTES = re.compile(r"\b[\d,]+ bytes\b")


def identity(finding: Finding) -> tuple[str, str]:
    """Return the rule, and the message without numbers of lines and bytes; findings of one file may have the same."""
    message = _BYTES.sub("… bytes", _LINES.sub(r"\g<lines> …", hide(finding.message)))
    return finding.rule, message.encode("utf-8", "backslashreplace").decode()


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return a text for each finding, which it keeps when its line moves and which no other one has."""
    seen: Counter[str] = Counter()
    texts = []
    for finding in findings:
        rule, message = identity(finding)
        key = f"{rule}\0{posix(finding.where.path)}\0{message}"
        seen[key] += 1
        texts.append(sha256(f"{key}\0{seen[key]}".encode()).hexdigest())
    return texts


def posix(path: PurePath) -> str:
    """Return a path with slashes; what is not UTF-8 in it is shown as escapes."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()
