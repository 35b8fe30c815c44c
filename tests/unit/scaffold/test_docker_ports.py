"""Ports that engines can pass to a program without the launcher."""

from pathlib import Path

import pytest

from toolkit.errors import UsageError
from toolkit.scaffold.docker_ports import Ports, declared_ports, ports_of_program
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import read_contract
from toolkit.spec.writer import write_argument


def of(tmp_path: Path, *options: str) -> Ports:
    lines = ["import argparse", "p = argparse.ArgumentParser()", *options, "a = p.parse_args()"]
    (tmp_path / "p.py").write_text("\n".join(lines) + "\n")
    return ports_of_program(read_contract(tmp_path / "p.py", {}))


def words(ports: Ports) -> list[str]:
    return [write_argument(argument) for argument in ports.arguments]


def test_options_become_flags_and_placeholders(tmp_path: Path) -> None:
    ports = of(
        tmp_path,
        "p.add_argument('data', type=argparse.FileType('r'))",
        "p.add_argument('--rate', type=float, required=True)",
        "p.add_argument('--mode', choices=['a', 'b'], default='a')",
        "p.add_argument('--output-file', required=True)",
    )
    assert words(ports) == [
        "--rate",
        "{inputValue: rate}",
        "{if: {cond: {isPresent: mode}, then: [--mode, {inputValue: mode}]}}",
        "--output-file",
        "{outputPath: output_file}",
        "{inputPath: data}",
    ]
    assert [port.name for port in ports.interface.inputs] == ["data", "rate", "mode"]
    assert ports.interface.inputs[2].choices == ("a", "b")
    assert not any(port.annotations for port in ports.interface.inputs)
    assert not any(port.annotations for port in ports.interface.outputs)


def test_what_engines_cannot_write_is_left_out(tmp_path: Path) -> None:
    ports = of(
        tmp_path,
        "p.add_argument('--loud', action='store_true')",
        "p.add_argument('--names', nargs='+', required=True)",
        "p.add_argument('--size', type=int, default=3)",
    )
    assert [port.name for port in ports.interface.inputs] == ["size"]
    assert ports.notes == (
        "loud is left out, since it is a flag without a value, which engines cannot write: its default stays",
        "names is left out, since it is several words, which engines cannot write: write its words into component.yaml",
    )


def test_ports_that_the_user_declares() -> None:
    ports = declared_ports(
        [
            Override.parse("in-file:path:Dataset", output=False),
            Override.parse("size:value:Integer", output=False),
            Override.parse("word", output=False),
            Override.parse("out", output=True),
        ]
    )
    assert ports is not None
    assert words(ports) == [
        *("--in-file", "{inputPath: in_file}", "--size", "{inputValue: size}", "--word", "{inputValue: word}"),
        *("--out", "{outputPath: out}"),
    ]
    assert [port.type for port in ports.interface.inputs] == ["Dataset", "Integer", "String"]


@pytest.mark.parametrize("names", [("a b",), ("a", "a"), ("1",), ("é",)])
def test_names_that_are_none(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        declared_ports([Override(name=name, output=False) for name in names])
