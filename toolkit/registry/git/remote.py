"""A git repository elsewhere, by its address: its branches, fetching from it, and pushing to it.

Git uses its own credentials: a credential helper, ~/.netrc, an SSH key or agent. A login in the address goes to git in
its environment, where other users of this machine do not see it, and is in no file.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from toolkit.errors import InputError, NoAnswerError, OutsideError, RemoteError
from toolkit.git.program import Git
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.logins import basic
from toolkit.redaction import hide, learn_login, without_login
from toolkit.selective import Selective
from toolkit.system.processes import Finished

_HEAD = "HEAD"
_NO_ACCESS = 401
_BRANCHES = "refs/heads/"
_HINT = "git's own credentials are used: a credential helper, ~/.netrc, an SSH key; try `git ls-remote {}`"
# Git's words, in the language C, for a server or a network that is down.
_DOWN = re.compile(
    r"could not resolve host|name or service not known|temporary failure in name resolution|connection refused|"
    r"failed to connect|timed out|network is unreachable|no route to host|connection reset|"
    r"unexpected disconnect|early eof|requested url returned error: 5\d\d|connection closed by|"
    r"could not resolve proxy|empty reply from server",
    re.IGNORECASE,
)
_NO_LOGIN = re.compile(
    r"could not read (?:username|password)|authentication failed|terminal prompts disabled|permission denied|"
    r"requested url returned error: 40[13]|host key verification failed",
    re.IGNORECASE,
)
_NO_COMMIT = re.compile(
    r"not our ref|unadvertised object|couldn't find remote ref|bad object|shallow capabilities", re.IGNORECASE
)
_MISSING_REF = re.compile(r"couldn't find remote ref", re.IGNORECASE)
# Another push came first: it moved the branch, or holds its lock at this moment.
_LOST = re.compile(
    r"\[rejected\]|non-fast-forward|fetch first|cannot lock ref|failed to (?:update|lock) ref|"
    r"incorrect old value|reference already exists|unable to update local ref|stale info",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"\[remote rejected\][^(]*\(([^)]*)\)")


class LostRaceError(Exception):
    """A push came too late: the branch has moved since it was fetched."""


class Branches(Struct, frozen=True, kw_only=True):
    """The branches of a repository with their commits, and the name of the default one, if that is known."""

    commits: Mapping[str, str]
    default: str | None


class GitRemote(Selective, frozen=True, kw_only=True):
    """The repository at `address`, which has no login; `git` runs in the local one that it is fetched into."""

    git: Git
    address: str

    @classmethod
    def of(cls, address: str, folder: Path, environ: Mapping[str, str], *, asks: bool) -> "GitRemote":
        """Return the repository at an address with or without a login; `asks` lets git ask on the terminal.

        Raises OutsideError for plain HTTP, unless the host may be spoken to so.
        """
        parts = _parts(address)
        if parts.scheme == "http" and not InsecureHosts.of(environ).allow_plain(parts.netloc.rpartition("@")[2]):
            host = parts.netloc.rpartition("@")[2]
            raise OutsideError(
                f"{without_login(address)} is not encrypted",
                hint=f"write https://…; or, if you trust the network, COMP_INSECURE_REGISTRIES={host}",
            )
        bare, variables = _without_login(parts, environ)
        variables |= {"GIT_ALLOW_PROTOCOL": parts.scheme}
        if asks:
            variables["GIT_TERMINAL_PROMPT"] = "1"
        git = Git(folder=folder, environ=environ, variables=variables)
        if not asks and parts.scheme == "ssh" and not _has_own_ssh(git):
            # A question would wait for an answer that never comes.
            git = Git(folder=folder, environ=environ, variables=variables | {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"})
        return cls(git=git, address=bare)

    def branches(self) -> Branches:
        """Return the branches. Raises NoAnswerError if the repository cannot be reached, OutsideError."""
        text = self._get("ls-remote", "--symref", "--", self.address, _HEAD, f"{_BRANCHES}*")
        commits, default = {}, None
        for line in text.splitlines():
            value, _, name = line.partition("\t")
            if name == _HEAD and value.startswith("ref: "):
                default = value.removeprefix("ref: ").removeprefix(_BRANCHES)
            elif name.startswith(_BRANCHES):
                commits[name.removeprefix(_BRANCHES)] = value
        return Branches(commits=commits, default=default)

    def fetch(self, branch: str | None, into: str) -> bool:
        """Fetch a branch, or the default one, into a reference of the local repository; False if it is missing.

        Raises as `branches` does.
        """
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        source = _HEAD if branch is None else f"{_BRANCHES}{branch}"
        done = self._run("fetch", *options, "--", self.address, f"+{source}:{into}")
        if done.code and _MISSING_REF.search(done.error_text):
            return False
        if done.code:
            raise self._failure(done)
        return True

    def fetch_commit(self, commit: str) -> bool:
        """Fetch one commit with its files; False if the repository does not have it. Raises as `branches` does."""
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        done = self._run("fetch", *options, "--depth=1", "--", self.address, commit)
        if not done.code:
            return True
        # Many servers give no commit by its name, or none at all that no branch has.
        if not _NO_COMMIT.search(done.error_text):
            raise self._failure(done)
        done = self._run("fetch", *options, "--", self.address, f"+{_BRANCHES}*:refs/comp/heads/*")
        if done.code:
            raise self._failure(done)
        return self.git.try_("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def push(self, commit: str, branch: str, before: str | None) -> str:
        """Move a branch from the commit `before`, or make it, and return what the server said to people.

        Raises LostRaceError if another push came first, OutsideError if the server refuses.
        """
        reference = f"{_BRANCHES}{branch}"
        # The branch must still be where it was; then this is a step forward.
        lease = f"--force-with-lease={reference}:{before or ''}"
        options = ("--porcelain", "--no-recurse-submodules", "--no-follow-tags", lease)
        done = self._run("push", *options, "--", self.address, f"{commit}:{reference}")
        words = done.text + done.error_text
        if not done.code:
            return _said(done.error_text)
        if refused := _REFUSED.search(words):
            if not _LOST.search(refused[1]):
                raise OutsideError(
                    f"{self.address} refuses the push to {branch}: {_shown(_said(done.error_text) or refused[1])}",
                    hint="a protected branch takes changes after a review: `comp publish --branch NAME`",
                )
            raise LostRaceError
        if _LOST.search(words):
            raise LostRaceError
        raise self._failure(done)

    def _get(self, *words: str) -> str:
        """Return the stdout of git."""
        done = self._run(*words)
        if done.code:
            raise self._failure(done)
        return done.text

    def _run(self, *words: str) -> Finished:
        """Run git, without collecting garbage afterwards. Raises NoAnswerError if it takes too long."""
        try:
            return self.git.try_("-c", "gc.auto=0", "-c", "maintenance.auto=false", *words)
        except OutsideError as error:
            if isinstance(error.__cause__, subprocess.TimeoutExpired):
                raise NoAnswerError(f"git did not finish with {self.address}", hint="check the network") from error
            raise

    def _failure(self, done: Finished) -> OutsideError:
        """Return the error for a git that failed."""
        text = _shown(done.error_text)
        if _DOWN.search(text):
            return NoAnswerError(f"git cannot reach {self.address}: {text}", hint="check the network; try again")
        hint = _HINT.format(self.address)
        if _NO_LOGIN.search(text):
            return RemoteError(f"git has no access to {self.address}: {text}", status=_NO_ACCESS, hint=hint)
        return OutsideError(f"git cannot use {self.address}: {text}", hint=hint)


def _parts(address: str) -> SplitResult:
    """Split an address. Raises InputError."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise InputError(f"{without_login(address)} is not an address: {error}") from error
    return parts


def _without_login(parts: SplitResult, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return an address without its login, and the variables that give the login to git."""
    if parts.scheme not in {"http", "https"} or not parts.username:
        if parts.password:
            learn_login(parts.username, unquote(parts.password))
        return parts.geturl(), {}
    user, password = unquote(parts.username), unquote(parts.password or "")
    header = basic(user, password)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    if parts.scheme == "http" and not is_loopback(bare.netloc):
        raise OutsideError(
            f"no login is sent to {bare.netloc}: the connection is not encrypted", hint="write git+https://…"
        )
    # After the user's own: the last one counts.
    count = environ.get("GIT_CONFIG_COUNT", "")
    number = int(count) if count.isascii() and count.isdigit() else 0
    return bare.geturl(), {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": f"http.{bare.scheme}://{bare.netloc}/.extraHeader",
        f"GIT_CONFIG_VALUE_{number}": f"Authorization: {header['Authorization']}",
    }


def _has_own_ssh(git: Git) -> bool:
    """Return whether the user names the program for SSH."""
    return any(git.environ.get(name) for name in ("GIT_SSH_COMMAND", "GIT_SSH")) or (
        git.try_("config", "--get", "core.sshCommand").code == 0
    )


def _said(text: str) -> str:
    """Return what a server said to people: lines that git shows with `remote:` before them."""
    lines = [line.removeprefix("remote:").strip() for line in text.splitlines() if line.startswith("remote:")]
    return "\n".join(line for line in lines if line)


def _shown(text: str) -> str:
    """Return the end of what git printed, on one line and without logins."""
    return hide(without_login(" ".join(text.split())))[-600:] or "it printed nothing"
