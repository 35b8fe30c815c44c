"""The sources of the site: docs/ as it is, and under repository/ each other file that its pages link to.

The pages are read in a checkout, too, where their links lead out of docs/. There is no address of the repository to
send readers of the site to, so the site holds those files itself: Markdown as a page, code as a page that shows it,
a folder as a list of its files.
"""

import os
import re
import shutil
from pathlib import Path, PurePosixPath

_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^[ ]*(```+|~~~+)")
# Pages that the navigation names and that no page has to link to.
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/RESULTS.md")
_LEFT_OUT = shutil.ignore_patterns("zensical.toml")
_LANGUAGES = {".py": "python", ".json": "json", ".yaml": "yaml", ".toml": "toml"}


def stage(root: Path, source: Path) -> None:
    """Write the sources of the site of a repository into the new folder `source`."""
    shutil.copytree(root / "docs", source, ignore=_LEFT_OUT)
    waiting = [PurePosixPath("docs") / path.relative_to(source).as_posix() for path in sorted(source.rglob("*.md"))]
    waiting += map(PurePosixPath, ALWAYS)
    staged = set(waiting)
    while waiting:
        path = waiting.pop()
        text, linked = _page(root, path)
        target = source / place(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        outside = {each for each in linked if each.parts[0] != "docs"} - staged
        waiting += sorted(outside)
        staged |= outside


def place(root: Path, path: PurePosixPath) -> PurePosixPath:
    """Return where the site's sources have a file or a folder of the repository."""
    if path.parts[:1] == ("docs",):
        return path.relative_to("docs")
    if (root / path).is_dir():
        return "repository" / path / "index.md"
    return PurePosixPath("repository", path if path.suffix == ".md" else f"{path}.md")


def _page(root: Path, path: PurePosixPath) -> tuple[str, set[PurePosixPath]]:
    """Return the Markdown of a page of the site, and the files of the repository that it links to."""
    if (root / path).is_dir():
        return _moved_links(root, path / "index.md", _listing(root, path))
    text = (root / path).read_text("utf-8")
    if path.suffix == ".md":
        return _moved_links(root, path, text)
    return f"# {path}\n\n```{_LANGUAGES.get(path.suffix, '')}\n{text.rstrip()}\n```\n", set()


def _listing(root: Path, folder: PurePosixPath) -> str:
    """Return a page with a link to each file of a folder."""
    files = sorted(path for path in (root / folder).iterdir() if path.is_file() and path.suffix in {*_LANGUAGES, ".md"})
    lines = [f"- [{path.name}]({path.name})" for path in files]
    return "\n".join([f"# {folder}/", "", *lines, ""])


def _moved_links(root: Path, page: PurePosixPath, text: str) -> tuple[str, set[PurePosixPath]]:
    """Return a page's text with its links as the site has them, and the files that they lead to."""
    linked: set[PurePosixPath] = set()
    here = place(root, page).parent

    def moved(match: re.Match[str]) -> str:
        path = PurePosixPath(os.path.normpath(page.parent / match[1]))
        if path.parts[0] == ".." or not (root / path).exists():
            return match[0]  # zensical reports it, with its line
        linked.add(path)
        return f"]({os.path.relpath(place(root, path), here)}{match[2] or ''})"

    lines, fence = [], ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1] == fence:
            fence = ""
        lines.append(line if fence or mark else _LINK.sub(moved, line))
    return "".join(lines), linked
