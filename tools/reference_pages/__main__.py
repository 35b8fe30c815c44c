"""Write docs/reference: `make reference`. Pages of commands that are gone are removed."""

from pathlib import Path

from tools.reference_pages.pages import reference_pages

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def main() -> None:
    """Write each page."""
    pages = reference_pages()
    for name, text in pages.items():
        path = _FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in (_FOLDER / "commands").iterdir():
        if f"commands/{path.name}" not in pages:
            path.unlink()


if __name__ == "__main__":
    main()
