from pathlib import Path

import pytest

from tests.artifacts import Packed, pack_wheel
from tests.machine_code import shared_object
from toolkit.cache.store import Cache
from toolkit.wheels import needs
from toolkit.wheels.needs import missing_libraries


def test_what_neither_the_base_nor_another_wheel_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    code = shared_object("libGL.so.1", "libown-1a2b.so.3", "libother.so.2", "libc.so.6")
    shows = {"shows/_c.abi3.so": Packed(data=code), "shows.libs/libown-1a2b.so.3": Packed(data=shared_object())}
    wheels = (
        pack_wheel(tmp_path, shows, name="Shows_It"),
        pack_wheel(tmp_path, {"other/lib/libother.so.2": Packed(data=b"text")}, name="other"),
        pack_wheel(tmp_path, {"pure.py": "x"}, name="pure"),
    )
    assert missing_libraries(wheels, {"libc.so.6"}, cache) == {"shows-it": ("libGL.so.1",)}
    assert missing_libraries(wheels, {"libc.so.6", "libGL.so.1"}, cache) == {}
    assert missing_libraries(wheels[:1], {"libc.so.6", "libGL.so.1"}, cache) == {"shows-it": ("libother.so.2",)}
    # Of a wheel that is known, the cache remembers it.
    monkeypatch.setattr(needs, "open_wheel", None)
    assert missing_libraries(wheels, {"libc.so.6"}, cache) == {"shows-it": ("libGL.so.1",)}
