"""Source distributions whose build is hostile: it runs with consent, in a jail, and not to answer a question."""

import io
import os
import socket
import tarfile
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, chosen, serving_index
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.jail.consent import Consent
from toolkit.jail.jail import NoJail
from toolkit.oci.descriptor import Platform
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.building import jail_builder
from toolkit.requirements.building.build import build_source, source_requirements
from toolkit.requirements.building.build_setup import BuildSetup, Permission
from toolkit.requirements.building.sdists import read_sdist
from toolkit.requirements.pin import SourceDistribution

TARGET = Target(platform=Platform("linux", "amd64"), version="3.11.2", libc="glibc", libc_version="2.36")
ALLOWED = Permission(names=frozenset({"evil"}))
# Writes down what it finds, as a module of the wheel.
BACKEND = """
import os, pathlib, socket, zipfile
MARK = {mark!r}
def seen():
    found = {{"environment": dict(os.environ), "home": sorted(os.listdir(os.environ["HOME"])), "root": os.listdir("/")}}
    try:
        socket.create_connection(("127.0.0.1", {port}), 5)
        found["network"] = "ok"
    except OSError:
        found["network"] = "none"
    for place in ({mark!r}, {home!r} + "/.bashrc"):
        try:
            pathlib.Path(place).write_text("x")
            found["wrote " + place] = True
        except OSError:
            pass
    return found
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(folder, "evil-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("evil/__init__.py", "SEEN = " + repr(seen()))
        wheel.writestr("evil-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n"
                       "Requires-Dist: alpha\\n")
        wheel.writestr("evil-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("evil-1.0.dist-info/RECORD", "")
    return "evil-1.0-py3-none-any.whl"
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    pathlib.Path(MARK).write_text("metadata")
    raise SystemExit(1)
"""


def _sdist(
    tmp_path: Path, *, port: int = 9, backend: str = BACKEND, metadata: str = "Metadata-Version: 2.1\n"
) -> bytes:
    texts = {
        "backend.py": backend.format(mark=str(tmp_path / "ran"), port=port, home=str(tmp_path / "home")),
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "PKG-INFO": f"{metadata}Name: evil\nVersion: 1.0\n",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(f"evil-1.0/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with serving_index(PackageIndex()) as served:
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        yield served


def _means(tmp_path: Path, permission: Permission = ALLOWED) -> BuildSetup:
    return BuildSetup(cache=Cache(tmp_path / "cache"), report=silent, permission=permission, indexes=HERE)


def _source(index: PackageIndex, data: bytes) -> SourceDistribution:
    index.files["evil-1.0.tar.gz"] = data
    (found,) = chosen(["evil"], TARGET)
    assert isinstance(found, SourceDistribution)
    return found


def _seen(means: BuildSetup, source: SourceDistribution) -> dict[str, object]:
    pin = build_source(source, TARGET, means)
    with zipfile.ZipFile(means.cache.blob_path(pin.digest)) as wheel:
        found: dict[str, dict[str, object]] = {}
        exec(wheel.read("evil/__init__.py"), found)  # noqa: S102 (a literal)
    return found["SEEN"]


def test_a_build_sees_nothing_of_this_machine(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "in the environment")
    (tmp_path / "home").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = _source(index, _sdist(tmp_path, port=server.getsockname()[1]))
        seen = _seen(_means(tmp_path), source)
    environment = seen["environment"]
    assert isinstance(environment, dict)
    assert "SECRET" not in environment
    assert "UV_DEFAULT_INDEX" not in environment
    assert seen["network"] == "none"
    assert "unpacked" in str(seen["home"])
    assert environment["HOME"] != str(Path.home())
    assert not [name for name in seen if name.startswith("wrote ")]
    assert not (tmp_path / "ran").exists()


def test_without_consent_nothing_runs_and_what_would_is_said(index: PackageIndex, tmp_path: Path) -> None:
    source = _source(index, _sdist(tmp_path))
    with pytest.raises(InputError) as refused:
        build_source(source, TARGET, _means(tmp_path, Permission(names=frozenset({"other"}))))
    assert refused.value.message == (
        "evil 1.0 has no wheel that fits and would have to be built: that runs code of evil-1.0.tar.gz, backend, "
        "in a jail without network"
    )
    assert '--allow-builds allows it, or `allow-builds = ["evil"]`' in str(refused.value.hint)
    for permission in (
        Permission(consent=Consent(dry=True), names=ALLOWED.names),
        Permission(consent=Consent(dry=True, allow_builds=True)),
    ):
        with pytest.raises(InputError, match="which a dry run does not do"):
            build_source(source, TARGET, _means(tmp_path, permission))
    assert not (tmp_path / "ran").exists()


def test_resolving_runs_nothing(index: PackageIndex, tmp_path: Path) -> None:
    index.files["evil-1.0.tar.gz"] = _sdist(tmp_path)
    refusing = partial(source_requirements, _means(tmp_path, Permission()))
    with pytest.raises(InputError, match=r"evil 1\.0 has no wheel that fits and would have to be built"):
        chosen(["evil"], TARGET, indexes=replace(HERE, source_requirements=refusing))
    assert not (tmp_path / "ran").exists()


def test_what_it_requires_is_known_without_a_build_or_by_it(index: PackageIndex, tmp_path: Path) -> None:
    from tests.package_index import small_wheel

    index.files["alpha-1.0-py3-none-any.whl"] = small_wheel("alpha", "1.0")
    index.files["beta-1.0-py3-none-any.whl"] = small_wheel("beta", "1.0")
    index.files["evil-1.0.tar.gz"] = _sdist(tmp_path)
    allowed = replace(HERE, source_requirements=partial(source_requirements, _means(tmp_path)))
    assert [one.name for one in chosen(["evil"], TARGET, indexes=allowed)] == ["alpha", "evil"]
    index.files["evil-1.0.tar.gz"] = _sdist(tmp_path, metadata="Metadata-Version: 2.2\nRequires-Dist: beta\n")
    refusing = replace(HERE, source_requirements=partial(source_requirements, _means(tmp_path, Permission())))
    assert [one.name for one in chosen(["evil"], TARGET, indexes=refusing)] == ["beta", "evil"]


def test_without_a_jail_only_the_users_own_word_counts(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jail_builder, "find_jail", lambda: NoJail(reason="this is a test"))
    source = _source(index, _sdist(tmp_path))
    with pytest.raises(InputError, match="builds run in a jail only, and this is a test; --allow-builds runs them"):
        build_source(source, TARGET, _means(tmp_path))
    seen = _seen(_means(tmp_path, Permission(consent=Consent(allow_builds=True))), source)
    assert "SECRET" not in str(seen["environment"])


def test_what_comes_out_is_looked_at(index: PackageIndex, tmp_path: Path) -> None:
    bodies = {
        "a link": "os.symlink('/etc/passwd', folder + '/evil-1.0-py3-none-any.whl')",
        "a pipe": "os.mkfifo(folder + '/evil-1.0-py3-none-any.whl')",
        "no wheel": "pathlib.Path(folder, 'evil-1.0-py3-none-any.whl').write_bytes(b'x' * 100)",
        "no list": "pathlib.Path(folder, 'requires.json').write_text('[' * 90000); raise SystemExit(76)",
        "a link as list": "os.symlink('/etc/passwd', folder + '/requires.json'); raise SystemExit(76)",
    }
    for name, body in bodies.items():
        backend = f"import os, pathlib\ndef build_wheel(folder, *_):\n    {body}\n".replace("{", "{{").replace(
            "}", "}}"
        )
        source = _source(index, _sdist(tmp_path, backend=backend))
        with pytest.raises(InputError, match=r"evil 1\.0 does not build: "):
            build_source(source, TARGET, _means(tmp_path / name))


def test_what_one_index_gave_to_a_build_serves_no_other(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, means = _source(index, _sdist(tmp_path)), _means(tmp_path)
    build_source(source, TARGET, means)
    records = means.cache.root / "records" / "built"
    assert len(list(records.rglob("*.json"))) == 1
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "http://127.0.0.1:9/other")
    build_source(source, TARGET, means)
    assert len(list(records.rglob("*.json"))) == 2


def test_what_comes_out_is_the_project_that_was_asked_for(index: PackageIndex, tmp_path: Path) -> None:
    for name in ("other-1.0", "evil-2.0"):
        backend = BACKEND.replace('"evil-1.0-py3', f'"{name}-py3')
        source = _source(index, _sdist(tmp_path / name, backend=backend))
        with pytest.raises(InputError, match=rf"builds to {name}-py3-none-any.whl, which is not evil 1\.0"):
            build_source(source, TARGET, _means(tmp_path / name))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_is_damaged_inside_says_nothing(tmp_path: Path, method: int) -> None:
    path = tmp_path / "evil-1.0.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("evil-1.0/PKG-INFO", "Metadata-Version: 2.2\nName: evil\nVersion: 1.0\n" * 20)
    data = bytearray(path.read_bytes())
    # After the header, and after that of LZMA.
    start = 30 + len("evil-1.0/PKG-INFO") + 9
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    assert read_sdist(path).requires is None


def test_what_lies_behind_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in (("large", bytes(1_000_000)), ("PKG-INFO", b"Metadata-Version: 2.2\nName: evil\n")):
            member = tarfile.TarInfo(f"evil-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    path = tmp_path / "evil-1.0.tar.gz"
    path.write_bytes(buffer.getvalue())
    assert read_sdist(path).requires == ()
    monkeypatch.setenv("COMP_LIMIT_SOURCE_SIZE", "900000")
    assert read_sdist(path).requires is None


def test_a_large_wheel_takes_no_memory(index: PackageIndex, tmp_path: Path) -> None:
    backend = BACKEND.replace(
        'wheel.writestr("evil/__init__.py"',
        'wheel.writestr("evil/zeros.so", bytes(50_000_000), 8); wheel.writestr("evil/__init__.py"',
    )
    source, means = _source(index, _sdist(tmp_path, backend=backend)), _means(tmp_path)
    tracemalloc.start()
    build_source(source, TARGET, means)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
