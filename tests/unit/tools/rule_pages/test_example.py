"""Examples: files, fragments of contracts, and the commands that check them."""

from tools.rule_pages.example import complete, read_example, read_pair


def test_a_fragment_becomes_a_contract() -> None:
    assert complete("inputs:\n- {name: data, type: Dataset}\nargs: [--data, {inputPath: data}]\nenv: {A: b}\n") == (
        "name: Train\n"
        "inputs:\n"
        "- {name: data, type: Dataset}\n"
        "implementation:\n"
        "  container:\n"
        "    image: train:1.0\n"
        "    command: [python, train.py]\n"
        "    args: [--data, {inputPath: data}]\n"
        "    env: {A: b}\n"
    )


def test_what_a_fragment_has_is_not_added() -> None:
    text = "name: Fit\nimage: fit:2\n# here\ncommand: [fit]\n"
    assert complete(text) == (
        "name: Fit\nimplementation:\n  container:\n    image: fit:2\n    # here\n    command: [fit]\n"
    )
    whole = "name: Fit\nimplementation: {graph: {}}\n"
    assert complete(whole) == whole


def test_ports_are_passed() -> None:
    text = complete("inputs:\n- {name: Learning rate, type: Float}\noutputs:\n- {name: model, type: Model}\n")
    assert "    args: [--learning-rate, {inputValue: Learning rate}, --model, {outputPath: model}]\n" in text
    guarded = complete(
        "inputs:\n- {name: n, type: Integer, default: '3'}\n- {name: note, type: String, optional: true}\n"
    )
    assert guarded.endswith(
        "    args:\n"
        "    - {if: {cond: {isPresent: n}, then: [--n, {inputValue: n}], else: [--n, '3']}}\n"
        "    - {if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}\n"
    )


def test_several_files_and_a_command() -> None:
    example = read_example("--- a.py\nx = 1\n\n--- b/c.toml\n[y]\n$ comp lint b", "S001", "lint .")
    assert example.files == {"a.py": "x = 1\n", "b/c.toml": "[y]\n"}
    assert example.command == "lint b"


def test_a_file_without_a_name_is_what_the_rule_is_about() -> None:
    example = read_example("def f(): ...", "F005", "inspect-function train.py")
    assert example.files == {"train.py": "def f(): ...\n"}
    assert example.command == "inspect-function train.py"
    pair = read_pair("command: [a]", "command: [b]", "N502", "breaking")
    assert list(pair.files) == ["before.yaml", "component.yaml"]
    assert pair.files["before.yaml"] != pair.files["component.yaml"]
    assert pair.command == "breaking"
