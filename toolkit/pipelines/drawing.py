"""A pipeline as a picture: SVG with a box for each step, and a frame around the steps of a nested dag.

All texts come from others, so they are escaped, and cut to the width of a box; the whole text is in its title.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from unicodedata import east_asian_width

from msgspec import Struct

from toolkit.pipelines.conditions import plain_name
from toolkit.pipelines.graph import Component, Dag, Importer, Pipeline, Step, StepOutput
from toolkit.pipelines.layout import HEADER, LINE, PADDING, Arrow, Box, Placed, place
from toolkit.redaction import hide_in_data, visible

_WIDTH = 236.0
_ROW = 17.0
_SIZE = 12.0
# Letters of an image's name before its digest.
_NAME_LETTERS = 15
# How much of a frame's width its state may take.
_SHARE = 0.5
# The mean width of a letter, by the size of the text.
_LETTER = 0.6
# Texts at one arrow; the others are in its title.
_MOST = 3
_MARGIN = 16.0

# Words near the beginning of what is written, by which it is known again.
MARK = "drawn by comp pipeline graph"
STYLE = """
svg{--card:#fff;--frame:#f6f8fa;--ink:#1f2328;--dim:#59636e;--edge:#818b98;--border:#d1d9e0;--focus:#0969da;
--ok:#1a7f37;--bad:#d1242f;--wait:#9a6700;--hit:#0969da;--off:#59636e}
@media(prefers-color-scheme:dark){svg{--card:#151b23;--frame:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--edge:#656c76;
--border:#3d444d;--focus:#4493f8;--ok:#3fb950;--bad:#f85149;--wait:#d29922;--hit:#4493f8;--off:#9198a1}}
svg text{font:12px system-ui,sans-serif;fill:var(--ink);unicode-bidi:plaintext}
svg .name{font-size:13px;font-weight:600}svg .dim{fill:var(--dim)}
svg .code{font-family:ui-monospace,monospace;font-size:11px}
svg .box{fill:var(--card);stroke:var(--border)}svg .frame{fill:var(--frame);stroke:var(--border)}
svg .line{fill:none;stroke:var(--edge);stroke-width:1.3}svg .after{stroke-dasharray:4 3}
svg .port{font-size:11px;fill:var(--dim);paint-order:stroke;stroke:var(--frame);stroke-width:4px;stroke-linejoin:round}
svg .tip{fill:var(--edge)}svg .warn{fill:var(--bad)}
svg .succeeded{fill:var(--ok)}svg .cached{fill:var(--hit)}svg .failed{fill:var(--bad)}svg .running{fill:var(--wait)}
svg .skipped,svg .interrupted{fill:var(--off)}
svg a:focus .box{stroke:var(--focus);stroke-width:3}svg a:focus{outline:none}
"""
_SIGNS = {"succeeded": "✓", "cached": "↺", "failed": "✕", "running": "…", "skipped": "○", "interrupted": "✕"}


class Mark(Struct, frozen=True, kw_only=True):
    """How a step ended, over all iterations: the state that counts, words for it, and the seconds it took in all."""

    state: str
    words: str


def picture(
    pipeline: Pipeline, *, marks: Mapping[str, Mark], changed: Mapping[str, str], linked: bool, styled: bool
) -> str:
    """Return the SVG of a pipeline. Steps are named by their path in the graph, such as `loop/train`.

    `marks` are the states after a run, `changed` how components differ from the lock, by their key in the document.
    With `linked` each box leads to the element `step-NUMBER` of the page, and with `styled` the style is part of it.
    """
    drawer = _Drawer(pipeline, marks, changed, linked=linked)
    placed = place(drawer.box())
    width, height = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN
    name = shown(pipeline.title)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="graph-title graph-desc">',
        f"<!-- {MARK} -->" if styled else "",
        f'<title id="graph-title">{name}</title>',
        f'<desc id="graph-desc">{drawer.summary()}</desc>',
        f"<style>{STYLE}</style>" if styled else "",
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        *drawer.draw(placed),
        "</g></svg>",
    ]
    return "\n".join(line for line in lines if line)


def numbered(pipeline: Pipeline) -> dict[str, int]:
    """Return the number of each step, by its path in the graph, in the order of the steps."""
    return {path: number for number, (path, _) in enumerate(_every(pipeline.root, ""))}


def steps_by_path(pipeline: Pipeline) -> dict[str, Step]:
    """Return each step by its path in the graph."""
    return dict(_every(pipeline.root, ""))


def shown(text: str, room: float | None = None, size: float = _SIZE) -> str:
    """Return a text of others for the page: escaped, without secrets, and cut to `room` in pixels."""
    text = " ".join(visible(hide_in_data(text)).split())
    if room is not None:
        text = _cut(text, room / (size * _LETTER))
    return escape(text)


def kind_of(step: Step) -> str:
    """Return what a step is, in a word or two."""
    if step.loop is not None:
        return "loop"
    if step.condition is not None:
        return "condition"
    if isinstance(step.work, Dag):
        return "branches" if any(each.condition for each in step.work.steps) else "pipeline"
    return "importer" if isinstance(step.work, Importer) else "component"


def short_image(image: str) -> str:
    """Return an image's name with the first digits of its digest."""
    name, at, digest = image.partition("@")
    name = name.rpartition("/")[2]
    return f"{_cut(name, _NAME_LETTERS)}@{digest[:15]}…" if at else name


def loop_words(step: Step) -> str:
    """Return what a loop goes over; empty without one."""
    if step.loop is None:
        return ""
    items = step.loop.items
    over = f"each of {len(items)} items" if isinstance(items, tuple) else f"each item of {plain_name(items)}"
    return f"for {over}" + (f", {step.loop.most} at once" if step.loop.most else "")


def _every(dag: Dag, above: str) -> Iterator[tuple[str, Step]]:
    """Yield each step with its path."""
    for step in dag.steps:
        path = f"{above}{step.name}"
        yield path, step
        if isinstance(step.work, Dag):
            yield from _every(step.work, f"{path}/")


def _cut(text: str, letters: float) -> str:
    """Cut a text to a number of letters; those of East Asia take two."""
    width = 0.0
    for place_, letter in enumerate(text):
        width += 2 if east_asian_width(letter) in "WF" else 1
        if width > letters:
            return text[: max(place_ - 1, 1)] + "…"
    return text


class _Drawer:
    """Draws one pipeline."""

    def __init__(
        self, pipeline: Pipeline, marks: Mapping[str, Mark], changed: Mapping[str, str], *, linked: bool
    ) -> None:
        self._pipeline = pipeline
        self._marks = marks
        self._changed = changed
        self._numbers = numbered(pipeline) if linked else {}
        self._steps = steps_by_path(pipeline)
        self._texts: dict[tuple[str, Arrow], list[str]] = {}

    def summary(self) -> str:
        """Return what the picture shows, for people who do not see it."""
        count = sum(not isinstance(step.work, Dag) for step in self._steps.values())
        failed = [path for path, mark in self._marks.items() if mark.state == "failed"]
        ended = f"; failed: {', '.join(shown(path) for path in failed)}" if failed else ""
        return f"{count} steps; arrows lead from each step to those that need it{ended}"

    def box(self) -> Box:
        """Return everything as a box that can be placed."""
        return self._group("", self._pipeline.root, _WIDTH)

    def _group(self, path: str, dag: Dag, width: float) -> Box:
        """Return a dag as a box."""
        above = f"{path}/" if path else ""
        boxes = []
        for step in dag.steps:
            own = f"{above}{step.name}"
            if isinstance(step.work, Dag) and step.work.steps:
                boxes.append(self._group(own, step.work, _WIDTH))
            else:
                height = _ROW * len(list(self._rows(own, step))) + PADDING
                boxes.append(Box(key=own, width=_WIDTH, height=height))
        arrows = tuple(self._arrows(above, dag))
        return Box(key=path, width=width, height=HEADER + PADDING, boxes=tuple(boxes), arrows=arrows)

    def _arrows(self, above: str, dag: Dag) -> Iterator[Arrow]:
        """Yield one arrow for each pair of steps, and note its texts."""
        for step in dag.steps:
            types = {port.name: port.type for port in step.interface.inputs}
            texts: dict[str, list[str]] = {name: [] for name in step.after}
            for name, source in step.inputs.items():
                if isinstance(source, StepOutput):
                    texts[source.step].append(f"{plain_name(name)}: {types.get(name, self._type(above, source))}")
            for name, lines in texts.items():
                arrow = Arrow(source=f"{above}{name}", target=f"{above}{step.name}", lines=min(len(lines), _MOST))
                self._texts[above, arrow] = lines
                yield arrow

    def _type(self, above: str, source: StepOutput) -> str:
        """Return the type of an output."""
        ports = self._steps[f"{above}{source.step}"].interface.outputs
        return next((port.type for port in ports if port.name == source.output), "")

    def draw(self, placed: Placed) -> Iterator[str]:
        """Yield the elements of a group: its frame, its lines, and its boxes."""
        step = self._steps.get(placed.key)
        head = self._rows(placed.key, step) if step else self._root_rows()
        yield (
            f'<rect class="frame" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}"'
            f' height="{placed.height:.1f}" rx="10"/>'
        )
        yield self._link(
            placed.key, "".join(_texts(placed, head, beside=placed.key in self._marks)) + self._corner(placed)
        )
        above = f"{placed.key}/" if placed.key else ""
        for line in placed.lines:
            texts = self._texts[above, line.arrow]
            yield f"<g><title>{self._arrow_title(line.arrow, texts)}</title>"
            class_, tip = "line" if texts else "line after", _tip(*line.points[-1])
            yield f'<path class="{class_}" d="{_path(line.points)}"/>{tip}</g>'
        for box in placed.boxes:
            yield from self.draw(box) if box.boxes else self._card(box)
        yield from self._labels(placed, above)

    def _corner(self, placed: Placed) -> str:
        """Return the state of a frame, in its upper right corner."""
        mark = self._marks.get(placed.key)
        if mark is None:
            return ""
        x, y = placed.x + placed.width - 12, placed.y + 22
        text = shown(_signed(mark), placed.width * _SHARE)
        return f'<text class="{mark.state}" text-anchor="end" x="{x:.1f}" y="{y:.1f}">{text}</text>'

    def _labels(self, placed: Placed, above: str) -> Iterator[str]:
        """Yield the texts of the arrows, one below the other where they end."""
        used: dict[str, int] = {}
        for line in placed.lines:
            x, y = line.points[-1]
            texts = self._texts[above, line.arrow]
            kept = texts if len(texts) <= _MOST else [*texts[: _MOST - 1], f"and {len(texts) - _MOST + 1} more"]
            for text in kept:
                row = used.get(line.arrow.target, 0)
                used[line.arrow.target] = row + 1
                place_ = f'x="{x:.1f}" y="{y - 12 - LINE * row:.1f}"'
                yield f'<text class="port" text-anchor="middle" {place_}>{shown(text, _WIDTH, 11)}</text>'

    def _arrow_title(self, arrow: Arrow, texts: Iterable[str]) -> str:
        """Return what an arrow stands for."""
        listed = "; ".join(texts) or "only the order"
        source, target = (key.rpartition("/")[2] for key in (arrow.source, arrow.target))
        return shown(f"{source} → {target}: {listed}")

    def _card(self, placed: Placed) -> Iterator[str]:
        """Yield the box of a step."""
        step = self._steps[placed.key]
        rows = list(self._rows(placed.key, step))
        whole = " · ".join(text for _, text, _ in rows)
        rect = (
            f'<rect class="box" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}"'
            f' height="{placed.height:.1f}" rx="6"/>'
        )
        yield self._link(placed.key, f"<title>{shown(whole)}</title>{rect}{''.join(_texts(placed, rows))}")

    def _link(self, path: str, inner: str) -> str:
        """Return elements that lead to the row of their step, if there is a page around them."""
        if path not in self._numbers:
            return f"<g>{inner}</g>"
        return f'<a href="#step-{self._numbers[path]}">{inner}</a>'

    def _root_rows(self) -> Iterator[tuple[str, str, float]]:
        """Yield the texts at the top of the picture."""
        yield "name", self._pipeline.title, 13
        inputs = ", ".join(f"{port.name}: {port.type}" for port in self._pipeline.interface.inputs)
        yield "dim", f"inputs: {inputs}" if inputs else "no inputs", 12

    def _rows(self, path: str, step: Step) -> Iterator[tuple[str, str, float]]:
        """Yield class, text and size of each row of a step; the first two are those of a frame."""
        yield "name", step.title, 13
        if isinstance(step.work, Dag):
            yield "dim", loop_words(step) or (f"if {step.condition.readable}" if step.condition else kind_of(step)), 12
            return
        if isinstance(step.work, Component):
            yield "dim code", short_image(step.work.spec.container.image), 11
        else:
            yield "dim", "importer", 12
        if words := loop_words(step):
            yield "dim", words, 12
        if step.condition:
            yield "dim", f"if {step.condition.readable}", 12
        if step.needs == "completed":
            yield "dim", "runs in any case", 12
        if step.component in self._changed:
            yield "warn", "⚠ differs from the lock", 12
        if mark := self._marks.get(path):
            yield mark.state, _signed(mark), 12


def _signed(mark: Mark) -> str:
    """Return a state with its sign."""
    return f"{_SIGNS.get(mark.state, '')} {mark.words}".strip()


def _texts(placed: Placed, rows: Iterable[tuple[str, str, float]], *, beside: bool = False) -> Iterator[str]:
    """Yield the rows of a box; with `beside` something else stands beside the first."""
    for number, (class_, text, size) in enumerate(rows):
        x, y = placed.x + 12, placed.y + 22 + _ROW * number
        room = placed.width * _SHARE - 18 if beside and not number else placed.width - 24
        yield f'<text class="{class_}" x="{x:.1f}" y="{y:.1f}">{shown(text, room, size)}</text>'


def _path(points: tuple[tuple[float, float], ...]) -> str:
    """Return a smooth line through points, from above to below."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return " ".join(parts)


def _tip(x: float, y: float) -> str:
    """Return the tip of an arrow."""
    return f'<path class="tip" d="M{x:.1f} {y:.1f}l-4 -7h8z"/>'
