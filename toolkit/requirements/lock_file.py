"""Read and write the lock of a component: its name says in which form."""

from pathlib import Path

from toolkit.requirements.lock import Lock


def read_lock(path: Path) -> Lock:
    """Return the lock in a file. Raises InputError for any other file."""
    if path.suffix == ".toml":
        # Imported here, since a component has one form of lock, and needs the module of that one only.
        from toolkit.requirements.pylock import read_pylock

        return read_pylock(path)
    from toolkit.requirements.requirements_lock import read_requirements_lock

    return read_requirements_lock(path)


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock. Equal locks give equal bytes."""
    if path.suffix == ".toml":
        from toolkit.requirements.pylock import write_pylock

        write_pylock(path, lock)
    else:
        from toolkit.requirements.requirements_lock import write_requirements_lock

        write_requirements_lock(path, lock)
