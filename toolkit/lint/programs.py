"""Rules about programs and notebooks that become components, which the readers of programs report."""

from toolkit.lint.rule import ERROR, WARNING, RuleCategory, reported

reported(
    "P001",
    "option-not-read",
    WARNING,
    RuleCategory.PROGRAMS,
    "An option of a program that is only known when the program runs.",
    """
    Programs are read and not run. An option whose name, type or default is computed cannot be read; the component is
    made without what is not known, and the contract may lack the option. It is an info if only a default is worked out
    by the program, which then still applies.

    Write the option out, declare it with `--input NAME:KIND`, or let `--exec` ask the program's own parser.

    Wrong:
        import argparse
        import os

        parser = argparse.ArgumentParser()
        parser.add_argument("--" + os.environ["OPTION"])
        print(parser.parse_args())

    Right:
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--rate", type=float, default=0.1)
        print(parser.parse_args())
    """,
)

reported(
    "P002",
    "two-parsers",
    ERROR,
    RuleCategory.PROGRAMS,
    "A program parses its command line twice, by two parsers.",
    """
    Each parser would take the whole command line and refuse the options of the other, so that it is not known which
    options the program has. Parsers that take only what they know (`parse_known_args`) may share a command line.

    Wrong:
        import argparse

        first = argparse.ArgumentParser()
        first.add_argument("--rate", type=float)
        second = argparse.ArgumentParser()
        second.add_argument("--seed", type=int)
        print(first.parse_args(), second.parse_args())

    Right:
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--rate", type=float)
        parser.add_argument("--seed", type=int)
        print(parser.parse_args())
    """,
)

reported(
    "P003",
    "command-line-not-known",
    WARNING,
    RuleCategory.PROGRAMS,
    "The code that reads a program's command line is not in its file, so that its options are unknown.",
    """
    `comp` reads argparse, click, typer, fire, absl, dataclasses, `sys.argv` and environment variables. Another reader
    of the command line, or options that a library adds itself, are not known from the program's file.

    Declare the options with `--input NAME:KIND` and `--output NAME`; for argparse, docopt and jsonargparse `--exec`
    asks the program's own parser.

    Wrong:
        import hydra


        @hydra.main(config_name="config", version_base=None)
        def main(settings):
            print(settings)


        main()

    Right:
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--rate", type=float, default=0.1)
        print(parser.parse_args())
    """,
)

reported(
    "P004",
    "notebook-alone",
    WARNING,
    RuleCategory.PROGRAMS,
    "A cell of a notebook needs more than the notebook: a person, a service, a program of the image, an index.",
    """
    A notebook becomes a step that runs its cells from the first to the last, and no person watches. A cell that
    installs packages, asks a question, or calls a program or service of the place where it was written does not work
    there, or not in the same way each time.

    Name packages under `dependencies`, make questions parameters, and remove what only helps while you write.

    Wrong:
        --- train.ipynb
        {
         "cells": [
          {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [], "source": ["rate = 0.1"]},
          {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["!pip install pandas\\n", "print(rate)"]}
         ],
         "metadata": {}, "nbformat": 4, "nbformat_minor": 5
        }
        $ comp new step --from-program train.ipynb

    Right:
        --- train.ipynb
        {
         "cells": [
          {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [], "source": ["rate = 0.1"]},
          {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["print(rate)"]}
         ],
         "metadata": {}, "nbformat": 4, "nbformat_minor": 5
        }
        $ comp new step --from-program train.ipynb
    """,
)
