import textwrap
from pathlib import Path

from toolkit.consumers.python_source import read_python
from toolkit.consumers.use import Uses

LOAD = 'from kfp import components, dsl\ntrain = components.load_component_from_file("train/component.yaml")\n'


def _read(folder: Path, text: str) -> Uses:
    path = folder / "weekly.py"
    path.write_text(LOAD + textwrap.dedent(text))
    return read_python(path, {})


def _shown(uses: Uses) -> list[str]:
    """Return a line for each use: its step, what it passes, and what it takes."""
    return [
        f"{use.pipeline}/{use.step}({', '.join(passed.name or str(passed.position) for passed in use.passed)})"
        f" {[taken.name for taken in use.taken]}"
        for use in uses.uses
    ]


def test_calls_and_what_becomes_of_them(tmp_path: Path) -> None:
    uses = _read(
        tmp_path,
        """
        @dsl.pipeline(name="every week")
        def weekly(uri):
            task = train(uri, rate=0.1).set_memory_limit("1Gi").after(other)
            with dsl.If(task.outputs["score"] == 1):
                use(task.output)
            outputs = task.outputs
            use(outputs["model"], outputs.get("report"))
        """,
    )
    assert _shown(uses) == ["every week/task(0, rate) ['score', '', 'model', 'report']"]
    (use,) = uses.uses
    assert [passed.value for passed in use.passed] == [None, 0.1]
    assert (use.where.line, use.passed[1].where.column) == (6, 23)
    assert uses.unknown == []


def test_factories_in_tables_attributes_and_other_modules(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text(LOAD)
    uses = _read(
        tmp_path,
        """
        import shared
        from shared import train as other
        OPS = {"train": components.load_component_from_file("train/component.yaml")}

        class Weekly:
            def run(self):
                self.op(a=1)

            def __init__(self):
                self.op = components.load_component_from_file("train/component.yaml")

        def weekly():
            OPS["train"](b=1)
            shared.train(c=1)
            other(d=1)
            components.load_component_from_file("train/component.yaml")(e=1)
            train(*rest)
        """,
    )
    assert [use.passed[0].name for use in uses.uses if use.passed] == ["a", "b", "c", "d", "e"]
    assert all(tmp_path / "train" / "component.yaml" in use.named.places for use in uses.uses)
    assert uses.uses[-1].spreads is not None


def test_a_name_that_is_bound_again_is_no_factory(tmp_path: Path) -> None:
    uses = _read(
        tmp_path,
        """
        def weekly(train):
            train(a=1)

        def other():
            train = make()
            train(b=1)

        train(c=1)
        """,
    )
    assert _shown(uses) == ["weekly/train(c) []"]


def test_what_is_known_only_when_it_runs_is_said(tmp_path: Path) -> None:
    uses = _read(
        tmp_path,
        """
        def weekly(name, **more):
            task = train(a=1, **more)
            use(task.outputs[name])
            components.load_component_from_url(name)(b=1)
            return [components.load_component_from_file("x.yaml")]
        """,
    )
    assert [(unknown.where.line, unknown.message) for unknown in uses.unknown] == [
        (6, "the output of step task of weekly that is taken here is known only when it runs"),
        (7, "what is loaded here is known only when it runs"),
        (8, "the component that is loaded here is handed on, and its calls are not followed"),
    ]
    assert uses.uses[0].spreads is not None


def test_a_step_that_is_handed_on_is_out_of_sight(tmp_path: Path) -> None:
    uses = _read(
        tmp_path,
        """
        from kfp import kubernetes

        def weekly():
            task = train(a=1)
            other = train(a=2).after(task)
            kubernetes.use_secret_as_env(task, secret_name="s")
            report(task, other.outputs)
        """,
    )
    assert [(unknown.where.line, unknown.message) for unknown in uses.unknown] == [
        (10, "the outputs of step task of weekly are not followed into this call"),
        (10, "the outputs of step other of weekly are not followed into this call"),
    ]


def test_constant_keywords_are_known(tmp_path: Path) -> None:
    uses = _read(tmp_path, 'MORE = {"a": 1, "b": [2]}\ntask = train(**MORE)\n')
    assert [(passed.name, passed.value) for passed in uses.uses[0].passed] == [("a", 1), ("b", [2])]
    assert uses.uses[0].spreads is None
