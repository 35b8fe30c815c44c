"""Kinds of changes of inputs that can break callers."""

from toolkit.breaking.change import Bump, Category, ChangeRule
from toolkit.errors import Severity
from toolkit.lint.rule import RuleCategory

INPUT_RULES = (
    ChangeRule(
        id="B101",
        name="input-removed",
        category=RuleCategory.BREAKING,
        summary="An input is gone: a call that passes it fails.",
        least=Category.COMPILE,
        explanation="""
        A call that passes the input no longer compiles, in both lines of KFP.

        Keep the input, and say in its description that it has no effect; remove it with a major version.

        Before:
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer}

        Wrong:
            inputs:
            - {name: data, type: Dataset}

        Right:
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer, description: Has no effect since version 1.3}
        """,
    ),
    ChangeRule(
        id="B102",
        name="input-renamed",
        category=RuleCategory.BREAKING,
        summary="An input has another name: a call that passes the old name fails.",
        least=Category.COMPILE,
        explanation="""
        A call that passes the old name no longer compiles, in both lines of KFP. An input counts as renamed if another
        one of its type came, with a name much like the old one or in its place; otherwise B101 and B104 report the two.

        Keep the name, and say in the description what the input is.

        Before:
            inputs:
            - {name: rate, type: Float}

        Wrong:
            inputs:
            - {name: learning_rate, type: Float}

        Right:
            inputs:
            - {name: rate, type: Float, description: The learning rate}
        """,
    ),
    ChangeRule(
        id="B103",
        name="renamed-cosmetic",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="A name is spelt otherwise, and the same in Python. Graphs and KFP 1.8 use names as written.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        KFP 2 makes small letters and underscores of names, so that callers in Python see no difference. Graph
        components, and KFP 1.8 for outputs, use names as they are written.

        Keep the spelling until the next major version, if you have such callers. It is the same for the component's own
        name: those who look for it see another one.

        Before:
            inputs:
            - {name: Learning rate, type: Float}

        Wrong:
            inputs:
            - {name: learning_rate, type: Float}

        Right:
            inputs:
            - {name: Learning rate, type: Float, description: Step of the optimiser}
        """,
    ),
    ChangeRule(
        id="B104",
        name="input-added-required",
        category=RuleCategory.BREAKING,
        summary="A new input is required: no call passes it yet.",
        least=Category.COMPILE,
        explanation="""
        No call passes the new input, and each one has to: none compiles any more, in both lines of KFP.

        Give the input a default, or make it optional.

        Before:
            inputs:
            - {name: data, type: Dataset}

        Wrong:
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer}

        Right:
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer, default: '0'}
        """,
    ),
    ChangeRule(
        id="B105",
        name="input-now-required",
        category=RuleCategory.BREAKING,
        summary="An input could be left out, and is required now.",
        least=Category.COMPILE,
        explanation="""
        A call that leaves the input out no longer compiles, in both lines of KFP.

        Keep the default, or the word `optional`.

        Before:
            inputs:
            - {name: seed, type: Integer, default: '0'}

        Wrong:
            inputs:
            - {name: seed, type: Integer}

        Right:
            inputs:
            - {name: seed, type: Integer, default: '0'}
        """,
    ),
    ChangeRule(
        id="B106",
        name="input-default-changed",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="A default is another one: pipelines that leave the input out get other results.",
        least=Category.PIPELINE,
        bump=Bump.MINOR,
        explanation="""
        Every pipeline that leaves the input out still compiles, and computes something else than before. So it breaks
        by the category `pipeline`, which asks for the same meaning, and not by `compile`.

        Keep the default, and let those who want the new value pass it. If the new one is right for all, raise the minor
        version and say it in the changelog.

        Before:
            inputs:
            - {name: rate, type: Float, default: '0.1'}

        Wrong:
            inputs:
            - {name: rate, type: Float, default: '0.01'}

        Right:
            inputs:
            - {name: rate, type: Float, default: '0.1', description: 0.01 suits large tables}
        """,
    ),
    ChangeRule(
        id="B107",
        name="input-default-removed",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="An input that may be left out lost its default: the program decides now.",
        least=Category.PIPELINE,
        bump=Bump.MINOR,
        explanation="""
        The input may still be left out. What applies then is no longer in the contract: the program decides.

        Keep the default in the contract.

        Before:
            inputs:
            - {name: rate, type: Float, default: '0.1', optional: true}

        Wrong:
            inputs:
            - {name: rate, type: Float, optional: true}

        Right:
            inputs:
            - {name: rate, type: Float, default: '0.1', optional: true}
        """,
    ),
    ChangeRule(
        id="B108",
        name="input-type-changed",
        category=RuleCategory.BREAKING,
        summary="An input takes another type: what was passed to it no longer fits.",
        least=Category.COMPILE,
        explanation="""
        What callers passed no longer fits. KFP 2 takes a parameter of the very same type only, an Integer is no Float
        for it, and an artifact of the same class or of a generic one.

        Add an input of the new type, and keep the old one.

        Before:
            inputs:
            - {name: rate, type: Float}

        Wrong:
            inputs:
            - {name: rate, type: String}

        Right:
            inputs:
            - {name: rate, type: Float}
            - {name: schedule, type: String, optional: true}
        """,
    ),
    ChangeRule(
        id="B109",
        name="input-type-narrowed",
        category=RuleCategory.BREAKING,
        summary="An input took any artifact, and takes one class now.",
        least=Category.COMPILE,
        explanation="""
        The input took artifacts of every class: `Artifact`, no type, or a type that KFP 2 does not know. Now it takes
        one class, and a pipeline that passes another one no longer compiles in KFP 2.

        Keep the wider type, and say in the description what is expected.

        Before:
            inputs:
            - {name: table, type: Artifact}

        Wrong:
            inputs:
            - {name: table, type: Dataset}

        Right:
            inputs:
            - {name: table, type: Artifact, description: A Dataset with a column `label`}
        """,
    ),
    ChangeRule(
        id="B110",
        name="input-type-widened",
        category=RuleCategory.BREAKING,
        severity=Severity.INFO,
        summary="An input takes more types than before; graphs that compare names of types see another one.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        Whatever was passed still fits in KFP 2. Graph components and KFP 1.8 compare names of types as they are
        written, and see another one.

        There is nothing to do if your callers use KFP 2.

        Before:
            inputs:
            - {name: table, type: Dataset}

        Wrong:
            inputs:
            - {name: table, type: Artifact}

        Right:
            inputs:
            - {name: table, type: Dataset}
        """,
    ),
    ChangeRule(
        id="B111",
        name="input-passing-kind-changed",
        category=RuleCategory.BREAKING,
        summary="An input was a value and is an artifact now, or the other way round.",
        least=Category.COMPILE,
        explanation="""
        Values and artifacts come from different places: a caller passes a constant or a parameter to the one, and the
        output of a step to the other. In KFP 2 no call fits both.

        Add an input of the new kind, and keep the old one.

        Before:
            inputs:
            - {name: table, type: String}

        Wrong:
            inputs:
            - {name: table, type: Dataset}

        Right:
            inputs:
            - {name: table, type: String, optional: true}
            - {name: table_file, type: Dataset, optional: true}
        """,
    ),
    ChangeRule(
        id="B112",
        name="input-passed-otherwise",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="An input came as a path and comes as a URI or a value now, or the other way round.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        The input is the same for KFP 2, and reaches the program in another way: as a path, a URI or a value. Some
        engines offer only one of them; KFP 1.8 takes any constant for a path, but for a value only one of the type.

        Keep the way until the next major version, if callers use KFP 1.8 or other engines.

        Before:
            inputs:
            - {name: table, type: Dataset}
            args: [--table, {inputPath: table}]

        Wrong:
            inputs:
            - {name: table, type: Dataset}
            args: [--table, {inputUri: table}]

        Right:
            inputs:
            - {name: table, type: Dataset}
            args: [--table, {inputPath: table}, --quick]
        """,
    ),
    ChangeRule(
        id="B113",
        name="input-reordered",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="Inputs stand in another order, which is that of the arguments in KFP 1.8 and in generated code.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        Callers of KFP 1.8 may pass inputs by their position, and generated code has them in the order of the contract.
        KFP 2 takes keywords alone. Required inputs come before the others, as in KFP 1.8.

        Append new inputs, and leave the order of the others.

        Before:
            inputs:
            - {name: train, type: Dataset}
            - {name: test, type: Dataset}

        Wrong:
            inputs:
            - {name: test, type: Dataset}
            - {name: train, type: Dataset}

        Right:
            inputs:
            - {name: train, type: Dataset}
            - {name: test, type: Dataset}
            - {name: seed, type: Integer, default: '0'}
        """,
    ),
    ChangeRule(
        id="B114",
        name="input-choices-narrowed",
        category=RuleCategory.BREAKING,
        summary="A value that an input took is no longer one of its choices.",
        least=Category.PIPELINE,
        explanation="""
        A pipeline that passes the value still compiles, and its step fails: the program no longer takes it.

        Keep the choice, and treat it as before.

        Before:
            inputs:
            - {name: mode, type: String, annotations: {choices: [fast, exact, old]}}

        Wrong:
            inputs:
            - {name: mode, type: String, annotations: {choices: [fast, exact]}}

        Right:
            inputs:
            - {name: mode, type: String, annotations: {choices: [fast, exact, old, new]}}
        """,
    ),
    ChangeRule(
        id="B115",
        name="input-list-changed",
        category=RuleCategory.BREAKING,
        summary="An input took one artifact and takes a list of them now, or the other way round.",
        least=Category.PIPELINE,
        explanation="""
        KFP compares the type alone, so that pipelines still compile. The program then gets one artifact where it
        expects several, or the other way round.

        Add an input, and keep the old one.

        Before:
            inputs:
            - {name: tables, type: Dataset}

        Wrong:
            inputs:
            - {name: tables, type: Dataset, annotations: {list: true}}

        Right:
            inputs:
            - {name: tables, type: Dataset}
            - {name: more_tables, type: Dataset, optional: true, annotations: {list: true}}
        """,
    ),
    ChangeRule(
        id="B116",
        name="type-renamed",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="A port has another type that KFP 2 treats alike, or its first one. KFP 1.8 and graphs compare names.",
        least=Category.STRICT,
        bump=Bump.MINOR,
        explanation="""
        KFP 2 takes both names for the same type: every name that it does not know is a generic artifact. KFP 1.8 and
        graph components compare names, and refuse an output of one name for an input of the other. The first type of a
        value is such a change too: KFP 2 compiles no contract that passes an input without type by value.

        Keep the name until the next major version, if you have such callers.

        Before:
            inputs:
            - {name: table, type: CSV}

        Wrong:
            inputs:
            - {name: table, type: Table}

        Right:
            inputs:
            - {name: table, type: CSV, description: A table with a column `label`}
        """,
    ),
)
