"""Rules about the form of contracts, code and settings. Readers report them, so that they have no check here."""

from toolkit.lint.rule import ERROR, INFO, RULES, WARNING, Rule, RuleCategory

_OF_READERS = (
    ("C001", "yaml-syntax", "The file is not one readable YAML document.", "inputs: [", "inputs: []"),
    ("C002", "duplicate-key", "A key occurs twice; KFP silently takes the last.", "name: a\nname: b", "name: b"),
    ("C003", "unknown-key", "A key, or the kind of a value, is not part of the form.", "inptus: []", "inputs: []"),
    ("C004", "not-a-string", "A number, boolean or the like, where a text is expected.", "args: [5]", "args: ['5']"),
    (
        "C041",
        "env-placeholder",
        "The environment takes plain texts; KFP cannot load a placeholder in it.",
        "env: {RATE: {inputValue: rate}}",
        "args: [--rate, {inputValue: rate}]",
    ),
    (
        "C042",
        "unsupported-container-key",
        "A key of the container that KFP refuses, such as resources, which `[tool.comp.resources]` declares.",
        "container: {image: a:1, resources: {…}}",
        "container: {image: a:1}",
    ),
    (
        "C098",
        "default-differs",
        "A default in a program's contract differs from that in its code, which applies where the input is left out.",
        "default: '0.5', and add_argument('--rate', default=0.7)",
        "default: '0.7', and add_argument('--rate', default=0.7)",
    ),
    (
        "C099",
        "contract-stale",
        "The contract differs from the code or the settings, or is missing.",
        "def f(n: int) …, and a contract without n",
        "the contract as `comp generate` writes it",
    ),
    ("F001", "python-syntax", "The module cannot be parsed.", "def f(:", "def f():"),
    ("F002", "no-such-function", "The module has no function of that name.", "train:trian", "train:train"),
    (
        "F003",
        "function-defined-twice",
        "Python keeps the last definition only.",
        "def f(): …\ndef f(): …",
        "def f(): …",
    ),
    (
        "F004",
        "unnamed-input",
        "A parameter such as *args, which has no input's name.",
        "def f(*values)",
        "def f(values: list)",
    ),
    ("F005", "missing-annotation", "A parameter has no type.", "def f(c)", "def f(c: float)"),
    (
        "F006",
        "unknown-annotation",
        "An annotation that KFP has no type for.",
        "def f(x: bytes)",
        "def f(x: InputPath('Bytes'))",
    ),
    (
        "F007",
        "default-not-literal",
        "A default that is only known when the code runs.",
        "def f(n: int = len(X))",
        "def f(n: int = 3)",
    ),
    (
        "F008",
        "function-name-collision",
        "Two inputs or outputs have the same name for KFP.",
        "def f(a_b: int, A_B: int)",
        "def f(a: int, b: int)",
    ),
    ("F009", "async-function", "An async function, which nothing would await.", "async def f()", "def f()"),
    (
        "F010",
        "docstring-contradicts",
        "The docstring differs from the signature.",
        "n (str): How many.\n… def f(n: int)",
        "n: How many.",
    ),
    (
        "F011",
        "argument-left-out",
        "An argument of KFP's decorator without a counterpart here.",
        "@dsl.component(pip_index_urls=[…])",
        "UV_INDEX in the environment",
    ),
    (
        "F012",
        "another-kind",
        "A pipeline, or a function that returns a command line.",
        "@dsl.pipeline",
        "@dsl.component",
    ),
    (
        "F013",
        "unknown-import",
        "Code imports a module of no known distribution, or opens a file that cannot be copied.",
        "import acme   # and no requirement, environment or table has acme",
        'dependencies = ["acme-tools"]',
    ),
    (
        "F014",
        "decorator-not-followed",
        "A decorator's settings cannot be followed, so base and packages may be missing.",
        "@dsl.component(**settings())",
        "@dsl.component(**SETTINGS)   # a dict that is written out",
    ),
    (
        "F015",
        "command-not-known",
        "A part of a container component's command line that is only known when kfp compiles it, or that kfp refuses.",
        "if verbose:\n    args.append('--verbose')",
        "dsl.IfPresentPlaceholder(input_name='verbose', then='--verbose')",
    ),
    (
        "P001",
        "option-not-read",
        "An option of a program that is only known when the program runs.",
        "parser.add_argument('--' + name())",
        "parser.add_argument('--rate')",
    ),
    (
        "P002",
        "two-parsers",
        "A program parses its command line twice, by two parsers.",
        "first.parse_args(); second.parse_args()",
        "parser.parse_args()",
    ),
    (
        "P003",
        "command-line-not-known",
        "The code that reads a program's command line is not in its file, so that its options are unknown.",
        "@hydra.main(config_name='config')",
        "parser = argparse.ArgumentParser()",
    ),
    (
        "P004",
        "notebook-alone",
        "A cell of a notebook needs more than the notebook: a person, a service, a program of the image, an index.",
        "!pip install pandas",
        'dependencies = ["pandas"]',
    ),
    (
        "S001",
        "settings",
        "[project] or [tool.comp] of pyproject.toml is incomplete or invalid.",
        '[tool.comp]\nentrypint = "train:train"',
        '[tool.comp]\nentrypoint = "train:train"',
    ),
    (
        "S002",
        "secret-in-settings",
        "A constant of [tool.comp.env] looks like a secret, which everyone could read in the contract.",
        '[tool.comp.env]\nAPI_TOKEN = "…"',
        '[tool.comp.secrets]\nAPI_TOKEN = { secret = "api", key = "token" }',
    ),
)

# Findings that do not keep a component from being made.
_MILDER = {"F010": WARNING, "F011": INFO, "F014": WARNING, "P001": WARNING, "P003": WARNING, "P004": WARNING}

_CATEGORIES = {
    "C001": RuleCategory.SYNTAX,
    "C002": RuleCategory.SYNTAX,
    "C003": RuleCategory.SYNTAX,
    "C004": RuleCategory.SYNTAX,
    "C041": RuleCategory.PASSING,
    "C042": RuleCategory.PORTABILITY,
    "C098": RuleCategory.FRESHNESS,
    "C099": RuleCategory.FRESHNESS,
    "S001": RuleCategory.SETTINGS,
    "S002": RuleCategory.SECURITY,
}
_OF_CODE = {"F": RuleCategory.FUNCTIONS, "P": RuleCategory.PROGRAMS}

# Errors about what can be read all the same. S002 is a mild one if only a name looks like that of a secret.
_SETTABLE = {"C098", "C099", "S002"}

for _id, _name, _summary, _bad, _good in _OF_READERS:
    _severity, _category = _MILDER.get(_id, ERROR), _CATEGORIES.get(_id) or _OF_CODE[_id[0]]
    RULES[_id] = Rule(
        id=_id,
        name=_name,
        severity=_severity,
        category=_category,
        summary=_summary,
        bad=_bad,
        good=_good,
        fixed=_severity is ERROR and _id not in _SETTABLE,
    )
