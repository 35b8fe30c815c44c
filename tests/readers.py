"""Every reader of foreign bytes as one function: True if it accepts them, False if it refuses them with an error.

Errors that are not the project's own are raised unchanged: fuzzing looks for them.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from tests.artifacts import save_wheel
from tests.layers import measure
from toolkit.builders.ignore import read_patterns
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.digest import Digest
from toolkit.errors import CompError, FindingsError, InputError, Severity
from toolkit.forms.argo_template import write_workflow_template
from toolkit.forms.container_function import read_container_function
from toolkit.forms.guards import with_defaults
from toolkit.forms.ir import write_ir
from toolkit.image_paths import VENV
from toolkit.inspection import Opened, inspect_image
from toolkit.interface.function import read_function
from toolkit.lint.linter import lint_contract
from toolkit.oci.archive import read_archive
from toolkit.oci.assemble import assemble
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.pipelines.graph_reader import read_pipeline
from toolkit.python.base import read_facts
from toolkit.registry.finding import find
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import parse_request
from toolkit.remote.client import Remote
from toolkit.requirements.lock_file import read_lock
from toolkit.requirements.pylock import read_pylock
from toolkit.scaffold.dockerfile import Source, spec_of, take_over
from toolkit.scaffold.program import read_contract, spec_of_program
from toolkit.scaffold.slice import slice_function
from toolkit.spec.document import read_text
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.pin import pin_image
from toolkit.spec.protocol import function_command
from toolkit.spec.reader import parse_component, read_component
from toolkit.spec.writer import write_component
from toolkit.wheels.bytecode.elf import read_elf
from toolkit.wheels.collisions import collisions
from toolkit.wheels.install import installed_files
from toolkit.wheels.wheel import open_wheel

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
            paths = [file.path for file, _ in installed_files(opened, minor="3.11")]
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
        cache.store_verified(iter((data,)), Digest.of(data), what="a document")
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
        spec = with_defaults(read_component(path), concats=True)
    except FindingsError:
        assert any(finding.severity is Severity.ERROR for finding in findings)
        return False
    for write in (write_component, write_ir, write_workflow_template):
        with suppress(CompError):
            write(spec)
    with suppress(CompError):
        pin_image(read_text(path), "a/b@sha256:" + "0" * 64, path)
    return True


def takes_pipeline(text: str, folder: Path) -> bool:
    """Read a pipeline's IR."""
    path = folder / "pipeline.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        read_pipeline(path)
    except FindingsError:
        return False
    except InputError as error:
        return _refused(error)
    return True


def takes_function(text: str, folder: Path) -> bool:
    """Read the function `f` of a module, write its contract, and cut it out."""
    path = folder / "code.py"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        function = read_function(path, "f", {})
        slice_function(path, "f", environ={})
        command, args = function_command("f", function, python="python", safe_path=True)
    except CompError as error:
        return _said(error)
    container = Container(image="a:1", command=command, args=args)
    spec = ComponentSpec(name="f", description="", interface=function.interface, implementation=container)
    assert parse_component(write_component(spec), path).interface.inputs == function.interface.inputs
    return True


def takes_container_function(text: str, folder: Path) -> bool:
    """Read the container component `f` of a module, and write its contract and IR."""
    path = folder / "code.py"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        spec = read_container_function(path, "f", {})
        write_ir(with_defaults(spec, concats=True))
    except CompError as error:
        return _said(error)
    assert parse_component(write_component(spec), path).interface.inputs == spec.interface.inputs
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
        contract = read_contract(path, {})
        spec = spec_of_program(contract, name="p", title="P", description="", image="a:1", annotations={})
    except CompError as error:
        return _said(error)
    parse_component(write_component(spec), path)
    return True


def takes_dockerfile(text: str, folder: Path) -> bool:
    """Take over a Dockerfile; the contract that is written can be read."""
    path = folder / "Dockerfile"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        taken = take_over(Source(dockerfile=path), "my-step", {}, without=folder / "new")
        written = write_component(spec_of(taken, "a/b:1"))
    except CompError as error:
        return _said(error)
    parse_component(written, path)
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
        find(registry, parse_request("ml/train"))
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
