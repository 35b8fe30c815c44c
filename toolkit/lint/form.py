"""Rules about the form of contract, code and settings: readers find them, so they are only described here."""

from toolkit.lint.rule import ERROR, INFO, RULES, WARNING, Rule

_FOUND_BY_READERS = (
    ("C001", "yaml-syntax", "The file is not one readable YAML document.", "inputs: [", "inputs: []"),
    ("C002", "duplicate-key", "A key is there twice; KFP silently takes the last.", "name: a\nname: b", "name: b"),
    ("C003", "unknown-key", "A key, or the shape of a value, is not part of the form.", "inptus: []", "inputs: []"),
    ("C004", "not-a-string", "A number, boolean or the like stands where a text belongs.", "args: [5]", "args: ['5']"),
    (
        "C041",
        "env-placeholder",
        "The environment takes plain texts; KFP cannot load a placeholder there.",
        "env: {RATE: {inputValue: rate}}",
        "args: [--rate, {inputValue: rate}]",
    ),
    (
        "C042",
        "unsupported-container-key",
        "A key of the container that KFP refuses, such as resources: those belong to the pipeline.",
        "container: {image: a:1, resources: {…}}",
        "container: {image: a:1}",
    ),
    (
        "C099",
        "contract-stale",
        "The contract does not say what the code says.",
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
    ("F004", "unnamed-input", "Every input is a parameter with a name.", "def f(*values)", "def f(values: list)"),
    ("F005", "missing-annotation", "A parameter has no type.", "def f(c)", "def f(c: float)"),
    (
        "F006",
        "unknown-annotation",
        "An annotation has no form in KFP.",
        "def f(x: bytes)",
        "def f(x: InputPath('Bytes'))",
    ),
    (
        "F007",
        "default-not-literal",
        "A default must be known without running code.",
        "def f(n: int = len(X))",
        "def f(n: int = 3)",
    ),
    (
        "F008",
        "function-name-collision",
        "Two ports have one name for KFP.",
        "def f(a_b: int, A_B: int)",
        "def f(a: int, b: int)",
    ),
    ("F009", "async-function", "Nothing awaits a component's function.", "async def f()", "def f()"),
    (
        "F010",
        "docstring-contradicts",
        "The docstring describes what the signature does not say.",
        "n (str): How many.\n… def f(n: int)",
        "n: How many.",
    ),
    (
        "F011",
        "argument-left-out",
        "An argument of KFP's decorator that has no counterpart.",
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
        "Code imports what nothing known brings, or opens what cannot come along.",
        "import acme   # and acme is in no requirements, environment or table",
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
        "P001",
        "option-not-read",
        "An option of a program is known when the program runs and not before.",
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
        "What reads a program's command line is not in its file, so that its options are not known.",
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
        "[project] or [tool.comp] of pyproject.toml is incomplete, or says what cannot be.",
        '[tool.comp]\nentrypint = "train:train"',
        '[tool.comp]\nentrypoint = "train:train"',
    ),
)

_MILDER = {"F010": WARNING, "F011": INFO, "F014": WARNING, "P001": WARNING, "P003": WARNING, "P004": WARNING}

for _id, _name, _summary, _bad, _good in _FOUND_BY_READERS:
    _severity = _MILDER.get(_id, ERROR)
    RULES[_id] = Rule(id=_id, name=_name, severity=_severity, summary=_summary, bad=_bad, good=_good)
