"""Facts of bases made of small layers: links, whiteouts, libraries, packages."""

import gzip
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, component
from tests.images import Files, image_of, layer_of, tar_of_tree, zstd_of
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST
from toolkit.oci.image import Image, Layer
from toolkit.python.base import BaseFacts, check_python, read_facts

PYTHON = b"\x7fELF\0junk\x003.9\x003.11.2\0more"
GLIBC = b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.\n"
RELEASE = b'PRETTY_NAME="Debian 12"\nID=debian\nVERSION_ID="12"\n'
DEBIAN: dict[str, bytes | str | None] = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "opt": None,
    "usr/bin/python3": "python3.11",
    "usr/bin/python3.11": PYTHON,
    "usr/lib/x86_64-linux-gnu/libc.so.6": GLIBC,
    "usr/lib/os-release": RELEASE,
    "etc/os-release": "../usr/lib/os-release",
}


def base(*layers: Files, path: str = "/usr/local/bin:/usr/bin", user: str = "") -> Image:
    settings = {"Env": [f"PATH={path}"], "User": user}
    return image_of(
        [layer_of(tar_of_tree(files)) for files in layers], config=lambda data: data.update(config=settings)
    )


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_debian(cache: Cache) -> None:
    assert read_facts(base(DEBIAN, user="1000"), cache) == BaseFacts(
        python="/usr/bin/python3.11",
        version="3.11.2",
        libc="glibc",
        libc_version="2.36",
        os_id="debian",
        os_version="12",
        user="1000",
        packages={},
        libraries=frozenset({"libc.so.6"}),
    )


ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:\napp:x:7:7::/:\nbad line\n:x:5:5::/:\n",
    "etc/group": b"root:x:0:\nstaff:x:50:app,root\n",
}


@pytest.mark.parametrize(
    ("user", "number"),
    [
        ("", ""),
        ("root", "0"),
        ("app", "1000"),
        ("app:staff", "1000:50"),
        ("app:1", "1000:1"),
        ("1000:staff", "1000:50"),
        ("65532:65532", "65532:65532"),
        ("ada", "ada"),
        ("ada:staff", "ada:50"),
    ],
)
def test_the_user_by_number(cache: Cache, user: str, number: str) -> None:
    assert read_facts(base({**DEBIAN, **ACCOUNTS}, user=user), cache).user == number


def test_root_has_a_number_in_a_base_without_accounts(cache: Cache) -> None:
    assert read_facts(base(DEBIAN, user="root:root"), cache).user == "0:0"


def test_an_upper_layer_replaces_the_accounts(cache: Cache) -> None:
    upper: Files = {"etc/passwd": b"app:x:2000:1::/:\n"}
    facts = read_facts(base({**DEBIAN, **ACCOUNTS}, upper, user="app"), cache)
    assert (facts.user, facts.users, facts.groups) == ("2000", {"app": "2000"}, {"root": "0", "staff": "50"})


@pytest.mark.parametrize("digits", ["9" * 20, "9" * 5000])
def test_a_version_that_no_library_has_is_not_taken(cache: Cache, digits: str) -> None:
    """A list of every C library up to that version took 2.7 GB."""
    glibc = b"GNU C Library release version 2." + digits.encode() + b"\n"
    with pytest.raises(InputError, match="neither glibc nor musl"):
        read_facts(base({**DEBIAN, "usr/lib/x86_64-linux-gnu/libc.so.6": glibc}), cache)


def test_names_with_a_leading_dot_and_docker_types(cache: Cache) -> None:
    layer = layer_of(tar_of_tree({f"./{path}": content for path, content in DEBIAN.items()}), media_type=DOCKER_LAYER)
    image = image_of([layer], types=(DOCKER_MANIFEST, DOCKER_CONFIG))
    assert read_facts(image, cache).python == "/usr/bin/python3.11"


def test_gzip_of_many_members(cache: Cache) -> None:
    data = tar_of_tree(DEBIAN)
    members = b"".join(gzip.compress(data[start : start + 700], mtime=0) for start in range(0, len(data), 700))
    facts = read_facts(image_of([layer_of(data, compressed=members)]), cache)
    assert (facts.version, facts.libc_version) == ("3.11.2", "2.36")


def test_the_version_of_a_thin_interpreter_is_its_librarys(cache: Cache) -> None:
    own: Files = {
        "usr/local/bin/python3": "python3.12",
        "usr/local/bin/python3.12": b"\x7fELF",
        "usr/local/lib/libpython3.12.so.1.0": b"\x003.12.4\0",
        "usr/local/lib/python3.12/site-packages/pip-24.0.dist-info/METADATA": b"",
    }
    facts = read_facts(base(DEBIAN, own), cache)
    assert (facts.python, facts.version, facts.packages) == ("/usr/local/bin/python3.12", "3.12.4", {"pip": "24.0"})


def test_alpine(cache: Cache) -> None:
    alpine: Files = {
        "lib/ld-musl-x86_64.so.1": b"musl libc\0\x001.2.4\0",
        "lib/libc.musl-x86_64.so.1": "ld-musl-x86_64.so.1",
        "usr/bin/python3": "python3.11",
        "usr/bin/python3.11": b"\x7fELF",
        "usr/lib/libpython3.11.so.1.0": b"\x003.11.9\0",
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.19.1\n",
    }
    facts = read_facts(base(alpine), cache)
    assert (facts.libc, facts.libc_version, facts.version) == ("musl", "1.2", "3.11.9")
    assert (facts.os_id, facts.os_version) == ("alpine", "3.19.1")


def test_another_interpreter_can_be_named(cache: Cache) -> None:
    conda: Files = {"opt/conda/bin/python": "python3.10", "opt/conda/bin/python3.10": b"\x003.10.13\0"}
    image = base(DEBIAN, conda)
    assert read_facts(image, cache).version == "3.11.2"
    facts = read_facts(image, cache, python="/opt/conda/bin/python")
    assert (facts.python, facts.version) == ("/opt/conda/bin/python3.10", "3.10.13")
    with pytest.raises(InputError, match="the base has no /opt/python") as caught:
        read_facts(image, cache, python="/opt/python")
    assert "[tool.comp]" in str(caught.value.hint)


def test_hard_links_are_the_same_file(cache: Cache) -> None:
    files = {**DEBIAN, "usr/bin/python3": "hard:usr/bin/python3.11"}
    del files["usr/bin/python3.11"]
    files = {"usr/bin/python3.11": PYTHON, **files}
    assert read_facts(base(files), cache).version == "3.11.2"


def test_a_later_layer_replaces_and_removes(cache: Cache) -> None:
    newer: Files = {
        "usr/bin/.wh.python3.11": b"",
        "usr/bin/python3": "python3.12",
        "usr/bin/python3.12": b"\x003.12.1\0",
    }
    assert read_facts(base(DEBIAN, newer), cache).version == "3.12.1"
    with pytest.raises(InputError, match="the base has no Python on its PATH"):
        read_facts(base(DEBIAN, {"usr/bin/.wh.python3.11": b""}), cache)


@pytest.mark.parametrize("opaque_last", [False, True])
def test_an_opaque_folder_hides_only_what_is_below(cache: Cache, *, opaque_last: bool) -> None:
    marker: Files = {"usr/lib/python3/dist-packages/.wh..wh..opq": b""}
    own: Files = {"usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA": b""}
    lower = {**DEBIAN, "usr/lib/python3/dist-packages/old-1.0.dist-info/METADATA": b""}
    facts = read_facts(base(lower, {**own, **marker} if opaque_last else {**marker, **own}), cache)
    assert facts.packages == {"six": "1.16.0"}


def test_a_removed_package_is_gone(cache: Cache) -> None:
    folder = "usr/lib/python3/dist-packages"
    lower = {**DEBIAN, f"{folder}/Old_one-1.0.dist-info/METADATA": b"", f"{folder}/six-1.16.0.egg-info": b""}
    assert read_facts(base(lower), cache).packages == {"old-one": "1.0", "six": "1.16.0"}
    assert read_facts(base(lower, {f"{folder}/.wh.Old_one-1.0.dist-info": b""}), cache).packages == {"six": "1.16.0"}


def test_packages_are_those_of_the_interpreter(cache: Cache) -> None:
    files = {
        **DEBIAN,
        "usr/local/lib/python3.11/dist-packages/torch-2.1.0+cu118.dist-info/METADATA": b"",
        "usr/lib/python3/dist-packages/legacy-1.2-py3.11.egg-info/PKG-INFO": b"",
        "usr/lib/python3/dist-packages/strange-unknown.egg-info": b"",
        "usr/lib/python3.9/site-packages/other-1.0.dist-info/METADATA": b"",
        "opt/conda/lib/python3.11/site-packages/foreign-1.0.dist-info/METADATA": b"",
    }
    assert read_facts(base(files), cache).packages == {"legacy": "1.2", "torch": "2.1.0+cu118"}


@pytest.mark.parametrize("path", ["opt", "opt/comp"])
def test_a_link_in_our_way_is_refused(cache: Cache, path: str) -> None:
    with pytest.raises(InputError, match=f"in the base, /{path} is a link to /srv"):
        read_facts(base(DEBIAN, {path: "/srv"}), cache)
    assert read_facts(base(DEBIAN, {path: "/srv"}, {path: None}), cache).version == "3.11.2"


def test_links_in_a_circle_lead_nowhere(cache: Cache) -> None:
    with pytest.raises(InputError, match="the base has no Python on its PATH") as caught:
        read_facts(base(DEBIAN, {"usr/bin/python3": "python", "usr/bin/python": "/bin/python3"}), cache)
    assert "python:3.11-slim" in str(caught.value.hint)


def test_facts_that_cannot_be_read_are_an_error(cache: Cache) -> None:
    with pytest.raises(InputError, match=r"cannot tell the version of the base's /usr/bin/python3\.11"):
        read_facts(base({**DEBIAN, "usr/bin/python3.11": b"a script"}), cache)
    with pytest.raises(InputError, match="neither glibc nor musl"):
        read_facts(base({**DEBIAN, "usr/lib/x86_64-linux-gnu/libc.so.6": b""}), cache)


@pytest.mark.parametrize(
    ("compressed", "kind"),
    [
        (b"\x28\xb5\x2f\xfd\x04\x00", "gzip"),
        (b"no gzip", "gzip"),
        (gzip.compress(b"no tar" * 200), "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (gzip.compress(b"no zstd"), "zstd"),
        (zstd_of(b"no tar" * 200), "zstd"),
    ],
)
def test_a_layer_that_is_not_what_it_says_is_refused(cache: Cache, compressed: bytes, kind: str) -> None:
    layer = layer_of(b"", compressed=compressed, media_type=f"application/vnd.oci.image.layer.v1.tar+{kind}")
    with pytest.raises(InputError, match=rf"the layer sha256:\w+ \(\S+\+{kind}\) is not the tar that it says"):
        read_facts(image_of([layer]), cache)


def test_a_layer_that_ends_early_is_refused(cache: Cache) -> None:
    data = tar_of_tree({**DEBIAN, "usr/share/big": bytes(100_000)})
    with pytest.raises(InputError, match="is not the tar that it says"):
        read_facts(image_of([layer_of(data, compressed=gzip.compress(data)[:-30])]), cache)


@pytest.mark.parametrize(
    ("media_type", "compress"),
    [
        ("application/vnd.oci.image.layer.v1.tar", bytes),
        ("application/vnd.docker.image.rootfs.diff.tar", bytes),
        ("application/vnd.oci.image.layer.v1.tar+zstd", zstd_of),
        ("application/vnd.oci.image.layer.v1.tar+zstd", lambda data: zstd_of(data[:99]) + zstd_of(data[99:])),
    ],
)
def test_a_layer_of_another_compression_is_read(
    cache: Cache, media_type: str, compress: Callable[[bytes], bytes]
) -> None:
    data = tar_of_tree(DEBIAN)
    facts = read_facts(image_of([layer_of(data, compressed=compress(data), media_type=media_type)]), cache)
    assert facts == read_facts(base(DEBIAN), cache)


def test_facts_are_read_once(cache: Cache) -> None:
    image = base(DEBIAN)
    facts = read_facts(image, cache)

    def unread(layer: Layer) -> Layer:
        return Layer(descriptor=layer.descriptor, diff_id=layer.diff_id, chunks=lambda: iter([b"not read again"]))

    again = Image(
        media_type=image.media_type,
        manifest=image.manifest,
        config=image.config,
        layers=tuple(unread(layer) for layer in image.layers),
    )
    assert read_facts(again, cache) == facts
    with pytest.raises(InputError):
        read_facts(again, cache, python="/usr/bin/python3.11")


def test_a_layer_with_another_diff_id_is_refused(cache: Cache) -> None:
    sound = layer_of(tar_of_tree(DEBIAN))
    other = replace(sound, diff_id=Digest("00" * 32))
    with pytest.raises(InputError, match=rf"holds {sound.diff_id}, the image's config says {other.diff_id}") as caught:
        read_facts(image_of([other]), cache)
    assert caught.value.hint
    assert not list(cache.entries())


@pytest.mark.parametrize(
    "change", [{"python": 3}, {"more": "x"}, {"packages": ["a"]}, {"packages": None}, {"user": None}]
)
def test_facts_of_another_version_are_read_again(cache: Cache, change: dict[str, object]) -> None:
    image = image_of([layer_of(tar_of_tree(DEBIAN))])
    facts = read_facts(image, cache)
    (entry,) = cache.entries()
    entry.path.write_text(json.dumps(json.loads(entry.path.read_bytes()) | change))
    assert read_facts(image, cache) == facts
    entry.path.write_text("{}")
    assert read_facts(image, cache) == facts


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_an_extended_header_without_end_is_not_read(cache: Cache, kind: bytes) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 1 << 30
    layer = layer_of(header.tobuf() + bytes(10240))
    with pytest.raises(InputError, match="an extended header of 1073741824 bytes"):
        read_facts(image_of([layer]), cache)
    (problem,) = check_image(image_of([layer]))
    assert "an extended header of 1073741824 bytes" in problem


def test_a_python_that_the_component_does_not_run_on(tmp_path: Path) -> None:
    check_python(component(tmp_path, requires_python=">=3.11"), FACTS, "python:3.11-slim")
    with pytest.raises(InputError) as refused:
        check_python(component(tmp_path, requires_python=">=3.12"), FACTS, "python:3.11-slim")
    assert refused.value.message == "the base python:3.11-slim has Python 3.11.2, the component requires >=3.12"


def test_a_pre_release_of_python_counts(tmp_path: Path) -> None:
    check_python(component(tmp_path, requires_python=">=3.11"), replace(FACTS, version="3.14.0rc1"), "b:1")
