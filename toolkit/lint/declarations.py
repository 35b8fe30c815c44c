"""Rules about what a contract declares: resources, and variables from secrets and config maps."""

from collections.abc import Iterator

from toolkit.declared.reading import secret_hint
from toolkit.lint.rule import ERROR, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import container_of
from toolkit.redaction import looks_secret, named_as_secret
from toolkit.spec.declared import read_declarations
from toolkit.spec.reader import ComponentDocument


@rule(
    "C070",
    "declaration-invalid",
    ERROR,
    RuleCategory.SETTINGS,
    "An annotation comp.resources or comp.env is not what Kubernetes takes, such as a quantity that it cannot read.",
)
def declaration_invalid(document: ComponentDocument) -> Iterator[Remark]:
    """Report every problem of the two annotations.

    The annotations `comp.resources` and `comp.env` say what a component needs: processors, memory, accelerators, and
    variables from secrets. `comp` writes them into pipelines and workflows. Kubernetes would refuse an invalid one only
    when the step is about to start.

    Quantities are those of Kubernetes: `500m` and `2` for processors, `512Mi` and `4Gi` for memory. In a component's
    folder write them into `[tool.comp.resources]` and `[tool.comp.secrets]`; `comp generate` makes the annotations.

    Wrong:
        metadata:
          annotations: {comp.resources: '{"memory": "4GB"}'}

    Right:
        metadata:
          annotations: {comp.resources: '{"memory": "4Gi"}'}
    """
    for annotation, problem in read_declarations(document.spec)[1]:
        yield Remark(document.places[("annotations", annotation)], problem.message, problem.hint)


@rule(
    "C071",
    "secret-in-env",
    WARNING,
    RuleCategory.SECURITY,
    "A constant of the container's env looks like a secret, which everyone could read in the contract.",
)
def secret_in_env(document: ComponentDocument) -> Iterator[Remark]:
    """Report constants with the name of a secret, or as errors with the value of one, which is not repeated.

    A contract is published, compiled into pipelines, and stored with each run. Everyone who can see one of them can
    read a constant in `env`. It is a warning if the name is that of a secret, and an error if the value looks like one.

    Keep the value in a secret of the cluster and declare it: `[tool.comp.secrets]` in `pyproject.toml`, which `comp
    generate` writes as the annotation below. The step then finds it in the same variable. A value that has been
    published is known: replace it.

    Wrong:
        env: {API_TOKEN: change-me}

    Right:
        metadata:
          annotations: {comp.env: '{"API_TOKEN": {"secret": "api", "key": "token"}}'}
    """
    container = container_of(document)
    for name, value in container.env.items() if container else ():
        if looks_secret(value):
            message, severity = f"the variable {name} has a value that looks like a secret", ERROR
        elif named_as_secret(name):
            message, severity = f"the constant {name} has the name of a secret", WARNING
        else:
            continue
        yield Remark(document.places[("env", name)], message, secret_hint(name), severity)
