"""The report: one HTML page with an inline drawing, without scripts and external files."""

from html import escape

_CELL = 64
_MARGIN = 88
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; background: #fff;
  margin: 2.5rem auto; max-width: 52rem; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } p { color: #5b6675; margin: .25rem 0 1.5rem }
dl { display: flex; gap: 1rem; flex-wrap: wrap; margin: 0 0 2rem }
dl div { border: 1px solid #dde3ea; border-radius: .5rem; padding: .75rem 1.25rem; min-width: 7rem }
dt { color: #5b6675; font-size: .85rem } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
svg text { font: 14px system-ui, sans-serif; fill: #1c2430 } svg .axis { fill: #5b6675 }
"""


def page(numbers: dict[str, float], labels: list[str], matrix: list[list[int]], *, rows: int) -> str:
    """Write the page: the numbers, then the confusion matrix with a row for each true class."""
    cards = "".join(f"<div><dt>{escape(name)}</dt><dd>{value:.3f}</dd></div>" for name, value in numbers.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{_STYLE}</style>"
        f"<h1>Evaluation</h1><p>{rows} rows, {len(labels)} classes</p><dl>{cards}</dl>"
        f"{_drawing(labels, matrix)}</html>\n"
    )


def _drawing(labels: list[str], matrix: list[list[int]]) -> str:
    size = _MARGIN + _CELL * len(labels)
    parts = [
        f'<svg width="{size + 8}" height="{size + 8}" role="img" aria-label="Confusion matrix">',
        f'<text class="axis" x="{_MARGIN}" y="20">predicted</text>',
        f'<text class="axis" x="0" y="{_MARGIN - 12}">true</text>',
    ]
    for row, counts in enumerate(matrix):
        y = _MARGIN + row * _CELL
        parts.append(f'<text x="{_MARGIN - 12}" y="{y + _CELL / 2 + 5}" text-anchor="end">{escape(labels[row])}</text>')
        middle = _MARGIN + row * _CELL + _CELL / 2
        parts.append(f'<text x="{middle}" y="{_MARGIN - 12}" text-anchor="middle">{escape(labels[row])}</text>')
        total = max(sum(counts), 1)
        parts += [_cell(_MARGIN + column * _CELL, y, count, count / total) for column, count in enumerate(counts)]
    return "".join([*parts, "</svg>"])


def _cell(x: float, y: float, count: int, share: float) -> str:
    dark = share > 0.55  # noqa: PLR2004 (above it, white text is easier to read)
    fill = f"rgb({round(242 - 205 * share)},{round(246 - 147 * share)},{round(251 - 16 * share)})"
    color = ' style="fill:#fff"' if dark else ""
    return (
        f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}" rx="4" fill="{fill}"/>'
        f'<text x="{x + _CELL / 2}" y="{y + _CELL / 2 + 5}" text-anchor="middle"{color}>{count}</text>'
    )
