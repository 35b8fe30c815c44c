"""The files with which a registry in git begins: its config, and what git has to know of the others."""

from collections.abc import Mapping

from toolkit.registry.folder import layout
from toolkit.registry.folder.config import RegistryConfig

GITIGNORE, GITATTRIBUTES = ".gitignore", ".gitattributes"
# The commit that the derived files of a folder are made of.
DERIVED_FROM = ".derived-from"
_IGNORED = f"""\
# comp makes these from the records, also with `comp registry reindex`; in commits, branches would conflict in them.
/index/
/catalog.jsonl.gz
/c/*/*/component.yaml
/c/*/*/versions/
/.lock
/.pending
/{DERIVED_FROM}
.*.tmp
"""
_ATTRIBUTES = """\
# Files are named by the digest of their bytes: git must not change line ends.
* -text -filter -ident
"""


def beginnings(name: str | None = None) -> Mapping[str, bytes]:
    """Return the files by path; `name` is the one that its makers suggest to users."""
    return {
        GITATTRIBUTES: _ATTRIBUTES.encode(),
        GITIGNORE: _IGNORED.encode(),
        layout.CONFIG: RegistryConfig(name=name, git=True).to_bytes(),
    }
