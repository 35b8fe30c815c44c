"""Rules about secrets in a contract, where everyone who sees the pipeline reads them."""

from collections.abc import Iterator

from toolkit.interface.model import Input, Kind
from toolkit.lint.rule import ERROR, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, ports
from toolkit.redaction import looks_secret, named_as_secret
from toolkit.spec.reader import ComponentDocument

_ADVICE = "name a secret of the cluster in [tool.comp.secrets]: the step reads it from a variable"


@rule(
    "C072",
    "secret-written",
    ERROR,
    RuleCategory.SECURITY,
    "A default or an argument looks like a secret, which everyone could read in the contract.",
)
def secret_written(document: ComponentDocument) -> Iterator[Remark]:
    """Report texts that look like secrets; they are not repeated.

    A contract is published, compiled into pipelines, and stored with each run. Everyone who can see one of them can
    read its defaults and arguments. The message does not repeat the value.

    Keep the value in a secret of the cluster and declare it: `[tool.comp.secrets]` in `pyproject.toml`, which `comp
    generate` writes as the annotation below. The step finds it in a variable. A value that has been published is known:
    replace it.

    Wrong:
        args: [--key, AKIAIOSFODNN7EXAMPLE]

    Right:
        metadata:
          annotations: {comp.env: '{"ACCESS_KEY": {"secret": "storage", "key": "access-key"}}'}
    """
    for place, port in ports(document):
        if isinstance(port, Input) and port.default is not None and looks_secret(port.default):
            where = document.places[(*place, "default")]
            yield Remark(where, f"the default of {port.name!r} looks like a secret", _ADVICE)
    for place, argument in arguments(document):
        if isinstance(argument, str) and looks_secret(argument):
            yield Remark(document.places[place], "an argument holds what looks like a secret", _ADVICE)


@rule(
    "C073",
    "secret-as-parameter",
    WARNING,
    RuleCategory.SECURITY,
    "A parameter has the name of a secret: its value is stored with each run, and shown to all who see the run.",
)
def secret_as_parameter(document: ComponentDocument) -> Iterator[Remark]:
    """Report parameters that are named as secrets.

    KFP stores the parameters of each run, shows them in its user interface, and puts them on the command line of the
    step. A password that is passed so can be read by everyone who can see the run.

    Declare a secret of the cluster instead: `[tool.comp.secrets]` in `pyproject.toml`, which `comp generate` writes as
    the annotation below. The step finds the value in a variable. If the input is the *name* of a secret, say so in its
    name.

    Wrong:
        inputs:
        - {name: api_token, type: String}

    Right:
        metadata:
          annotations: {comp.env: '{"API_TOKEN": {"secret": "api", "key": "token"}}'}
    """
    for place, port in ports(document):
        if isinstance(port, Input) and port.kind is Kind.PARAMETER and named_as_secret(port.name):
            message = f"the value of {port.name!r} is stored with each run, and shown to all who see it"
            yield Remark(document.places[(*place, "name")], message, _ADVICE)
