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
    bad='comp.resources: \'{"memory": "4GB"}\'',
    good='comp.resources: \'{"memory": "4Gi"}\'',
)
def declaration_invalid(document: ComponentDocument) -> Iterator[Remark]:
    """Report every problem of the two annotations."""
    for annotation, problem in read_declarations(document.spec)[1]:
        yield Remark(document.places[("annotations", annotation)], problem.message, problem.hint)


@rule(
    "C071",
    "secret-in-env",
    WARNING,
    RuleCategory.SECURITY,
    "A constant of the container's env looks like a secret, which everyone could read in the contract.",
    bad="env: {API_TOKEN: …}",
    good='comp.env: \'{"API_TOKEN": {"secret": "api", "key": "token"}}\'',
)
def secret_in_env(document: ComponentDocument) -> Iterator[Remark]:
    """Report constants with the name of a secret, or as errors with the value of one, which is not repeated."""
    container = container_of(document)
    for name, value in container.env.items() if container else ():
        if looks_secret(value):
            message, severity = f"the variable {name} has a value that looks like a secret", ERROR
        elif named_as_secret(name):
            message, severity = f"the constant {name} has the name of a secret", WARNING
        else:
            continue
        yield Remark(document.places[("env", name)], message, secret_hint(name), severity)
