"""Kinds of changes of outputs that can break callers."""

from toolkit.breaking.change import Bump, Category, ChangeRule
from toolkit.errors import Severity
from toolkit.lint.rule import RuleCategory

OUTPUT_RULES = (
    ChangeRule(
        id="B201",
        name="output-removed",
        category=RuleCategory.BREAKING,
        summary="An output is gone: a step that takes it fails.",
        least=Category.COMPILE,
        explanation="""
        A step that takes the output no longer compiles, in both lines of KFP.

        Keep the output, perhaps with an empty file, until the next major version.

        Before:
            outputs:
            - {name: model, type: Model}
            - {name: report, type: HTML}

        Wrong:
            outputs:
            - {name: model, type: Model}

        Right:
            outputs:
            - {name: model, type: Model}
            - {name: report, type: HTML, description: Empty since version 1.3}
        """,
    ),
    ChangeRule(
        id="B202",
        name="output-renamed",
        category=RuleCategory.BREAKING,
        summary="An output has another name: a step that takes the old name fails.",
        least=Category.COMPILE,
        explanation="""
        A step that takes the output by its old name no longer compiles. An output counts as renamed if another one of
        its type came, with a name much like the old one or in its place; otherwise B201 and N402 report the two.

        Keep the name, and say in the description what the output is.

        Before:
            outputs:
            - {name: model, type: Model}

        Wrong:
            outputs:
            - {name: classifier, type: Model}

        Right:
            outputs:
            - {name: model, type: Model, description: The fitted classifier}
        """,
    ),
    ChangeRule(
        id="B203",
        name="output-type-changed",
        category=RuleCategory.BREAKING,
        summary="An output has another type: some steps that took it no longer do.",
        least=Category.COMPILE,
        explanation="""
        Steps that took the output no longer do: KFP 2 passes a parameter to inputs of the very same type only, and an
        artifact to inputs of its class or of a generic one.

        Add an output of the new type, and keep the old one.

        Before:
            outputs:
            - {name: model, type: Model}
            - {name: table, type: Dataset}

        Wrong:
            outputs:
            - {name: model, type: Model}
            - {name: table, type: HTML}

        Right:
            outputs:
            - {name: model, type: Model}
            - {name: table, type: Dataset}
            - {name: page, type: HTML}
        """,
    ),
    ChangeRule(
        id="B204",
        name="output-type-widened",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="An output promised one class of artifacts, and promises any now.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        The output had a class, and has none now. Every step that took it still does in KFP 2. Those who read the
        contract, KFP 1.8 and graph components know less about it than before.

        Keep the class.

        Before:
            outputs:
            - {name: model, type: Model}

        Wrong:
            outputs:
            - {name: model, type: Artifact}

        Right:
            outputs:
            - {name: model, type: Model, description: A file of joblib}
        """,
    ),
    ChangeRule(
        id="B205",
        name="output-passing-kind-changed",
        category=RuleCategory.BREAKING,
        summary="An output was a value and is an artifact now, or the other way round.",
        least=Category.COMPILE,
        explanation="""
        Values and artifacts go to different inputs, so that a step that took the output no longer compiles.

        Add an output of the new kind, and keep the old one.

        Before:
            outputs:
            - {name: model, type: Model}
            - {name: score, type: Float}

        Wrong:
            outputs:
            - {name: model, type: Model}
            - {name: score, type: Metrics}

        Right:
            outputs:
            - {name: model, type: Model}
            - {name: score, type: Float}
            - {name: metrics, type: Metrics}
        """,
    ),
    ChangeRule(
        id="B206",
        name="output-now-list",
        category=RuleCategory.BREAKING,
        summary="An output was one artifact and is a list of them now, or the other way round.",
        least=Category.PIPELINE,
        explanation="""
        KFP compares the type alone, so that pipelines still compile. A step that takes the output then gets several
        artifacts where it expects one, or the other way round.

        Add an output, and keep the old one.

        Before:
            outputs:
            - {name: model, type: Model}
            - {name: parts, type: Dataset}

        Wrong:
            outputs:
            - {name: model, type: Model}
            - {name: parts, type: Dataset, annotations: {list: true}}

        Right:
            outputs:
            - {name: model, type: Model}
            - {name: parts, type: Dataset}
        """,
    ),
    ChangeRule(
        id="B207",
        name="output-not-alone",
        category=RuleCategory.BREAKING,
        summary="A second output was added: callers who write `task.output` have to name the one they mean.",
        least=Category.COMPILE,
        explanation="""
        Of a component with one output callers may write `task.output`. With a second one KFP cannot know which is
        meant, and such a pipeline no longer compiles, in both lines of KFP.

        Callers who write `task.outputs["model"]` are not affected, with either version. Begin with two outputs if more
        are likely.

        Before:
            outputs:
            - {name: model, type: Model}

        Wrong:
            outputs:
            - {name: model, type: Model}
            - {name: report, type: HTML}

        Right:
            outputs:
            - {name: model, type: Model, description: A folder with the model and its report}

        Also: N402
        """,
    ),
)
