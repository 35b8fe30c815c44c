"""Rules about functions that become components, which the readers of functions report."""

from toolkit.lint.rule import ERROR, INFO, WARNING, RuleCategory, reported

reported(
    "F001",
    "python-syntax",
    ERROR,
    RuleCategory.FUNCTIONS,
    "The module cannot be parsed.",
    """
    Functions are read from the source of their module, without importing it. A module with a syntax error cannot be
    read, and Python could not run it either.

    Code for a newer Python than the one that `comp` runs in is read by another Python of this machine, if there is one.

    Wrong:
        def train(rounds: int) -> str
            return "x" * rounds

    Right:
        def train(rounds: int) -> str:
            return "x" * rounds
    """,
)

reported(
    "F002",
    "no-such-function",
    ERROR,
    RuleCategory.FUNCTIONS,
    "The module has no function of that name.",
    """
    An entry point is `module:function`, and the function stands at the top of the module or inside one function that
    defines it. A class, a method or an imported name does not count.

    Name a function of the module; of an imported one, name the module that defines it.

    Wrong:
        def train(rounds: int) -> str:
            return "x" * rounds
        $ comp inspect-function train.py:trian

    Right:
        def train(rounds: int) -> str:
            return "x" * rounds
    """,
)

reported(
    "F003",
    "function-defined-twice",
    ERROR,
    RuleCategory.FUNCTIONS,
    "Several definitions, or one under a condition: which one counts is known only when the code runs.",
    """
    The code is read and never run. If a function is defined twice, or inside of `if` or `try`, only a run would show
    which definition counts. A function inside another one cannot be taken out if it uses variables of that one.

    Keep one definition, at the top of the module, and decide inside of it.

    Wrong:
        def train(rounds: int) -> str:
            return "x" * rounds


        def train(rounds: int) -> str:
            return "y" * rounds

    Right:
        def train(rounds: int) -> str:
            return "y" * rounds
    """,
)

reported(
    "F004",
    "unnamed-input",
    ERROR,
    RuleCategory.FUNCTIONS,
    "A parameter such as `*args`, which has no input's name.",
    """
    Every input has one name, by which callers pass it. `*args` and `**kwargs` take what has no name in the interface,
    and a parameter in front of `/` cannot be passed by its name.

    Give each input a parameter of its own; for a variable number of values take a `list` or a `dict`.

    Wrong:
        def train(*rounds: int) -> str:
            return "x" * sum(rounds)

    Right:
        def train(rounds: list[int]) -> str:
            return "x" * sum(rounds)
    """,
)

reported(
    "F005",
    "missing-annotation",
    ERROR,
    RuleCategory.FUNCTIONS,
    "A parameter has no type.",
    """
    The type decides how an input is passed: a value as a text on the command line, an artifact as a file. Nothing is
    guessed from names or defaults.

    Wrong:
        def train(rounds, rate: float = 0.1) -> str:
            return "x" * rounds

    Right:
        def train(rounds: int, rate: float = 0.1) -> str:
            return "x" * rounds
    """,
)

reported(
    "F006",
    "unknown-annotation",
    ERROR,
    RuleCategory.FUNCTIONS,
    "An annotation that KFP has no type for.",
    """
    Values are `str`, `int`, `float`, `bool`, `list`, `dict`, `Literal`, `Enum`, and records of these (dataclasses,
    TypedDict, pydantic), also inside of `Optional`. Files are `Input[Dataset]`, `Output[Model]`, `InputPath("CSV")`,
    `OutputPath("CSV")` and their relatives of both lines of KFP. The message names what to write instead of the most
    usual others.

    The names of KFP can be imported from `toolkit.types`, which needs nothing installed.

    Wrong:
        def train(table: bytes) -> str:
            return str(len(table))

    Right:
        from toolkit.types import InputPath


        def train(table: InputPath("CSV")) -> str:
            return open(table).readline()
    """,
)

reported(
    "F007",
    "default-not-literal",
    ERROR,
    RuleCategory.FUNCTIONS,
    "A default that is not of its type, or only known when the code runs.",
    """
    The contract shows each default, so that it has to be known without running the code: a literal, a constant of the
    module, or an item of a table that is written out. It has to be of the parameter's type and one of its choices. An
    artifact's only default is None, and an output has no default.

    Wrong:
        import os


        def train(rounds: int = os.cpu_count()) -> str:
            return "x" * rounds

    Right:
        import os


        def train(rounds: int | None = None) -> str:
            return "x" * (rounds or os.cpu_count())
    """,
)

reported(
    "F008",
    "function-name-collision",
    ERROR,
    RuleCategory.FUNCTIONS,
    "Two inputs or outputs have the same name for KFP.",
    """
    KFP 2 writes names in small letters, with one underscore for everything but letters and digits. Two inputs, or two
    outputs, that are equal then would silently become one. An input and an output may have the same name.

    Wrong:
        def train(Rate: float, rate: float) -> str:
            return str(Rate * rate)

    Right:
        def train(first_rate: float, rate: float) -> str:
            return str(first_rate * rate)
    """,
)

reported(
    "F009",
    "async-function",
    ERROR,
    RuleCategory.FUNCTIONS,
    "An async function, which nothing would await.",
    """
    The launcher calls the function and takes what it returns. An async function returns a coroutine, and its code would
    never run.

    Wrong:
        async def train(url: str) -> str:
            return await download(url)

    Right:
        import asyncio


        def train(url: str) -> str:
            return asyncio.run(download(url))
    """,
)

reported(
    "F010",
    "docstring-contradicts",
    WARNING,
    RuleCategory.FUNCTIONS,
    "The docstring differs from the signature.",
    '''
    The descriptions of inputs come from the docstring. One for a parameter that does not exist reaches no caller,
    mostly because the parameter was renamed; a type in the docstring that differs from the annotation misleads those
    who read it.

    Wrong:
        def train(rounds: int) -> str:
            """Fit a classifier.

            Args:
                round: How often the table is read.
            """
            return "x" * rounds

    Right:
        def train(rounds: int) -> str:
            """Fit a classifier.

            Args:
                rounds: How often the table is read.
            """
            return "x" * rounds
    ''',
)

reported(
    "F011",
    "argument-left-out",
    INFO,
    RuleCategory.FUNCTIONS,
    "An argument of KFP's decorator without a counterpart here.",
    """
    `comp` takes the base image, the image's name and the packages from KFP's decorators. Other arguments tell kfp how
    to install packages in each run, which `comp` does when it builds. The message says what serves instead; an argument
    that is not a literal is to be written into `pyproject.toml`.

    Nothing is wrong with the function, so this is an info.

    Wrong:
        from kfp import dsl


        @dsl.component(pip_index_urls=["https://packages.example.com/simple"])
        def train(rounds: int) -> str:
            return "x" * rounds

    Right:
        from kfp import dsl


        @dsl.component
        def train(rounds: int) -> str:
            return "x" * rounds
    """,
)

reported(
    "F012",
    "another-kind",
    ERROR,
    RuleCategory.FUNCTIONS,
    "A pipeline, or a function that returns a command line.",
    """
    A component is one step, which runs a function. A pipeline calls components, a `container_component` returns the
    command line of another image, and an importer runs nothing. The message says which command takes each of them.

    Wrong:
        from kfp import dsl


        @dsl.pipeline
        def train(rounds: int):
            fit(rounds=rounds)

    Right:
        from kfp import dsl


        @dsl.component
        def train(rounds: int) -> str:
            return "x" * rounds
    """,
)

reported(
    "F013",
    "unknown-import",
    ERROR,
    RuleCategory.FUNCTIONS,
    "Code imports a module of no known distribution, or opens a file that cannot be copied.",
    """
    The image contains the repository's own modules that the code imports, and the distributions that `pyproject.toml`
    names. Which distribution provides a module is taken from the project's requirements and locks, the packages of its
    environment, and a table of usual ones. A module that none of them has is not guessed: anyone may own the
    distribution of that name.

    Add the right distribution to `dependencies`. The finding is milder if the code works without the module.

    Wrong:
        --- pyproject.toml
        [project]
        name = "steps"
        version = "1.0.0"
        --- train.py
        import acme_internal


        def train(rounds: int) -> str:
            return acme_internal.fit(rounds)
        $ comp new step --from-function train.py:train

    Right:
        --- pyproject.toml
        [project]
        name = "steps"
        version = "1.0.0"
        dependencies = ["acme-internal>=2"]
        --- train.py
        import acme_internal


        def train(rounds: int) -> str:
            return acme_internal.fit(rounds)
        $ comp new step --from-function train.py:train
    """,
)

reported(
    "F014",
    "decorator-not-followed",
    WARNING,
    RuleCategory.FUNCTIONS,
    "A decorator's settings cannot be followed, so base and packages may be missing.",
    """
    `comp` reads the base image and the packages from KFP's decorators, and follows names, partials, wrapping functions
    and `**` of tables that are written out. What is computed by a call is only known when the code runs. The component
    is made without it, so that packages may be missing in its image.

    Write the settings out, or name base and dependencies in `pyproject.toml`.

    Wrong:
        from kfp import dsl
        from common import settings


        @dsl.component(**settings())
        def train(rounds: int) -> str:
            return "x" * rounds

    Right:
        from kfp import dsl

        SETTINGS = {"base_image": "python:3.11-slim"}


        @dsl.component(**SETTINGS)
        def train(rounds: int) -> str:
            return "x" * rounds
    """,
)

reported(
    "F015",
    "command-not-known",
    ERROR,
    RuleCategory.FUNCTIONS,
    "A part of a container component's command line that is only known when kfp compiles it, or that kfp refuses.",
    """
    A `@dsl.container_component` returns its image and command line. They are read without running the function, as far
    as constants and placeholders decide them. What depends on the value of an input cannot be known: when kfp compiles
    the function, a parameter is a placeholder and not a value.

    Use `dsl.IfPresentPlaceholder` and `dsl.ConcatPlaceholder`, which the engine resolves.

    Wrong:
        from typing import Optional

        from kfp import dsl


        @dsl.container_component
        def train(note: Optional[str] = None):
            args = ["--fit"]
            if note:
                args.append(note)
            return dsl.ContainerSpec(image="train:1.0", command=["train"], args=args)

    Right:
        from typing import Optional

        from kfp import dsl


        @dsl.container_component
        def train(note: Optional[str] = None):
            return dsl.ContainerSpec(
                image="train:1.0",
                command=["train"],
                args=["--fit", dsl.IfPresentPlaceholder(input_name="note", then=[note])],
            )
    """,
)
