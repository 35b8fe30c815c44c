"""Rules about `pyproject.toml` and the folder around it, which readers report."""

from toolkit.lint.rule import ERROR, INFO, RuleCategory, reported

reported(
    "S001",
    "settings",
    ERROR,
    RuleCategory.SETTINGS,
    "[project] or [tool.comp] of pyproject.toml is incomplete or invalid.",
    """
    `[project]` is the standard table of Python projects: it needs at least a name and a version. `[tool.comp]` has what
    only `comp` needs: the entry point of a function, or the command of a program. A key that is not known is an error,
    since a misspelt setting would otherwise have no effect. docs/settings.md lists all.

    Wrong:
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        entrypint = "train:train"

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- component.yaml
        name: Train
        implementation:
          container: {image: train:1.0, command: [python, train.py]}
    """,
)

reported(
    "S002",
    "secret-in-settings",
    ERROR,
    RuleCategory.SECURITY,
    "A constant of [tool.comp.env] looks like a secret, which everyone could read in the contract.",
    """
    The constants of `[tool.comp.env]` become a part of the contract, and so of every pipeline and run that uses it. A
    value that looks like a secret is refused; it is a warning if only the name is that of a secret. The message does
    not repeat the value.

    Keep the value in a secret of the cluster, and name that in `[tool.comp.secrets]`. The step finds it in the same
    variable.

    Wrong:
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]

        [tool.comp.env]
        ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]

        [tool.comp.secrets]
        ACCESS_KEY = { secret = "storage", key = "access-key" }
        --- component.yaml
        name: Train
        metadata:
          annotations:
            comp.env: '{"ACCESS_KEY": {"secret": "storage", "key": "access-key"}}'
        implementation:
          container: {image: train:1.0, command: [python, train.py]}
    """,
    settable=True,
)

reported(
    "S003",
    "template-newer",
    INFO,
    RuleCategory.FRESHNESS,
    "The built-in template that the folder was made from has changes for it.",
    """
    `comp new` records the template of a folder in `.comp/scaffold.json`, and `comp sync` applies a newer one to the
    files that you did not change. This comp has a newer version of the template than the one that made the folder, or
    that was applied last. Templates of your own are not compared, since that may need a network.

    Apply the changes with `comp sync`, which names files that both of you changed.

    Wrong:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- component.yaml
        name: Train
        implementation:
          container: {image: train:1.0, command: [python, train.py]}
        --- .comp/scaffold.json
        {"version": 1, "template": "program", "answers": {}, "files": {}, "revision": "0123456789ab"}

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.0.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- component.yaml
        name: Train
        implementation:
          container: {image: train:1.0, command: [python, train.py]}
    """,
)
