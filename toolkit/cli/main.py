"""The entry point: find the command, run it, and turn every outcome into an exit code."""

import gc
import logging
import os
import sys
from typing import Any

import click

from toolkit import __version__
from toolkit.cli.console import Console, LogHandler, guard, tell
from toolkit.cli.failures import near, print_failure, print_hint
from toolkit.cli.groups import LazyGroup
from toolkit.errors import OutsideError
from toolkit.redaction import learn_from_environment
from toolkit.system import signals as leaving
from toolkit.system import temporary

# Name, module under toolkit.cli, and the line that `comp --help` shows without importing the module.
SECTIONS = {
    "Make and read components": {
        "new": ("new", "Scaffold a component from a function, a program or a template."),
        "sync": ("sync", "Apply a newer template to a component's folder."),
        "inspect-function": ("inspect_function", "Print how functions are read, or why they cannot be components."),
        "generate": ("generate", "Write component.yaml from the code, or check that it is fresh."),
    },
    "Check contracts": {
        "lint": ("lint", "Check component.yaml and the settings, with file:line:col."),
        "breaking": ("breaking", "Compare contracts with earlier versions: what breaks, which version."),
        "migrate": ("migrate", "Rewrite contracts of KFP 1.8 so that KFP 2 takes them too."),
        "rules": ("rules", "List the rules of lint and breaking."),
        "explain": ("explain", "Explain one rule, with an example and its fix."),
        "schema": ("schema", "Print the JSON schemas of files, or install them for editors."),
    },
    "Build images": {
        "lock": ("lock", "Pin requirements by hash and the base by digest."),
        "build": ("build", "Build the image; push it and pin component.yaml."),
        "dockerfile": ("dockerfile", "Write the Dockerfile that makes the same image, to own it."),
        "base": ("base", "Make a base image from Debian packages."),
        "inspect": ("inspect", "Look into an image: layers, sizes, what the launcher will run."),
        "sbom": ("sbom", "Write what an image is made of, as CycloneDX or SPDX."),
        "licenses": ("licenses", "List the licenses of an image's packages, and check them by a policy."),
        "sign": ("sign", "Sign an image with a key or an identity."),
        "provenance": ("provenance", "Print how an image was built."),
        "verify": ("verify", "Verify an image: signature, contract, and what a policy asks for."),
    },
    "Run": {
        "run": ("run", "Run a component once, on your files and values."),
        "test": ("test", "Run the cases in tests/."),
        "pipeline": ("pipeline", "Compile, run, watch and show pipelines."),
        "convert": ("convert", "Turn a contract into KFP v2 IR, an Argo WorkflowTemplate, or back."),
    },
    "Share components": {
        "publish": ("publish", "Put a release into a component registry."),
        "import": ("import_", "Publish contracts that others made, from a folder or a repository."),
        "yank": ("yank", "Keep ranges from choosing a version of a component."),
        "deprecate": ("deprecate", "Say that nothing new should use a component, and what to use."),
        "mirror": ("mirror", "Copy releases and images from one registry to another."),
        "registry": ("registry", "Make a component registry, check it and look after it."),
        "catalog": ("catalog", "Show a component registry as web pages."),
    },
    "Reuse components": {
        "search": ("search", "Find components in a registry."),
        "show": ("show", "Show one component of a registry."),
        "add": ("add", "Take components from registries into this project."),
        "status": ("status", "Show which components taken from registries are edited or outdated."),
        "outdated": ("outdated", "List components taken from registries that have newer releases."),
        "update": ("update", "Take newer releases of components, and show what they break."),
        "remove": ("remove", "Take components of registries out of this project."),
        "stubs": ("stubs", "Write a typed Python module of components, for pipelines."),
    },
    "Work in a repository and on this machine": {
        "changed": ("changed", "List the components that changed since a commit."),
        "ci": ("ci", "Write what a CI platform needs to build, test and push components."),
        "cache": ("cache", "Show the cache, prune it, or carry it to another machine."),
        "doctor": ("doctor", "List the programs and servers that comp finds, and those that are missing."),
        "completion": ("completion", "Print the script for completion in bash, zsh or fish."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

# Options of `comp` itself, which users also write behind a command.
_BEFORE_COMMANDS = ("-q", "--quiet", "-v", "--verbose")


class _Near(logging.Formatter):
    """Shortens the paths in what the parts below log."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message of a record."""
        return near(record.getMessage())


@click.group(
    cls=LazyGroup,
    package="toolkit.cli",
    table=COMMANDS,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="comp")
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for debugging.")
@click.pass_context
def comp(ctx: click.Context, *, quiet: bool, verbose: int) -> None:
    """Package Python code as pipeline components: scaffold, build, validate, share.

    Exit codes: 0 success; 1 what it reads is wrong or missing, or a check found something; 2 the command line is wrong;
    3 something outside failed; 4 a bug in comp.
    """
    ctx.obj = Console(-1 if quiet else verbose)
    log = logging.getLogger("toolkit")
    log.setLevel({-1: logging.WARNING, 0: logging.INFO}.get(ctx.obj.verbosity, logging.DEBUG))
    handler = LogHandler()
    handler.setFormatter(_Near())
    # After a signal, what fails fails because of it.
    handler.addFilter(lambda _: not leaving.is_leaving())
    log.handlers = [handler]
    # Removes the leftovers of runs that were killed.
    temporary.sweep(temporary.place())


def main(arguments: list[str] | None = None) -> int:
    """Run `comp` and return its exit code, as in the README."""
    guard()
    # Before anything can be printed, errors of the command line included.
    learn_from_environment(os.environ, sys.argv[1:] if arguments is None else arguments)
    try:
        with leaving.exit_on_signals():
            # Otherwise click would end the process itself, with its own exit codes and messages.
            result: Any = comp.main(args=arguments, prog_name="comp", standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        # As a shell counts it: 128 and the number of SIGINT.
        code = 130
    # A kind of the next one, but what it shows is the help.
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        _print_usage(error)
        code = 2
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else 1
    except BrokenPipeError:
        # The reader of stdout went away, and nothing of ours failed. Without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # noqa: BLE001 (the one place where a bug becomes exit code 4)
        try:
            code = print_failure(error)
        except OSError:
            # stderr itself cannot be written to, so that the exit code alone can say it.
            code = OutsideError.exit_code
    else:
        # A command returns its exit code, or nothing for success.
        code = result if isinstance(result, int) else 0
    if arguments is None:
        # The process ends here. Python's last collection would look at every object, and free what is freed anyway.
        gc.freeze()
    return code


def _print_usage(error: click.ClickException) -> None:
    """Print what is wrong with a command line, in the form of all other errors."""
    # click lists choices on lines of their own, and ends its sentences with a full stop.
    message = " ".join(line.strip() for line in error.format_message().splitlines()).removesuffix(".")
    tell(f"error: {message[:1].lower()}{message[1:]}")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "comp"
    if isinstance(error, click.NoSuchOption) and error.option_name in _BEFORE_COMMANDS:
        print_hint(f"it goes before the command: comp {error.option_name}{path.removeprefix('comp')}")
    else:
        print_hint(f"see {path} --help")


if __name__ == "__main__":
    sys.exit(main())
