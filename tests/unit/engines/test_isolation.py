import os
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.engines.isolation import named_isolation, working_isolation
from toolkit.errors import UsageError

STRONG = "oci" if os.geteuid() == 0 else "rootless"


@pytest.mark.parametrize(("works", "chosen"), [(True, STRONG), (False, "chroot")])
def test_the_strongest_that_works_is_tried_once(tmp_path: Path, chosen: str, *, works: bool) -> None:
    asked: list[str] = []

    def ask(kind: str) -> bool:
        asked.append(kind)
        return works

    for _ in range(3):
        assert working_isolation(Cache(tmp_path), "buildah 1", ask) == chosen
    assert asked == [STRONG]
    working_isolation(Cache(tmp_path), "buildah 2", ask)
    assert asked == [STRONG] * 2


def test_the_users_word_counts() -> None:
    assert [named_isolation(name) for name in ("oci", "rootless", "chroot", "", None)] == [
        *("oci", "rootless", "chroot"),
        *(None, None),
    ]
    with pytest.raises(UsageError, match="BUILDAH_ISOLATION is jail, which is no isolation of buildah"):
        named_isolation("jail")
