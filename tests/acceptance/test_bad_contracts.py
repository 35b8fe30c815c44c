"""Bad contracts and repositories: `comp lint` and `comp breaking` end soon, with one finding or one clear error."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import COMP, Result, comp
from tests.contracts import contract
from tests.repositories import ENVIRON, Repo, clone, make_repository

GOOD = contract("{name: a, type: String}", "{inputValue: a}")
OTHER = contract("{name: b, type: String}", "{inputValue: b}")
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
# What each file holds, and words of the one finding about it.
TEXTS: dict[str, tuple[bytes, str]] = {
    "large": (b"name: " + b"x" * 100_000_000, "C001 the file exceeds the limit of 4.0 MB"),
    "brackets": (b"[" * 1_000_000, "C001 nested too deeply"),
    "braces": (b"{a: " * 500_000, "C001 nested too deeply"),
    "dashes": (b"- " * 1_000_000, "C001 nested too deeply"),
    "aliases": (BOMB.encode(), "C001 expanded too often by aliases"),
    "itself": (b"a: &a\n  <<: *a\nname: x\n", "C001 expanded too often by aliases"),
    "tab": (b"name: n\nimplementation:\n\tcontainer:\n", "C001 not valid YAML: found character that cannot start"),
    "utf-16": (GOOD.encode("utf-16"), "C001 not UTF-8 text: byte 0 is 0xff"),
    "nul": (b"name: a\0b\n", "C001 not valid YAML: unacceptable character #x0000"),
    "python": (
        b"name: !!python/object/apply:os.system [touch pwned]\n",
        "C001 the tag tag:yaml.org,2002:python/object",
    ),
    "two": (
        GOOD.encode() + b"---\n" + GOOD.encode(),
        "C001 not valid YAML: expected a single document in the stream, but found another document",
    ),
    "empty": (b"", "C001 the document is empty"),
}
# What a few megabytes of data may take in the address space, and any of these in processor time.
_MEMORY, _SECONDS = 1_500_000_000, 60


def bounded(*arguments: str | Path, folder: Path) -> Result:
    """Run `comp` with bounds that only a hostile file could exceed."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))

    done = subprocess.run(
        [COMP, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        preexec_fn=limit,
    )
    assert "Traceback" not in done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def refused(result: Result, code: int, *words: str) -> None:
    """Expect one error, with these words in it, and nothing on stdout."""
    assert (result.code, result.out) == (code, ""), result
    assert [line.partition(" ")[0] for line in result.err.splitlines()].count("error:") == 1
    assert all(word in result.err for word in words), result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_one_finding(tmp_path: Path, name: str) -> None:
    data, words = TEXTS[name]
    (tmp_path / "component.yaml").write_bytes(data)
    (tmp_path / "good.yaml").write_text(GOOD)
    for command in (("lint",), ("lint", "component.yaml"), ("breaking", "component.yaml", "--against", "good.yaml")):
        done = bounded(*command, folder=tmp_path)
        found = [line for line in done.out.splitlines() if line.startswith("component.yaml")]
        assert done.code == 1
        assert len(found) == 1
        assert words in found[0]
    # The one comparison that is asked for cannot be made.
    refused(bounded("breaking", "good.yaml", "--against", "component.yaml", folder=tmp_path), 1, words[5:])
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()])
def test_a_mark_at_the_beginning_and_other_line_ends_are_no_errors(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "component.yaml").write_bytes(data)
    (tmp_path / "good.yaml").write_text(GOOD)
    assert bounded("lint", "component.yaml", folder=tmp_path).code == 0
    done = bounded("breaking", "component.yaml", "--against", "good.yaml", folder=tmp_path)
    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"k{number}: 1\n" for number in range(60_000)),
        GOOD + "# comp:ignore[C001] reason\n" * 80_000,
        GOOD + f"# comp:ignore[{'C001,' * 500_000}] reason\n",
        contract(args=", ".join(f"{{inputValue: u{number}}}" for number in range(20_000))),
        contract(", ".join("{name: a}" for _ in range(20_000))),
        contract(command=f"python3, -c, '{'(' * 500_000}'"),
        contract(command=f"python3, -c, '{'-' * 500_000}1'"),
        contract(command=f"sh, -c, '{'pip  ' * 200_000}'"),
        contract(args=f"'{'eyJ' * 300_000}', '{'a:b@' * 300_000}', '{'--token' * 200_000}', '{'{{inputs.' * 100_000}'"),
        contract(f"{{name: a, type: '{'List[' * 200_000}', default: '{'[' * 1_000_000}'}}"),
        contract(f"{{name: a, default: {'9' * 2_000_000}}}", image="a/" * 500_000),
    ],
    ids=range(11),
)
def test_a_text_that_is_much_of_one_thing_takes_no_more_than_its_length(tmp_path: Path, text: str) -> None:
    (tmp_path / "component.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text(GOOD)
    assert bounded("lint", "component.yaml", folder=tmp_path).code in {0, 1}
    assert bounded("breaking", "component.yaml", "--against", "good.yaml", folder=tmp_path).code in {0, 1}


@pytest.mark.parametrize(
    ("make", "lint", "code", "words"),
    [
        (os.mkfifo, "C001 a pipe, expected a file", 1, "a pipe, expected"),
        (lambda path: path.symlink_to("/dev/zero"), "C001 a device, expected a file", 1, "a device, expected"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links", 3, "Too many levels"),
    ],
    ids=["pipe", "device", "loop"],
)
def test_what_is_no_file_is_one_error(
    tmp_path: Path, make: Callable[[Path], None], lint: str, code: int, words: str
) -> None:
    make(tmp_path / "component.yaml")
    (tmp_path / "good.yaml").write_text(GOOD)
    for command in (("lint",), ("breaking", "component.yaml", "--against", "good.yaml")):
        done = bounded(*command, folder=tmp_path)
        assert done.code == code
        assert lint in done.out + done.err
    done = bounded("breaking", "good.yaml", "--against", "path:component.yaml", folder=tmp_path)
    missing = "does not exist" in done.err
    assert done.code == (1 if missing else 2)
    assert missing or words in done.err


def test_an_unreadable_file_is_one_error(tmp_path: Path) -> None:
    # Root reads files of any mode, but not this one.
    (tmp_path / "component.yaml").symlink_to("/proc/self/mem")
    refused(bounded("lint", folder=tmp_path), 3, "cannot read component.yaml")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose contract changed between two commits."""
    repo = make_repository(tmp_path / "repo", {"component.yaml": GOOD})
    repo.commit({"component.yaml": OTHER})
    return repo


def breaking(folder: Path, *words: str) -> Result:
    return comp("breaking", *words, folder=folder, env={**os.environ, **ENVIRON})


def test_a_reference_that_does_not_exist(repo: Repo, tmp_path: Path) -> None:
    refused(breaking(repo.folder, "--against", "nope"), 2, "nope is not a branch, a tag or a commit of this clone")
    refused(breaking(repo.folder, "--against", "HEAD~5"), 2, "HEAD~5 is not a commit of this clone")
    shallow = clone(repo, tmp_path / "shallow", "--depth=1")
    refused(breaking(shallow.folder, "--against", "HEAD~"), 2, "which is shallow", "git fetch --unshallow")


def test_a_file_that_was_not_there_and_one_that_moved(repo: Repo) -> None:
    repo.write({"new.yaml": GOOD.replace("name: n", "name: new")})
    done = breaking(repo.folder, "new.yaml", "--against", "HEAD")
    assert (done.code, done.out, done.err) == (0, "", "new.yaml is new\n")
    repo.git("mv", "component.yaml", "moved.yaml")
    done = breaking(repo.folder, "moved.yaml", "--against", "HEAD~..")
    assert done.code == 1
    assert done.out.startswith("moved.yaml:3:17: error B102 the input 'a' is called 'b' now\n")


def test_a_submodule_has_a_history_of_its_own(repo: Repo, tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer", {"README.md": ""})
    outer.git("submodule", "--quiet", "add", repo.folder, "sub")
    outer.commit()
    done = breaking(outer.folder, "sub/component.yaml", "--against", "HEAD~")
    assert done.code == 1
    assert done.out.startswith("sub/component.yaml:3:17: error B102 ")
    linted = comp("lint", folder=outer.folder, env={**os.environ, **ENVIRON})
    assert linted.out.startswith("sub/component.yaml:")


def test_a_bare_repository_has_no_files(repo: Repo, tmp_path: Path) -> None:
    bare = clone(repo, tmp_path / "bare", "--bare")
    refused(comp("lint", folder=bare.folder), 1, "no contract at or below the current folder")
    refused(breaking(bare.folder, "--against", "HEAD~"), 1, "has no component.yaml")
    (bare.folder / "component.yaml").write_text(OTHER)
    refused(breaking(bare.folder, "--against", "HEAD~"), 2, "is a bare repository, which has no files to compare")
    assert comp("lint", folder=bare.folder).code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user(repo: Repo) -> None:
    (repo.folder / ".gitignore").write_text("out\n")
    for path in (repo.folder, *repo.folder.rglob("*")):
        shutil.chown(path, 4321, 4321)
    refused(breaking(repo.folder, "--against", "HEAD~"), 3, "git refuses the repository", "safe.directory")
    done = comp("lint", folder=repo.folder, env={**os.environ, **ENVIRON})
    assert done.code == 0
    assert done.err.startswith("warning: git refuses the repository")
    assert ": what .gitignore names is linted, too\n" in done.err
