"""One offline HTML page of a pipeline: the picture, and tables of its inputs, steps and outputs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.interface.model import Input, Output
from toolkit.pipelines.conditions import plain_name
from toolkit.pipelines.drawing import (
    MARK,
    STYLE,
    Mark,
    kind_of,
    loop_words,
    numbered,
    picture,
    shown,
    steps_by_path,
)
from toolkit.pipelines.graph import Component, Constant, Dag, DagInput, FinalStatus, Pipeline, Source, Step, StepOutput
from toolkit.pipelines.run_record import RunRecord, StepRecord
from toolkit.pipelines.values import command_text

_PAGE_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--ink:#1f2328;--dim:#59636e;--border:#d1d9e0;--bad:#d1242f;--link:#0969da}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--border:#3d444d;--bad:#f85149;
--link:#4493f8}}
body{margin:0 auto;padding:1.5rem;max-width:90rem;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.25rem 0}.dim{color:var(--dim)}
.graph{overflow:auto;border:1px solid var(--border);border-radius:8px;margin-top:1rem;max-height:85vh}
.graph svg{display:block;margin:0 auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}.scroll{overflow-x:auto}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--border);
overflow-wrap:anywhere;min-width:7rem}
tr:target{outline:2px solid var(--link)}code{font:.85em ui-monospace,monospace}
ul{margin:0;padding-left:1.1rem}.warn{color:var(--bad)}a{color:var(--link)}
"""
# Bytes at the beginning of a file in which the mark stands.
_BEGINNING = 600
_NO_CODE = "default-src 'none'; style-src 'unsafe-inline'"
# The state that counts for a step with several iterations: the first of these that one of them has.
_WORST = ("failed", "running", "interrupted", "succeeded", "cached", "skipped")


class Shown(Struct, frozen=True, kw_only=True):
    """What a picture shows beside the pipeline: a run, and what differs from the lock.

    `changed` has the words for a component by its key in the document, `changes` those for all.
    """

    run: RunRecord | None = None
    changed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[str, ...] = ()


def is_drawn(path: Path) -> bool:
    """Return whether a file is a page or a picture that was drawn here before."""
    try:
        with path.open("rb") as stream:
            return MARK.encode() in stream.read(_BEGINNING)
    except OSError:
        return False


def svg(pipeline: Pipeline, beside: Shown) -> str:
    """Return the picture alone, with its style."""
    marks = _marks(pipeline, beside.run)
    return picture(pipeline, marks=marks, changed=beside.changed, linked=False, styled=True) + "\n"


def page(pipeline: Pipeline, beside: Shown) -> str:
    """Return the whole page. It needs no other file, and has no code."""
    drawn = picture(pipeline, marks=_marks(pipeline, beside.run), changed=beside.changed, linked=True, styled=False)
    name = shown(pipeline.title)
    parts = [
        "<!doctype html>",
        f"<!-- {MARK} -->",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f'<meta http-equiv="Content-Security-Policy" content="{_NO_CODE}"><title>{name}</title>',
        f"<style>{_PAGE_STYLE}{STYLE}</style></head><body>",
        f"<h1>{name}</h1>",
        f"<p>{shown(pipeline.description)}</p>" if pipeline.description else "",
        *_run_words(beside.run),
        *_change_words(beside.changes),
        f'<div class="graph" role="region" aria-label="Graph" tabindex="0">{drawn}</div>',
        *_table("Inputs", ("Name", "Type", "Default", "Description"), _inputs(pipeline.interface.inputs)),
        *_table("Steps", ("Step", "Component", "Inputs", "Outputs", "When", "State"), _steps(pipeline, beside)),
        *_table("Outputs", ("Name", "Type", "From", "Value"), _outputs(pipeline, beside.run)),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _run_words(run: RunRecord | None) -> Iterator[str]:
    """Yield a line about the run."""
    if run is not None:
        took = f" in {_seconds(run.ended - run.started)}" if run.ended else ""
        yield f'<p class="dim">Run {shown(run.folder.name)}: {shown(run.state)}{took}</p>'


def _change_words(changes: Sequence[str]) -> Iterator[str]:
    """Yield what differs from the lock."""
    if changes:
        listed = "".join(f"<li>{shown(change)}</li>" for change in changes)
        yield f'<h2>Differs from the lock</h2><ul class="warn">{listed}</ul>'


def _table(title: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Yield a table; nothing without rows. Each row has its id, which may be empty, and its cells as HTML."""
    listed = list(rows)
    if not listed:
        return
    yield f'<h2>{title}</h2><div class="scroll"><table><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead><tbody>"
    for key, cells in listed:
        yield f"<tr{f' id={key!r}' if key else ''}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _inputs(ports: Sequence[Input]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a row for each input of the pipeline."""
    for port in ports:
        default = "optional" if port.optional and port.default is None else "required"
        given = f"<code>{shown(port.default)}</code>" if port.default is not None else default
        yield "", (shown(port.name), shown(port.type), given, shown(port.description))


def _steps(pipeline: Pipeline, beside: Shown) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a row for each step."""
    numbers, marks = numbered(pipeline), _marks(pipeline, beside.run)
    for path, step in steps_by_path(pipeline).items():
        mark = marks.get(path)
        yield (
            f"step-{numbers[path]}",
            (
                f"<b>{shown(step.title)}</b><br><span class=dim>{shown(path)}</span>",
                _component(step, beside),
                _listed(_input(step, name, source) for name, source in step.inputs.items()),
                _listed(f"{shown(port.name)}: {shown(port.type)}" for port in step.interface.outputs),
                _listed(_when(step)),
                shown(mark.words) if mark else "",
            ),
        )


def _component(step: Step, beside: Shown) -> str:
    """Return what does the work of a step."""
    words = kind_of(step)
    if isinstance(step.work, Component):
        words = f"{shown(step.work.spec.name)}<br><code>{shown(step.work.spec.container.image)}</code>"
    if step.component in beside.changed:
        words += f'<br><span class="warn">{shown(beside.changed[step.component])}</span>'
    return words


def _when(step: Step) -> Iterator[str]:
    """Yield what decides when a step runs, and how often."""
    if step.condition:
        yield f"if <code>{shown(step.condition.readable)}</code>"
    if step.loop:
        yield shown(loop_words(step))
    if step.needs == "completed":
        yield f"in any case after {shown(', '.join(step.after))}"
    elif step.after:
        yield f"after {shown(', '.join(step.after))}"
    if step.retry:
        yield f"tried {step.retry.times} times more"
    if not step.cached and not isinstance(step.work, Dag):
        yield "never from the cache"


def _input(step: Step, name: str, source: Source) -> str:
    """Return an input of a step with its type and source."""
    type_ = next((port.type for port in step.interface.inputs if port.name == name), "")
    typed = f"{shown(plain_name(name))}{f': {shown(type_)}' if type_ else ''}"
    match source:
        case Constant():
            return f"{typed} = <code>{shown(command_text(source.value)[:300])}</code>"
        case DagInput():
            return f"{typed} ← {shown('.'.join((plain_name(source.name), *source.members)))}"
        case StepOutput():
            return f"{typed} ← {shown(source.step)}.{shown('.'.join((plain_name(source.output), *source.members)))}"
        case FinalStatus():
            return f"{typed} ← how {shown(source.step)} ended"


def _outputs(pipeline: Pipeline, run: RunRecord | None) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a row for each output of the pipeline."""
    for port in pipeline.interface.outputs:
        sources = pipeline.root.outputs.get(port.name, ())
        names = " or ".join(f"{shown(each.step)}.{shown(plain_name(each.output))}" for each in sources)
        value = shown(_value(run.outputs.get(port.name))[:300]) if run else ""
        yield "", (shown(port.name), shown(_typed(port)), names, value)


def _typed(port: Output) -> str:
    """Return the type of an output."""
    return f"list of {port.type}" if port.many else port.type


def _value(described: Any) -> str:  # noqa: ANN401 (JSON of a record)
    """Return an output of a run in words."""
    if not isinstance(described, dict):
        return ""
    return str(described.get("path") or command_text(described.get("value", described.get("items", ""))))


def _listed(items: Iterable[str]) -> str:
    """Return a list, or its only item."""
    every = list(items)
    return "".join(every) if len(every) <= 1 else f"<ul>{''.join(f'<li>{item}</li>' for item in every)}</ul>"


def _marks(pipeline: Pipeline, run: RunRecord | None) -> dict[str, Mark]:
    """Return the state of each step after a run, over all iterations."""
    if run is None:
        return {}
    steps = steps_by_path(pipeline)
    records: dict[str, list[StepRecord]] = {}
    for path, record in run.steps.items():
        if (found := _graph_path(path, steps)) is not None:
            records.setdefault(found, []).append(record)
    return {path: _mark(each) for path, each in records.items()}


def _graph_path(path: str, steps: Mapping[str, Step]) -> str | None:
    """Return a step's path in the graph: without the numbers of iterations. None if the graph has no such step."""
    found: list[str] = []
    parts = path.split("/")
    while parts:
        found.append(parts.pop(0))
        step = steps.get("/".join(found))
        # A name may hold a slash.
        if step is not None and step.loop is not None and parts:
            parts.pop(0)
    return "/".join(found) if "/".join(found) in steps else None


def _mark(records: Sequence[StepRecord]) -> Mark:
    """Return the state of a step over its iterations."""
    states = [record.state for record in records]
    state = next((each for each in _WORST if each in states), states[0])
    times = [record.ended - record.started for record in records if record.started and record.ended]
    took = f" {_seconds(sum(times))}" if times and state not in {"skipped", "cached"} else ""
    if len(records) == 1:
        why = records[0].why if state in {"failed", "skipped"} else ""
        return Mark(state=state, words=f"{state}{took}{f': {why}' if why else ''}")
    counts = ", ".join(f"{states.count(each)} {each}" for each in _WORST if each in states)
    return Mark(state=state, words=f"{counts}{took}")


def _seconds(seconds: float) -> str:
    """Return a time in words."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{seconds:.1f} s"
