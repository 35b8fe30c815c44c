"""The lock as a requirements file for pip (its documentation, "Requirements File Format" and "Secure installs").

It has one entry for each version, with the hash of every wheel that the lock has of it, for all platforms: a marker
says where it belongs, and of several wheels pip takes the one that fits.
"""

from collections.abc import Iterable

from toolkit.requirements.lock import Lock, entries

_HEAD = "# Written by `comp dockerfile` from the lock; change pyproject.toml instead, and run it again."


def pip_requirements(lock: Lock, options: Iterable[str] = ()) -> str:
    """Return the text, equal for equal locks; `options` are lines such as `--extra-index-url ADDRESS`."""
    lines = [_HEAD, *options]
    for entry in entries(lock):
        marker = entry.marker(lock.platforms)
        hashes = dict.fromkeys(pin.digest.hex for pin in entry.wheels)
        # A version with a local part is required exactly by the same clause.
        lines.append(f"{entry.name}=={entry.version}{f' ; {marker}' if marker else ''} \\")
        lines.append(" \\\n".join(f"    --hash=sha256:{sha256}" for sha256 in hashes))
    return "\n".join(lines) + "\n"
