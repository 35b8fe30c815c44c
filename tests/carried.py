"""A cache with one thing of each kind, and a place for its export, for tests of exports."""

import json
from pathlib import Path

from tests.artifacts import pack_wheel
from tests.fake_remote import FakeRemote
from toolkit.cache.store import Cache
from toolkit.cache_export.contents import Contents
from toolkit.cache_export.repository import Repository
from toolkit.digest import Digest, canonical_json
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

NO_BUDGET = 10**12


def stored(cache: Cache, data: bytes) -> Digest:
    """Put a blob into a cache."""
    return cache.store(iter([data]))[0]


def recorded(cache: Cache, kind: str, key: object, value: object) -> Path:
    """Put a record of any kind into a cache, as another part of the program writes it."""
    name = Digest.of(json.dumps(key).encode()).hex
    path = cache.root / "records" / kind / name[:2] / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canonical_json(value, ascii_only=True))
    return path


def wheel_in(cache: Cache, folder: Path, name: str = "demo", *, size: int = 100) -> Digest:
    """Put a wheel with a file of this size into a cache."""
    files = {f"{name}/__init__.py": f"# {name}\n".encode().ljust(size, b"#")}
    return stored(cache, pack_wheel(folder, files, name=name).path.read_bytes())


def filled(folder: Path, name: str = "demo") -> Cache:
    """Return a cache that holds what is exported, and what has to stay: a layer of a base, a value of a pipeline."""
    cache = Cache(folder)
    wheel_in(cache, folder.with_name(f"wheels-{name}"), name)
    bytecode, recipe = stored(cache, f"bytecode of {name}".encode()), stored(cache, f"recipe of {name}".encode())
    recorded(cache, "bytecode", name, {"digest": str(bytecode)})
    layer = {"digest": str(Digest.of(b"a layer")), "diff_id": str(Digest.of(b"a tar")), "size": 7}
    recorded(cache, "layer", name, {**layer, "recipe": str(recipe)})
    config = stored(cache, b'{"os": "linux", "architecture": "amd64"}')
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(config), "size": 40}
    stored(cache, json.dumps({"schemaVersion": 2, "config": descriptor, "layers": []}).encode())
    stored(cache, b'{"a value": "of the user"}')
    stored(cache, b"\x1f\x8b a layer of a base")
    recorded(cache, "last-base", name, {"base": "here", "bases": []})
    recorded(cache, "pipeline-step", name, {"outputs": {}})
    return cache


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder that is not hidden, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def repository(fake: FakeRemote) -> Repository:
    """Return the repository as a process of its own would use it."""
    reference = parse_reference(f"{fake.host}/team/cache")
    return Repository(reference, Remote(environ={}, pause=lambda _: None), pause=lambda _: None)


def kinds(contents: Contents) -> list[str]:
    """List the kind of each entry."""
    return sorted(entry.kind for entry in contents.entries)
