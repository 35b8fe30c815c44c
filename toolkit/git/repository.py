"""A repository with a working tree on the disk: where it is, the commits that names stand for, and blobs."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import UsageError
from toolkit.git.program import Git, without_filters
from toolkit.limits import PATH_LENGTH
from toolkit.system.paths import real
from toolkit.words import did_you_mean

# Of SHA-1 or SHA-256; servers' variables for the commit before a new branch are all zeros.
_ZEROS = re.compile(r"0{40}|0{64}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_CI = "in actions/checkout set `fetch-depth: 0`, in GitLab CI the variable GIT_DEPTH: 0"
# So many at once that the output stays below its limit: those who read blobs read settings, locks and contracts.
_BATCH = 500
# A header repeats the name, which may be a path.
_HEADER = 2 * PATH_LENGTH.default
_KINDS = (b"blob", b"tree", b"commit", b"tag")

# Version 2 is the form for programs (git-status, "Porcelain Format Version 2").
_STATUS = (
    *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal"),
    *("--no-renames", "--no-ahead-behind", "--ignore-submodules=dirty"),
)
_OID = b"# branch.oid "


class Start(Struct, frozen=True, kw_only=True):
    """The state that files are compared with: a commit, or the empty tree. `notices` say what its user may not expect.

    `named` is the commit that the reference names, which differs from `tree` if that is a merge base.
    """

    tree: str
    named: str
    notices: tuple[str, ...] = ()


class Head(Struct, frozen=True, kw_only=True):
    """The commit of HEAD, None before the first one, and whether git sees nothing that differs from it.

    What git sees may be nothing but a line end or a filter's work: `toolkit.git.differences` decides that.
    """

    commit: str | None
    is_clean: bool


class Repository(Struct, frozen=True, kw_only=True):
    """The repository around a folder; `top` is the folder of its working tree, by its real path."""

    top: Path
    git: Git
    is_shallow: bool = False

    @classmethod
    def open(cls, folder: Path, environ: Mapping[str, str]) -> "Repository":
        """Find the repository around a folder.

        Raises UsageError outside of a repository and in a bare one, OutsideError when git refuses it or is missing.
        """
        git = Git(folder=real(folder), environ=environ)
        # Both are needed nearly always, and starting git takes most of the time.
        with ThreadPoolExecutor(1) as pool:
            filters = pool.submit(without_filters, git)
            done = git.try_("rev-parse", "--is-bare-repository", "--is-shallow-repository", "--show-toplevel")
        bare, _, rest = done.out.partition(b"\n")
        shallow, _, top = rest.partition(b"\n")
        if bare == b"true":
            raise UsageError(
                f"{folder} is a bare repository, which has no files to compare", hint="run it in a clone, or a worktree"
            )
        if done.code:
            raise git.failure(done)
        place = Path(os.fsdecode(top.removesuffix(b"\n")))
        # The settings of a repository may name any folder as its working tree.
        if not git.folder.is_relative_to(place):
            raise UsageError(f"{folder} is not in the working tree of its repository, which is {place}")
        return cls(top=place, git=replace(filters.result(), folder=place), is_shallow=shallow == b"true")

    def head(self, *below: str) -> Head:
        """Return the commit of HEAD, and whether folders, from the top, are as that has them: from one process.

        Without a folder it is about everything.

        Changes inside of submodules are not looked for. Raises OutsideError when git fails.
        """
        data = self.git.get(*_STATUS, "--", *(f":(literal){path}" for path in below or (".",)))
        lines = [line for line in data.split(b"\0") if line]
        named = [line.removeprefix(_OID).decode() for line in lines if line.startswith(_OID)]
        return Head(
            commit=next((name for name in named if _COMMIT.fullmatch(name)), None),
            is_clean=all(line.startswith(b"# ") for line in lines),
        )

    def start(self, reference: str) -> Start:
        """Return the state that `--since REFERENCE` compares with: the merge base of the reference and HEAD.

        Changes that others made on a branch since do not count, then. `REFERENCE..` is the reference itself, as in
        `git diff`, and `REFERENCE...` the merge base. The id of zeros, which servers give for the commit before a new
        branch, is the state without files. Raises UsageError for what the clone does not have.
        """
        name = reference.strip()
        if not name:
            raise UsageError("the reference is empty", hint="name a branch, a tag or a commit, such as origin/main")
        if _ZEROS.fullmatch(name):
            empty = self.git.get("hash-object", "-t", "tree", "--stdin").decode().strip()
            return Start(tree=empty, named=empty, notices=("nothing came before: every file counts as new",))
        itself = name.endswith("..") and not name.endswith("...")
        name = name.rstrip(".")
        if ".." in name:
            raise UsageError(
                f"{reference} is a range, and files on the disk are compared",
                hint=f"name its beginning alone: {name.partition('..')[0]}",
            )
        commit, notices = self._named(name)
        if itself:
            return Start(tree=commit, named=commit, notices=notices)
        base, more = self._merge_base(name, commit)
        return Start(tree=base, named=commit, notices=(*notices, *more))

    def commit(self, reference: str) -> str | None:
        """Return the commit that a reference names; None if the clone does not have it."""
        done = self.git.try_("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        return None if done.code else done.text.strip()

    def blobs(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Return the content of each blob, named by its id or as `COMMIT:PATH`; None for one that is not there.

        A partial clone may lack a blob, and then none is fetched.
        """
        for first in range(0, len(names), _BATCH):
            yield from self._batch(names[first : first + _BATCH])

    def _batch(self, names: Sequence[str]) -> Iterator[bytes | None]:
        # A name with a line end would count as two.
        lines = [os.fsencode(name) if "\n" not in name else b"" for name in names]
        done = self.git.try_("cat-file", "--batch", data=b"".join(line + b"\n" for line in lines))
        data, place = done.out, 0
        for _ in names:
            header, _, _ = data[place : place + _HEADER].partition(b"\n")
            place += len(header) + 1
            # The id, the kind and the size; or the name and `missing`. Nothing, if git gave up at an earlier one.
            *_, kind, size = (b"", *header.rsplit(b" ", 2)) if header.count(b" ") > 1 else (b"", b"", b"")
            if kind not in _KINDS or not size.isdigit():
                yield None
                continue
            yield data[place : place + int(size)] if kind == b"blob" else None
            place += int(size) + 1

    def _named(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the commit that a name stands for, and notices. Raise UsageError if the clone lacks it."""
        if commit := self.commit(name):
            return commit, ()
        # A clone in CI has the branches of the server, and only one of its own.
        if not name.startswith(("refs/", "origin/")) and (commit := self.commit(f"refs/remotes/origin/{name}")):
            return commit, (f"{name} is not a branch of this clone: origin/{name} is taken",)
        raise self._missing(name)

    def _merge_base(self, name: str, commit: str) -> tuple[str, tuple[str, ...]]:
        """Return the commit where the branch of a commit and HEAD parted, and notices; else the commit itself."""
        done = self.git.try_("merge-base", commit, "HEAD")
        if not done.code:
            return done.text.strip(), ()
        if self.commit("HEAD") is None:
            return commit, ("HEAD has no commit yet",)
        # Where they parted is older than what was fetched.
        because = "this clone is shallow" if self.is_shallow else "they share no history"
        more = f"; with the whole history only this branch's do: git fetch --unshallow, or {_CI}"
        return commit, (
            f"{name} and HEAD have no common commit here ({because}): changes on {name} count too"
            + (more if self.is_shallow else ""),
        )

    def _missing(self, name: str) -> UsageError:
        """Return the error for a name that stands for no commit here, with what to run."""
        if self.commit("HEAD") is None and not self._names():
            return UsageError("the repository has no commit yet", hint="commit first")
        if _COMMIT.fullmatch(name):
            depth = " --depth=1" if self.is_shallow else ""
            hint = f"git fetch{depth} origin {name}"
            return UsageError(
                f"the commit {name} is not in this clone" + (", which is shallow" if self.is_shallow else ""),
                hint=f"{hint}; {_CI}" if self.is_shallow else f"{hint}, unless a forced push replaced it",
            )
        commit, _, path = name.partition(":")
        if path and self.commit(commit) is not None:
            return UsageError(f"{name} is a file in a commit, expected a commit", hint=f"leave out the path: {commit}")
        if re.search(r"[~^@]", name):
            hint = (
                f"git fetch --unshallow; {_CI}" if self.is_shallow else "see gitrevisions(7) for the names of commits"
            )
            shallow = ", which is shallow" if self.is_shallow else ""
            return UsageError(f"{name} is not a commit of this clone{shallow}", hint=hint)
        if self.is_shallow:
            branch = name.removeprefix("origin/")
            fetch = f"git fetch --depth=1 origin {branch}:refs/remotes/origin/{branch}"
            return UsageError(
                f"{name} is not a branch, a tag or a commit of this clone, which is shallow", hint=f"{fetch}; {_CI}"
            )
        fetch = f"git fetch origin {name.removeprefix('origin/')}, if the server has it"
        hint = did_you_mean(name, self._names(), otherwise="" if name.startswith("-") else fetch)
        return UsageError(f"{name} is not a branch, a tag or a commit of this clone", hint=hint or None)

    def _names(self) -> list[str]:
        """Return the branches and tags."""
        done = self.git.try_("for-each-ref", "--format=%(refname:short)", "--count=1000")
        return done.text.split()
