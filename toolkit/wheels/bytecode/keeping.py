"""Interpreters of bases in the cache: their files as one tar, so that the layers of a base are read once.

To read a base whole and unpack its interpreter takes half a second of processor time, the files alone a tenth of it.
"""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.jail.jail import Jail
from toolkit.wheels.bytecode.interpreter import Interpreter


class KeptInterpreter(Record, frozen=True, kw_only=True):
    """An interpreter without its folder: the blob with its files, and the rest of `Interpreter`."""

    KIND: ClassVar[str] = "interpreter-files"

    files: Digest
    command: tuple[str, ...]
    identity: str
    environment: Mapping[str, str]

    def interpreter(self, folder: Path, jail: Jail | None) -> Interpreter:
        """Return the interpreter whose files are in `folder`."""
        return Interpreter(
            command=self.command, identity=self.identity, environment=self.environment, root=folder, jail=jail
        )


def keep(interpreter: Interpreter, folder: Path, cache: Cache) -> KeptInterpreter:
    """Put the files of an interpreter, unpacked in `folder`, into the cache."""
    files, _ = cache.store(_packed(folder))
    return KeptInterpreter(
        files=files,
        command=interpreter.command,
        identity=interpreter.identity,
        environment=interpreter.environment,
    )


def restore(kept: KeptInterpreter, cache: Cache, folder: Path) -> bool:
    """Write the files of an interpreter into an empty `folder`; return whether the cache still has all of them.

    Raises OutsideError when the disk fails.
    """
    try:
        with cache.blob_path(kept.files).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != kept.files.hex:
                return False
            stream.seek(0)
            # No path is checked: the digest says that the tar is the one that `keep` made.
            with tarfile.open(fileobj=stream) as archive:
                for member in archive:
                    _write(folder / member.name, member, archive)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutsideError(f"cannot unpack the base's Python: {error.strerror}: {error.filename}") from error
    return True


def _write(target: Path, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
    """Write one file or link of a tar."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
    elif content := archive.extractfile(member):
        target.write_bytes(content.read())
        # As `unpacking` writes them: also for user 65534, as which the interpreter may run.
        target.chmod(0o755)


def _packed(folder: Path) -> Iterator[bytes]:
    """Yield a tar of the files and links in a folder, in order of path."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        member = tarfile.TarInfo(path.relative_to(folder).as_posix())
        if path.is_symlink():
            member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
            yield member.tobuf(tarfile.PAX_FORMAT)
            continue
        content = path.read_bytes()
        member.size = len(content)
        yield member.tobuf(tarfile.PAX_FORMAT)
        yield content
        yield bytes(-len(content) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
