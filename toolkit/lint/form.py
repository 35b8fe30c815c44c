"""Rules about the form of contracts, and contracts that differ from their code: readers report them."""

from toolkit.lint.rule import ERROR, RuleCategory, reported

reported(
    "C001",
    "yaml-syntax",
    ERROR,
    RuleCategory.SYNTAX,
    "The file is not one readable YAML document.",
    """
    A contract is one YAML document in UTF-8, a mapping. The finding has the place where the parser stopped; the mistake
    is there or just above it: a bracket or quote that is not closed, a tab, an indentation that differs.

    A file is refused too if it is larger than any contract, nested too deeply, or uses tags that no YAML reader of KFP
    knows, such as `!!python/object`. No other rule is applied to it.

    Wrong:
        --- component.yaml
        name: Train
        inputs: [{name: data, type: Dataset}
        implementation:
          container: {image: train:1.0, command: [python, train.py, {inputPath: data}]}

    Right:
        --- component.yaml
        name: Train
        inputs: [{name: data, type: Dataset}]
        implementation:
          container: {image: train:1.0, command: [python, train.py, {inputPath: data}]}
    """,
)

reported(
    "C002",
    "duplicate-key",
    ERROR,
    RuleCategory.SYNTAX,
    "A key occurs twice; KFP silently takes the last.",
    """
    YAML forbids a key that occurs twice in one mapping. KFP's reader does not report it: it takes the last value, and
    the first one, which stands above it, has no effect.

    Wrong:
        inputs:
        - name: data
          type: Dataset
          type: Model

    Right:
        inputs:
        - name: data
          type: Dataset
    """,
)

reported(
    "C003",
    "unknown-key",
    ERROR,
    RuleCategory.SYNTAX,
    "A key, or the kind of a value, is not part of the form.",
    """
    KFP defines the keys of a contract and what stands at each: a text, a list, a mapping, a placeholder. KFP cannot
    load a contract with another key or another kind of value. If the key resembles a known one, that one is proposed.

    Information of your own goes into `metadata.annotations`, a mapping of texts.

    Wrong:
        --- component.yaml
        name: Train
        inptus:
        - {name: data, type: Dataset}
        implementation:
          container: {image: train:1.0, command: [python, train.py]}

    Right:
        --- component.yaml
        name: Train
        inputs:
        - {name: data, type: Dataset}
        implementation:
          container: {image: train:1.0, command: [python, train.py, {inputPath: data}]}
    """,
)

reported(
    "C004",
    "not-a-string",
    ERROR,
    RuleCategory.SYNTAX,
    "A number, boolean or the like, where a text is expected.",
    """
    YAML reads `5` as a number, `yes` and `on` as booleans, `1.10` as 1.1 and `2024-01-31` as a date. Names, arguments,
    variables and annotations are texts, and KFP cannot load a contract with anything else there.

    Put the text in quotes.

    Wrong:
        args: [--epochs, 5]

    Right:
        args: [--epochs, '5']
    """,
)

reported(
    "C041",
    "env-placeholder",
    ERROR,
    RuleCategory.PASSING,
    "The environment takes plain texts; KFP cannot load a placeholder in it.",
    """
    `env` holds constants. KFP cannot load a contract that has a placeholder there, so that the value of an input never
    becomes a variable.

    Pass the input as an argument. For a secret, declare the variable in `[tool.comp.secrets]`.

    Wrong:
        inputs:
        - {name: rate, type: Float}
        args: [--rate, {inputValue: rate}]
        env:
          RATE: {inputValue: rate}

    Right:
        inputs:
        - {name: rate, type: Float}
        args: [--rate, {inputValue: rate}]
    """,
)

reported(
    "C042",
    "unsupported-container-key",
    ERROR,
    RuleCategory.PORTABILITY,
    "A key of the container that KFP refuses, such as resources, which `[tool.comp.resources]` declares.",
    """
    KFP knows `image`, `command`, `args`, `env` and `fileOutputs` of a container, and cannot load a contract with any
    other key: it is not a container of Kubernetes.

    Declare resources in `[tool.comp.resources]` of `pyproject.toml`. `comp generate` writes them as an annotation,
    which `comp` applies when it compiles a pipeline or writes a workflow.

    Wrong:
        resources:
          limits: {memory: 4Gi}

    Right:
        metadata:
          annotations: {comp.resources: '{"memory": "4Gi"}'}
    """,
)

reported(
    "C098",
    "default-differs",
    ERROR,
    RuleCategory.FRESHNESS,
    "A default in a program's contract differs from that in its code, which applies where the input is left out.",
    """
    A program has its defaults in the code, and its contract repeats them. Where a caller leaves the input out, the
    argument is left out too, so that the program's own default applies: not the one that the contract shows.

    The code is read and never run. A default that is only known when it runs is not compared.

    Wrong:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- src/train.py
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--rate", type=float, default=0.7)
        print(parser.parse_args().rate)
        --- component.yaml
        name: Train
        inputs:
        - {name: rate, type: Float, default: '0.5'}
        implementation:
          container:
            image: train:1.0
            command: [python, train.py]
            args:
            - {if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}]}}
        $ comp lint .

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- src/train.py
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--rate", type=float, default=0.7)
        print(parser.parse_args().rate)
        --- component.yaml
        name: Train
        inputs:
        - {name: rate, type: Float, default: '0.7'}
        implementation:
          container:
            image: train:1.0
            command: [python, train.py]
            args:
            - {if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}]}}
        $ comp lint .
    """,
    settable=True,
)

reported(
    "C099",
    "contract-stale",
    ERROR,
    RuleCategory.FRESHNESS,
    "The contract differs from the code or the settings, or is missing.",
    """
    The contract of a function is made from its signature, its docstring and `pyproject.toml`. If one of them changed
    since, callers see an interface that the image does not have.

    `comp generate` writes the contract and keeps its image; `comp generate --check` shows the difference, and is for
    CI.

    Wrong:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        entrypoint = "train:train"
        --- src/train.py
        def train(rounds: int) -> str:
            return "x" * rounds
        --- component.yaml
        name: Train
        metadata:
          annotations:
            version: '1.0.0'
        outputs:
        - {name: Output, type: String}
        implementation:
          container:
            image: train:1.0.0
            command: [/opt/comp/venv/bin/python, /opt/comp/launch.py, train]
            args: [--outputs, --Output, {outputPath: Output},
                   --executor-input, {executorInput: null}]
        $ comp lint .

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        entrypoint = "train:train"
        --- src/train.py
        def train(rounds: int) -> str:
            return "x" * rounds
        --- component.yaml
        name: Train
        metadata:
          annotations:
            version: '1.0.0'
        inputs:
        - {name: rounds, type: Integer}
        outputs:
        - {name: Output, type: String}
        implementation:
          container:
            image: train:1.0.0
            command: [/opt/comp/venv/bin/python, /opt/comp/launch.py, train]
            args: [--rounds, {inputValue: rounds}, --outputs, --Output, {outputPath: Output},
                   --executor-input, {executorInput: null}]
        $ comp lint .
    """,
    settable=True,
)
