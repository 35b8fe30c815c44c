"""Every code block of the documentation runs, is checked, or says why it is not; see tests/documents."""

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT, Sample
from tests.documents.block import Block, Page, pages_of, read_page
from tests.documents.checks import problems_of
from tests.documents.printed import is_printed
from tests.documents.session import run_page
from tests.documents.shell import Shell
from tests.documents.surroundings import Surroundings, surroundings_of

PAGES = {page.path.relative_to(ROOT).as_posix(): page for page in pages_of(ROOT)}
HERE = {name: page for name, page in PAGES.items() if page.is_run and not page.needs}
BLOCKS = {f"{name}:{block.line}": block for name, page in PAGES.items() for block in page.blocks}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_a_block_runs_or_is_right_or_says_why_not(block: Block, tmp_path: Path) -> None:
    assert problems_of(block, tmp_path) == []


def test_few_blocks_are_neither_run_nor_checked() -> None:
    assert len(BLOCKS) > 60
    marked = [name for name, block in BLOCKS.items() if block.note("not run") is not None]
    assert len(marked) < len(BLOCKS) / 8, marked


@pytest.mark.parametrize("page", HERE.values(), ids=HERE)
def test_a_page_does_what_it_says(page: Page, sample: Sample, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert sample
    differences = run_page(page, surroundings_of(page, tmp_path, request))
    assert not differences, "\n\n".join(differences)


PAGE = """\
<!-- needs: remote, docker -->

Text.

```sh
comp build --pull
comp tset && comp explain C010 | head -1
```

<!-- run: echo 1 > kept -->
<!-- exit: 3 -->

```console
$ cat kept
1
$ name=$(cat kept); mkdir -p sub && cd sub
$ echo "$name"; pwd >&2; cat <<END
> two
> END
1
…
two
$ exit 3
```

- In a list:

  ```toml title="sub/a.toml"
  [tool.comp]
  bsae = "x"
  ```

```mystery
```

<!-- not run: why -->
```yaml
unknown: 1
```
"""


def test_blocks_are_found_with_their_comments() -> None:
    page = read_page(Path("page.md"), PAGE)
    assert page.needs == {"remote", "docker"}
    assert [(block.language, block.title, block.line) for block in page.blocks] == [
        ("sh", "", 5),
        ("console", "", 13),
        ("toml", "sub/a.toml", 28),
        ("mystery", "", 33),
        ("yaml", "", 37),
    ]
    assert page.blocks[1].notes == (("run", "echo 1 > kept"), ("exit", "3"))
    assert page.blocks[2].text == '[tool.comp]\nbsae = "x"\n'


def test_what_is_wrong_with_a_block_is_said(tmp_path: Path) -> None:
    commands, _, settings, mystery, marked = read_page(Path("page.md"), PAGE).blocks
    assert problems_of(commands, tmp_path) == [
        "--pull: No such option '--pull'. (Did you mean one of: '--all', '--push'?)",
        "comp has no command tset",
    ]
    assert "'bsae' was unexpected" in problems_of(settings, tmp_path)[0]
    assert problems_of(mystery, tmp_path) == ["nothing checks a block in mystery"]
    assert problems_of(marked, tmp_path) == ["no reason why it is not run: 'why'"]


def test_a_page_runs_in_one_shell_and_differences_are_found(tmp_path: Path) -> None:
    shell = Shell(tmp_path, tmp_path / ".state", {"PATH": os.environ["PATH"]})
    surroundings = Surroundings(shell, {})
    assert run_page(read_page(Path("page.md"), PAGE), surroundings) == []
    assert (tmp_path / "sub" / "sub" / "a.toml").is_file()
    wrong = PAGE.replace("$ cat kept\n1", "$ cat kept\n2").replace("exit: 3", "exit: 4")
    differences = run_page(
        read_page(Path("page.md"), wrong), Surroundings(Shell(tmp_path, tmp_path / "s", shell.environ), {})
    )
    assert [text.splitlines()[0] for text in differences] == ["page.md:14: $ cat kept", "page.md:23: $ exit 3"]


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("built in 0.52 s", "built in 3 s\n"),
        (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}\n"),
        ("made … files", "made 12 files\n"),
    ],
)
def test_what_varies_is_not_compared(line: str, printed: str) -> None:
    assert is_printed([line], printed)
    assert not is_printed([line], f"{printed}more\n")
    assert not is_printed([line, "more"], printed)


def test_lines_may_come_in_another_order() -> None:
    assert is_printed(["one built in 1 s", "two built in 2 s"], "two built in 1 s\none built in 1 s\n")
    assert not is_printed(["one", "two"], "one\none\n")
