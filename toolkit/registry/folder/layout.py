"""Where the files of a registry lie: the same on a disk, on a web server and in a git repository.

    config.json                          the registry's api and name
    blobs/sha256/<2 hex>/<64 hex>        contracts, READMEs and other files, named by content
    c/<ns>/<name>/v/<version>.json       a release's record
    c/<ns>/<name>/marks.json             yanked versions and deprecation: what may change
    c/<ns>/<name>/component.yaml         the newest release; versions/tags/<version>, versions/sha256/<hex>:
                                         the layout of KFP 1's ComponentStore, so that KFP reads it without us
    index/<2 hex>/<ns>/<name>.jsonl      one line a version
    catalog.jsonl.gz                     one line a component

Records, marks and blobs are the truth; all else is derived from them. Paths have `/` between their parts.
"""

import zlib

from toolkit.digest import Digest
from toolkit.registry.names import Name
from toolkit.registry.semver import Version

CONFIG = "config.json"
CATALOGUE = "catalog.jsonl.gz"
COMPONENTS = "c"
RECORDS = "v"
BLOBS = "blobs"
INDEX = "index"
# Folders of the index, and members of the catalogue.
SHARDS = 256


def shard(name: Name) -> int:
    """Return the shard that a component belongs to, from 0 to 255."""
    # Any even spread will do; this one needs no import of OpenSSL.
    return zlib.crc32(str(name).encode()) % SHARDS


def component(name: Name) -> str:
    """Return the folder of a component's records and of KFP's layout."""
    return f"{COMPONENTS}/{name.namespace}/{name.name}"


def records(name: Name) -> str:
    """Return the folder of a component's records."""
    return f"{component(name)}/{RECORDS}"


def record(name: Name, version: Version) -> str:
    """Return the path of a release's record."""
    return f"{records(name)}/{version}.json"


def marks(name: Name) -> str:
    """Return the path of a component's marks."""
    return f"{component(name)}/marks.json"


def blob(digest: Digest) -> str:
    """Return the path of a file's content."""
    return f"{BLOBS}/sha256/{digest.hex[:2]}/{digest.hex}"


def index(name: Name) -> str:
    """Return the path of a component's index."""
    return f"{INDEX}/{shard(name):02x}/{name.namespace}/{name.name}.jsonl"


def newest(name: Name) -> str:
    """Return the path of the newest contract in KFP's layout."""
    return f"{component(name)}/component.yaml"


def tags(name: Name) -> str:
    """Return the folder of contracts by version in KFP's layout."""
    return f"{component(name)}/versions/tags"


def pins(name: Name) -> str:
    """Return the folder of contracts by digest in KFP's layout."""
    return f"{component(name)}/versions/sha256"


def tagged(name: Name, version: Version) -> str:
    """Return the path of a version's contract in KFP's layout."""
    return f"{tags(name)}/{version}"


def pinned(name: Name, digest: Digest) -> str:
    """Return the path of a contract by its digest in KFP's layout."""
    return f"{pins(name)}/{digest.hex}"
