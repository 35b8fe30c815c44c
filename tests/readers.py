"""Every reader of foreign bytes as one function: True for what it takes, False for what it refuses in words.

Anything but the project's own errors comes out as it is: that is what fuzzing looks for.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.artifacts import save_wheel
from toolkit.builders.ignore import read_patterns
from toolkit.cache import Cache
from toolkit.config import read_project
from toolkit.errors import CompError, InputError
from toolkit.findings import FindingsError, Severity
from toolkit.inspection import Opened, inspect_image
from toolkit.interface.function import read_function
from toolkit.lint.linter import lint_contract
from toolkit.oci.archive import read_archive
from toolkit.oci.assemble import assemble
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, Platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.python.base import read_facts
from toolkit.python.bytecode.elf import read_elf
from toolkit.python.collisions import collisions
from toolkit.python.install import VENV, installed_files
from toolkit.python.lock import read_lock
from toolkit.python.pylock import read_pylock
from toolkit.python.splice import measure
from toolkit.python.wheels import open_wheel
from toolkit.registry.directory import Directory
from toolkit.registry.names import parse_request
from toolkit.remote.client import Remote
from toolkit.scaffold.program import read_contract, spec_of_program
from toolkit.scaffold.slice import slice_function
from toolkit.spec.argo import write_workflow_template
from toolkit.spec.document import read_text
from toolkit.spec.ir import write_ir
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.pin import pin_image
from toolkit.spec.protocol import function_command
from toolkit.spec.reader import parse_component, read_component
from toolkit.spec.writer import write_component

Edit = Callable[[Any], Any]


class Documents(NamedTuple):
    """The three documents of an image, as bytes."""

    outer: bytes
    manifest: bytes
    config: bytes


AMD64 = Platform("linux", "amd64")
NOWHERE = "127.0.0.1:1"


def takes_wheel(data: bytes, folder: Path) -> bool:
    """Install a wheel into a layer; its paths have to stay where wheels are installed."""
    wheel = save_wheel(folder, "demo-1.0-py3-none-any.whl", data)
    try:
        collisions((wheel,), minor="3.11")
        with open_wheel(wheel) as opened:
            paths = [file.path for file in installed_files(opened, minor="3.11")]
        measure((wheel,), minor="3.11", cache=Cache(folder / "cache"))
    except InputError as error:
        return _refused(error, wheel.filename)
    assert all(path.startswith(f"{VENV}/") and not {"", ".", ".."} & set(path.split("/")) for path in paths)
    return True


def takes_documents(documents: Documents, folder: Path) -> bool:
    """Read an image from a layout and from a cache that hold these documents, and build on it."""
    cache = Cache(folder / "cache")
    blobs = folder / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for data in documents:
        (blobs / Digest.of(data).hex).write_bytes(data)
        cache.add_blob(iter((data,)), sha256=Digest.of(data).hex, what="a document")
    (folder / "layout" / "oci-layout").write_bytes(b"{}")
    (folder / "layout" / "index.json").write_bytes(documents.outer)
    remote = Remote(environ={"HOME": str(folder)}, pause=lambda _: None)
    pinned = parse_reference(f"{NOWHERE}/a").with_digest(Digest.of(documents.outer))
    found = [
        _used(lambda: read_layout(folder / "layout", platform=AMD64)),
        _used(lambda: remote.pull(pinned, AMD64, cache)),
    ]
    return all(found)


def takes_archive(data: bytes, folder: Path) -> bool:
    """Read an archive and all layers of its image."""
    path = folder / "image.tar"
    path.write_bytes(data)
    try:
        image = read_archive(path, platform=AMD64, cache=Cache(folder / "cache"))
        check_image(image)
    except CompError as error:
        return _refused(error)
    return True


def takes_layer(blob: bytes, folder: Path) -> bool:
    """Look for a Python in a layer, and check the image of it."""
    descriptor = Descriptor(media_type=OCI_LAYER, digest=Digest.of(blob), size=len(blob))
    layer = Layer(descriptor=descriptor, diff_id=Digest.of(b""), chunks=lambda: iter((blob,)))
    image = Image(media_type=OCI_MANIFEST, manifest=linked().manifest, config=linked().config, layers=(layer,))
    check_image(image)
    try:
        read_facts(image, Cache(folder / "cache"))
    except InputError as error:
        return _refused(error)
    return True


def takes_reference(text: str) -> bool:
    """Parse a reference; what is taken reads back as itself."""
    try:
        parsed = parse_reference(text)
    except InputError as error:
        return _refused(error)
    assert parse_reference(str(parsed)) == parsed
    return True


def takes_contract(text: str, folder: Path) -> bool:
    """Lint a contract, and do with one that is read what commands do with it."""
    path = folder / "component.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    findings, _ = lint_contract(path)
    assert all(str(finding.where) and finding.message for finding in findings)
    try:
        spec = read_component(path)
    except FindingsError:
        assert any(finding.severity is Severity.ERROR for finding in findings)
        return False
    for write in (write_component, write_ir, write_workflow_template):
        with suppress(CompError):
            write(spec)
    with suppress(CompError):
        pin_image(read_text(path), "a/b@sha256:" + "0" * 64, path)
    return True


def takes_function(text: str, folder: Path) -> bool:
    """Read the function `f` of a module, write its contract, and cut it out."""
    path = folder / "code.py"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        function = read_function(path, "f")
        slice_function(path, "f")
        command, args = function_command("f", function, python="python", safe_path=True)
    except CompError as error:
        return _said(error)
    container = Container(image="a:1", command=command, args=args)
    spec = ComponentSpec(name="f", description="", interface=function.interface, implementation=container)
    assert parse_component(write_component(spec), path).interface.inputs == function.interface.inputs
    return True


def takes_program(text: str, folder: Path) -> bool:
    """Read the command line of a program and write its contract."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return _takes_program(path)


def takes_notebook(data: bytes, folder: Path) -> bool:
    """Read the parameters of a notebook and write its contract."""
    path = folder / "notebook.ipynb"
    path.write_bytes(data)
    return _takes_program(path)


def _takes_program(path: Path) -> bool:
    try:
        contract = read_contract(path)
        spec = spec_of_program(contract, name="p", title="P", description="", image="a:1", annotations={})
    except CompError as error:
        return _said(error)
    parse_component(write_component(spec), path)
    return True


def takes_ignore(text: str, folder: Path) -> bool:
    """Read a `.dockerignore` and match a few paths."""
    (folder / ".dockerignore").write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        patterns = read_patterns(folder)
    except CompError as error:
        return _said(error)
    for path in ("a", "src/a.py", "a" * 200, "/".join("ab" * 20)):
        patterns.verdict(path)
    return True


def takes_lock(data: bytes, folder: Path) -> bool:
    """Read a lock in both forms."""
    found = []
    for name, read in (("requirements.lock", read_lock), ("pylock.toml", read_pylock)):
        (folder / name).write_bytes(data)
        try:
            read(folder / name)
            found.append(True)
        except CompError as error:
            found.append(_said(error))
    return any(found)


def takes_settings(data: bytes, folder: Path) -> bool:
    """Read a `pyproject.toml`."""
    (folder / "pyproject.toml").write_bytes(data)
    try:
        read_project(folder, environ={})
    except CompError as error:
        return _said(error)
    return True


def takes_record(data: bytes, folder: Path) -> bool:
    """Read a release from a registry whose record and index are these bytes."""
    registry = Directory.create(folder / "registry")
    path = folder / "registry" / "c" / "ml" / "train" / "v" / "1.0.0.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    try:
        registry.find(parse_request("ml/train"))
        registry.reindex()
    except CompError as error:
        return _said(error)
    return True


def takes_program_file(data: bytes, folder: Path) -> bool:
    """Look for the loader that an ELF file names."""
    (folder / "program").write_bytes(data)
    return read_elf(folder / "program") is not None


def linked(
    *, config: Edit = lambda data: data, manifest: Edit = lambda data: data, index: Edit = lambda data: data
) -> Documents:
    """Give index, manifest and config of an image, each edited after what is below it: descriptors stay true."""
    config_data = encoded(config(_CONFIG))
    layer = Descriptor(media_type=OCI_LAYER, digest=Digest.of(b"layer"), size=5, annotations={"a": "b"})
    described = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config_data), size=len(config_data))
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described.to_dict()}
    manifest_data = encoded(manifest({**document, "layers": [layer.to_dict()]}))
    entry = Descriptor(
        media_type=OCI_MANIFEST,
        digest=Digest.of(manifest_data),
        size=len(manifest_data),
        annotations={"org.opencontainers.image.ref.name": "1.0"},
        platform=AMD64,
    )
    outer = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry.to_dict()]}
    return Documents(encoded(index(outer)), manifest_data, config_data)


def encoded(value: object) -> bytes:
    """Write JSON as others may: with escapes, and with numbers that JSON does not have; bytes stay what they are."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


_CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "variant": "v1",
    "created": "2024-01-01T00:00:00Z",
    "config": {"Env": ["PATH=/bin"], "Labels": {"a": "b"}, "Cmd": ["sh"], "Entrypoint": None, "User": "1"},
    "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"tar"))]},
    "history": [{"created_by": "x"}, {"empty_layer": True}],
}


def _said(error: CompError) -> bool:
    """Expect of a refusal that it says something: of a file with a place there may be nothing more to do."""
    assert error.message, error
    return False


def _refused(error: CompError, *words: str) -> bool:
    """Expect of a refusal that it says what next, and on what."""
    assert error.hint, error
    assert all(word in error.message for word in words), error
    return False


def _used(read: Callable[[], Image]) -> bool:
    """Do with an image what commands do; False when it is refused before that."""
    try:
        image = read()
    except CompError as error:
        return _refused(error)
    assert all(isinstance(problem, str) for problem in _problems(image))
    inspect_image(Opened(image=image), packages=False)
    plain = assemble(
        image, (), history=(), command=("x",), env={"A": "b"}, labels={}, annotations={}, created="x", user=None
    )
    assert Digest.of(plain.config) == plain.config_descriptor.digest
    return True


def _problems(image: Image) -> list[str]:
    return check_image(replace(image, layers=()))
