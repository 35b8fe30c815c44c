"""Kinds of changes that break no caller: additions, and the implementation behind the interface."""

from toolkit.breaking.change import Bump, ChangeRule
from toolkit.errors import Severity
from toolkit.lint.rule import RuleCategory

COMPATIBLE_RULES = (
    ChangeRule(
        id="N401",
        name="input-added-optional",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="A new input may be left out.",
        explanation="""
        Calls that leave the new input out compile and mean what they meant. It is an addition, and so a minor version.

        Before:
            inputs:
            - {name: data, type: Dataset}

        After:
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer, default: '0'}

        Also: N502
        """,
    ),
    ChangeRule(
        id="N402",
        name="output-added",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="A new output.",
        explanation="""
        Steps that take the other outputs are not affected. It is an addition, and so a minor version. A second output
        beside a single one breaks callers who write `task.output`: see B207.

        Before:
            outputs:
            - {name: model, type: Model}
            - {name: report, type: HTML}

        After:
            outputs:
            - {name: model, type: Model}
            - {name: report, type: HTML}
            - {name: metrics, type: Metrics}

        Also: N502
        """,
    ),
    ChangeRule(
        id="N403",
        name="input-now-optional",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="A required input may be left out now.",
        explanation="""
        Calls that pass the input compile and mean what they meant. It is an addition, and so a minor version.

        Before:
            inputs:
            - {name: seed, type: Integer}

        After:
            inputs:
            - {name: seed, type: Integer, default: '0'}

        Also: N502
        """,
    ),
    ChangeRule(
        id="N404",
        name="interface-extended",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="A port takes or says more than before: a choice, an annotation.",
        explanation="""
        The input takes every value that it took, and more. It is an addition, and so a minor version.

        Before:
            inputs:
            - {name: mode, type: String, annotations: {choices: [fast, exact]}}

        After:
            inputs:
            - {name: mode, type: String, annotations: {choices: [fast, exact, best]}}

        Also: N503
        """,
    ),
    ChangeRule(
        id="N501",
        name="image-changed",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="Another image, behind the same interface.",
        otherwise=Bump.PATCH,
        explanation="""
        Another image runs behind the same interface: a patch version, if it does what it did.

        Before:
            image: train:1.0.0

        After:
            image: train:1.0.1
        """,
    ),
    ChangeRule(
        id="N502",
        name="command-changed",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="Another command line, behind the same interface.",
        otherwise=Bump.PATCH,
        explanation="""
        Another command line runs behind the same interface: command, arguments, variables or fixed paths of outputs. A
        patch version, if it does what it did.

        Before:
            command: [python, train.py]

        After:
            command: [python, -u, train.py]
        """,
    ),
    ChangeRule(
        id="N503",
        name="documentation-changed",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="Other descriptions, annotations or labels.",
        otherwise=Bump.PATCH,
        explanation="""
        Descriptions, annotations or labels changed: nothing that a pipeline or an engine notices, and so a patch
        version.

        Before:
            description: Train
            command: [python, train.py]

        After:
            description: Fit a classifier on a table
            command: [python, train.py]
        """,
    ),
    ChangeRule(
        id="N504",
        name="formatting-changed",
        category=RuleCategory.COMPATIBLE,
        severity=Severity.INFO,
        summary="The text changed, and nothing that callers notice: comments, quotes, the order of keys.",
        otherwise=Bump.PATCH,
        explanation="""
        Comments, quotes or the order of keys changed. A release is known by the digest of its text, so that even this
        needs a patch version.

        Before:
            name: Train
            command: [python, train.py]

        After:
            name: 'Train'
            command: [python, train.py]
        """,
    ),
)
