"""Contracts with the faults that authors make, as texts: in flow and block style, with comments, CRLF and a BOM."""

from typing import Any

from hypothesis import strategies as st

NAMES = ["n", "rate", "Data set", "note", "flag"]
TYPES = ["String", "Integer", "Float", "Boolean", "JsonArray", "JsonObject"]
FAULTY_TYPES = ["Strng", "integer", "", "CSV", "{}", "[CSV]"]
# As they stand in the file, with and without quotes.
DEFAULTS = {
    "String": ["abc", "'a b'", "5", "1.10", "no", "''", "2020-01-01", '"it\'s"', "[a]"],
    "Integer": ["5", "'5'", "010", "0x1F", "1_000", '"30\'"', "''", "5.0", "'x'"],
    "Float": ["1", "1.50", "'0.5'", "1.0e-3", ".inf", "''", "true"],
    "Boolean": ["true", "no", "'True'", "'Fasle'", "1", "''"],
    "JsonArray": ["[1, a]", "'[1]'", "'{}'", "''", "[]"],
    "JsonObject": ["{a: {b: 1}}", "'{}'", "'[1]'", "5"],
}
# Those that both lines of KFP load.
LOADED = {
    "String": ["abc", "'a b'", "5", "1.10", "no", "''", '"it\'s"'],
    "Integer": ["5", "'5'", "010", "0x1F", "1_000", "5.0"],
    "Float": ["1", "1.50", "'0.5'", "1.0e-3", "2.5"],
    "Boolean": ["true", "no", "'True'", "'false'"],
    "JsonArray": ["'[1]'", "'[\"a\"]'"],
    "JsonObject": ["'{}'", "'{\"a\": 1}'"],
}
_OF_ANY = sorted({default for each in DEFAULTS.values() for default in each})
MILD_TYPES = ["Strng", "integer", "", "CSV"]
Node = Any


@st.composite
def faulty_contracts(draw: st.DrawFn) -> str:
    """Draw a contract's text. One in four may have faults for which KFP refuses to load it."""
    refused = draw(st.integers(0, 3)) == 0
    inputs, args = [], []
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)):
        port, type_ = draw(_ports(name, refused))
        inputs.append(port)
        for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2]))):
            args += draw(_taken(name, type_, refused))
    args += draw(st.sampled_from([[], [], ["x"], *([["5"], ["no", "--last"]] if refused else [])]))
    container: dict[str, Node] = {draw(_key("image", "imag", refused)): "a:1"}
    container["command"] = draw(st.sampled_from([["c"], ["sh", "-c", "'echo'"], *([["c", "5"]] if refused else [])]))
    if args:
        container[draw(_key("args", "agrs", refused))] = args
    if draw(st.integers(0, 9)) == 0:
        container["env"] = {"A": draw(st.sampled_from(["b", *(["5", "true"] if refused else [])]))}
    document: dict[str, Node] = {
        draw(_key("name", "nmae", refused)): draw(st.sampled_from(["A", "A b", *(["5", "no"] if refused else [])])),
        "metadata": {"annotations": {"author": "me", "since": draw(_key("'1'", "1.0", refused))}},
        draw(_key("inputs", "inptus", refused)): inputs,
        "implementation": {"container": container},
    }
    lines = draw(_lines(document, 0))
    if refused and draw(st.integers(0, 7)) == 0:
        # A key that occurs twice.
        lines = [f"name: {draw(st.sampled_from(['A', 'B']))}", *lines]
    text = "\n".join(lines) + draw(st.sampled_from(["\n", "\n", ""]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))
    return draw(st.sampled_from(["", "", "", "\ufeff"])) + text


def _key(usual: str, faulty: str, refused: bool) -> st.SearchStrategy[str]:  # noqa: FBT001 (as drawn)
    """Return a strategy for a word that may be a fault for which KFP refuses the contract."""
    return st.sampled_from([usual] * 7 + [faulty]) if refused else st.just(usual)


@st.composite
def _ports(draw: st.DrawFn, name: str, refused: bool) -> tuple[Node, str]:  # noqa: FBT001 (as drawn)
    """Draw an input."""
    type_ = draw(st.sampled_from(TYPES * 3 + (FAULTY_TYPES if refused else MILD_TYPES)))
    port: dict[str, Node] = {"name": name}
    if type_:
        port[draw(_key("type", "typ", refused))] = type_
    presence = draw(st.sampled_from(["required", "optional", "default", "default", "both"]))
    if presence in {"default", "both"}:
        own = (DEFAULTS if refused else LOADED).get(type_, ["abc", "'5'"])
        port[draw(_key("default", "defalt", refused))] = draw(st.sampled_from(own * 3 + _OF_ANY if refused else own))
    if presence in {"optional", "both"}:
        port["optional"] = "true"
    if draw(st.booleans()):
        port["description"] = draw(_key("a text", "5", refused))
    return port, type_


@st.composite
def _taken(draw: st.DrawFn, name: str, type_: str, refused: bool) -> list[Node]:  # noqa: FBT001 (as drawn)
    """Draw how the command line takes an input."""
    usual = "inputValue" if type_.lower() in {each.lower() for each in TYPES} else "inputPath"
    kind = draw(st.sampled_from([usual] * 12 + ["inputValue", "inputPath"]))
    reference = {kind: draw(_key(name, f"{name}x", refused))}
    match draw(st.sampled_from(["bare", "flag", "flag", "guarded", "concat", "list"])):
        case "bare":
            return [reference]
        case "flag":
            return [f"--{name[0]}", reference]
        case "guarded":
            return [{"if": {"cond": {"isPresent": name}, "then": [f"'--{name[0]}'", reference]}}]
        case "concat":
            return [{"concat": ["'--x='", reference]}]
        case _:
            # KFP 2 refuses the list, and KFP 1.8 takes it.
            then = draw(st.sampled_from([reference, reference, reference, [reference], ["a", reference]]))
            return [{"concat": ["a", {"if": {"cond": {"isPresent": name}, "then": then}}]}]


@st.composite
def _lines(draw: st.DrawFn, node: Node, indent: int) -> list[str]:
    """Draw the lines of a mapping or list in block style; comments stand behind lines and on lines of their own."""
    lines: list[str] = []
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if draw(st.integers(0, 7)) == 0:
            lines.append(f"{' ' * indent}# above {len(lines)}")
        head = f"{' ' * indent}{key}:" if isinstance(node, dict) else f"{' ' * indent}-"
        behind = f"  # behind {key}" if draw(st.integers(0, 7)) == 0 else ""
        if isinstance(value, str) or not value or draw(st.booleans()):
            lines.append(f"{head} {_flow(value)}{behind}")
        elif isinstance(node, dict):
            deeper = indent + (0 if isinstance(value, list) and draw(st.booleans()) else 2)
            lines += [f"{head}{behind}", *draw(_lines(value, deeper))]
        else:
            first, *rest = draw(_lines(value, indent + 2))
            comment = first.strip().startswith("#")
            lines += [head, first, *rest] if comment else [f"{head} {first.strip()}", *rest]
    return lines


def _flow(node: Node) -> str:
    """Return a node in flow style."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in node.items()) + "}"
    return "[" + ", ".join(_flow(item) for item in node) + "]" if isinstance(node, list) else str(node)
