"""Kinds of changes of a component as a whole that can break callers."""

from toolkit.breaking.change import Bump, Category, ChangeRule
from toolkit.errors import Severity
from toolkit.lint.rule import RuleCategory

WHOLE_RULES = (
    ChangeRule(
        id="B301",
        name="component-renamed",
        category=RuleCategory.BREAKING,
        summary="The component has another name, by which registries, logs and caches know it.",
        least=Category.PIPELINE,
        explanation="""
        A component's name is how registries, logs, caches and people know it. Pipelines compile nevertheless.

        Keep the name. If it is the same component, list the old name in the annotation `aliases`: a JSON list, or one
        name. If it is another one, publish it beside this one, and deprecate this one.

        Before:
            name: Train model
            command: [python, train.py]

        Wrong:
            name: Fit model
            command: [python, train.py]

        Right:
            name: Fit model
            metadata:
              annotations: {aliases: '["Train model"]'}
            command: [python, train.py]
        """,
    ),
    ChangeRule(
        id="B302",
        name="platform-dropped",
        category=RuleCategory.BREAKING,
        summary="The image is no longer for a platform that it was for: steps on such nodes cannot start.",
        least=Category.PIPELINE,
        explanation="""
        The settings, or the image that is compared with, name a platform that the new settings do not. Pipelines
        compile; a step on a node of that platform does not start.

        Keep the platform until the next major version. A contract does not name platforms, so that a release alone
        says nothing about them.

        Wrong:
            --- before/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "train.py"]
            platforms = ["linux/amd64", "linux/arm64"]
            --- before/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            --- after/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.1"
            [tool.comp]
            command = ["python", "train.py"]
            platforms = ["linux/amd64"]
            --- after/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            $ comp breaking after/train --against before/train

        Right:
            --- before/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "train.py"]
            platforms = ["linux/amd64", "linux/arm64"]
            --- before/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            --- after/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.1"
            [tool.comp]
            command = ["python", "train.py"]
            platforms = ["linux/amd64", "linux/arm64"]
            --- after/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            $ comp breaking after/train --against before/train
        """,
    ),
    ChangeRule(
        id="B303",
        name="requirement-raised",
        category=RuleCategory.BREAKING,
        severity=Severity.WARNING,
        summary="The component asks for more of the cluster than before: processors, memory, accelerators, secrets.",
        least=Category.PIPELINE,
        bump=Bump.MINOR,
        explanation="""
        Pipelines compile, and a cluster that ran the component may not be able to any more: its nodes are too small, or
        the secret does not exist there.

        Raise the minor version, and say it in the changelog. A setting in the pipeline overrides that of the component.

        Before:
            metadata:
              annotations: {comp.resources: '{"memory": "1Gi"}'}

        Wrong:
            metadata:
              annotations: {comp.resources: '{"memory": "16Gi"}'}

        Right:
            metadata:
              annotations: {comp.resources: '{"memory": "1Gi"}'}
        """,
    ),
    ChangeRule(
        id="B304",
        name="no-longer-loads",
        category=RuleCategory.BREAKING,
        summary="KFP 2 compiled pipelines with the old version, and refuses the new one.",
        least=Category.COMPILE,
        explanation="""
        Every pipeline with this component compiled in KFP 2, and none does any more. The reason is mostly a placeholder
        that does not fit its type, which `comp lint` reports as C032.

        Before:
            inputs:
            - {name: table, type: Dataset}
            args: [--table, {inputPath: table}]

        Wrong:
            inputs:
            - {name: table, type: Dataset}
            args: [--table, {inputValue: table}]

        Right:
            inputs:
            - {name: table, type: Dataset}
            args: [--data, {inputPath: table}]
        """,
    ),
    ChangeRule(
        id="B305",
        name="component-removed",
        category=RuleCategory.BREAKING,
        summary="The contract is gone, with all that it offered.",
        least=Category.COMPILE,
        explanation="""
        A contract of the earlier version is not there, and no other contract has its component's name. Pipelines that
        load the file fail. Releases in a registry stay.

        Deprecate the component first, and remove it when nothing uses it any more.

        Wrong:
            --- before/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "train.py"]
            --- before/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            --- after/test/pyproject.toml
            [project]
            name = "test"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "test.py"]
            --- after/test/component.yaml
            name: Test
            implementation:
              container: {image: test:1.0, command: [python, test.py]}
            $ comp breaking after --all --against before

        Right:
            --- before/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "train.py"]
            --- before/train/component.yaml
            name: Train
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            --- after/train/pyproject.toml
            [project]
            name = "train"
            version = "1.0.0"
            [tool.comp]
            command = ["python", "train.py"]
            --- after/train/component.yaml
            name: Train
            description: Deprecated, use Fit
            implementation:
              container: {image: train:1.0, command: [python, train.py]}
            $ comp breaking after --all --against before
        """,
    ),
)
