from pathlib import Path

from toolkit.errors import InputError
from toolkit.watching.members import MemberSources
from toolkit.watching.snapshot import Change
from toolkit.watching.sources import Sources

LIBRARY = Path("/r/lib/lib.py")


def changed(*paths: Path) -> list[Change]:
    return [Change(path=path, kind="changed") for path in paths]


def test_a_change_concerns_the_components_that_read_the_file() -> None:
    listed = {
        Path("/r/a"): frozenset([Path("/r/a/a.py"), LIBRARY]),
        Path("/r/b"): frozenset([Path("/r/b/b.py"), LIBRARY]),
    }
    broken: set[Path] = set()

    def read(folder: Path) -> Sources:
        if folder in broken:
            raise InputError("not valid TOML")
        return Sources(files=listed[folder], locks=frozenset([folder / "requirements.lock"]))

    members = MemberSources(read)
    assert members.add(listed) == list(listed)
    assert members.add(listed) == []
    sources = members.read()
    assert sources.files == {Path("/r/a/a.py"), Path("/r/b/b.py"), LIBRARY}
    assert sources.locks == {Path("/r/a/requirements.lock"), Path("/r/b/requirements.lock")}
    assert members.concerned(changed(Path("/r/b/b.py"))) == [Path("/r/b")]
    assert members.concerned(changed(LIBRARY)) == list(listed)
    # Settings of parents concern all, and one that is broken stays watched.
    assert members.concerned(changed(Path("/r/pyproject.toml"))) == list(listed)
    broken.add(Path("/r/b"))
    assert members.read() == sources
    # A file that is no longer listed was removed.
    listed[Path("/r/a")] = frozenset([LIBRARY])
    assert members.read().files == {Path("/r/b/b.py"), LIBRARY}
    assert members.concerned(changed(Path("/r/a/a.py"))) == [Path("/r/a")]
