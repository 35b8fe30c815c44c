"""The comment at the top of a file by which editors find its JSON schema: written, and taken off again.

This module needs the standard library alone, since it is used in pipelines' own processes too.
"""

import re

# yaml-language-server reads the first, taplo the second.
_HEADERS = {".yaml": "# yaml-language-server: $schema={}\n", ".toml": "#:schema {}\n"}
_HEADER = re.compile(rb"\A(?:# ?yaml-language-server: ?\$schema=|#:schema )[^\r\n]*\r?\n")


def with_schema_header(data: bytes, suffix: str, schema: str) -> bytes:
    """Return a YAML or TOML file's content with a header that names `schema`, a path relative to the file."""
    return _HEADERS[suffix].format(schema).encode() + without_schema_header(data)


def without_schema_header(data: bytes) -> bytes:
    """Return a file's content without a header in its first line."""
    return _HEADER.sub(b"", data, count=1)


def schema_header(data: bytes) -> bytes:
    """Return the header in a file's first line; empty without one."""
    return data[: len(data) - len(without_schema_header(data))]


def normalised(contract: bytes) -> bytes:
    """Return a contract with LF line ends and without an editor's header: the bytes that are stored and hashed."""
    # KFP 1.8's ComponentStore hashes contracts in this form too, so that both have the same digest. A checkout may
    # change the line ends of a copy.
    # The header names a file of the author's repository, which the consumer's has not.
    return without_schema_header(contract.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
