"""The contract of an existing program: options as ports, and how each port becomes words of the command line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, Location, UsageError
from toolkit.image_paths import PYTHON, absolute
from toolkit.interface.function import sanitised
from toolkit.interface.model import PARAMETER_TYPES, Input, Interface, Kind, Output, Scalar
from toolkit.interface.programs.model import Form, Option, Program
from toolkit.interface.programs.reader import read_program
from toolkit.interface.programs.roles import Role, roles_of
from toolkit.scaffold.overrides import Override, retyped
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import PROGRAM, program_command

_LAUNCHERS = {"outputs", "executor_input", "executor-input"}
_NOTEBOOK = ("python", "-m", "papermill", "--log-output")


class ProgramContract(Struct, frozen=True, kw_only=True):
    """A program with its interface, its command (`python train.py`), and a sentence about each guess."""

    program: Program
    interface: Interface
    command: tuple[str, ...]
    guesses: tuple[str, ...]


def read_contract(
    path: Path, environ: Mapping[str, str], *, subcommand: str | None = None, overrides: Sequence[Override] = ()
) -> ProgramContract:
    """Read the program at `path`, and decide the role of each of its options.

    Raises FindingsError, InputError and UsageError as `read_program` does, and for names that are equal in KFP or
    overrides of missing options.
    """
    return contract_of_program(read_program(path, environ, subcommand=subcommand), overrides=overrides)


def contract_of_program(program: Program, *, overrides: Sequence[Override] = ()) -> ProgramContract:
    """Decide the role of each option of a program."""
    overrides = [replace(override, name=_known_name(program, override.name)) for override in overrides]
    program = _declared(program, overrides)
    roles = roles_of(program.module, program.options)
    roles |= _overridden(program, roles, overrides)
    _check_names(program)
    inputs: list[Input] = []
    outputs: list[Output] = []
    types = {override.name: override for override in overrides if override.type in PARAMETER_TYPES}
    places = _places(program, roles)
    remarks: list[str] = []
    for option in program.options:
        typed, remark = retyped(option, types[option.name]) if option.name in types else (option, "")
        remarks += [remark] if remark else []
        role = roles[option.name]
        if role.kind == "output":
            outputs.append(_output(program, typed, role, places))
        else:
            inputs.append(_input(program, typed, role, places))
    if program.kind == "notebook":
        outputs.append(
            Output(
                name="notebook",
                type="Artifact",
                kind=Kind.ARTIFACT,
                description="The notebook as it was run.",
                annotations=MappingProxyType({PROGRAM: {"flag": ""}}),
            )
        )
    article = {"value": "a", "input": "an", "output": "an"}
    guesses = [
        f"{name} is {article[role.kind]} {role.kind}: {role.reason}" for name, role in roles.items() if role.reason
    ]
    return ProgramContract(
        program=program,
        interface=Interface(inputs=tuple(inputs), outputs=tuple(outputs)),
        command=_command(program),
        guesses=(*guesses, *remarks),
    )


def spec_of_program(
    contract: ProgramContract, *, name: str, title: str, description: str, image: str, annotations: Mapping[str, str]
) -> ComponentSpec:
    """Return the contract that runs the program under the launcher."""
    words = (*contract.command, *contract.program.subcommand.split())
    command, args = program_command(name, contract.interface, words, python=absolute(PYTHON), safe_path=True)
    return ComponentSpec(
        name=title,
        description=description,
        interface=contract.interface,
        implementation=Container(image=image, command=command, args=args),
        annotations=MappingProxyType(dict(annotations)),
    )


def _command(program: Program) -> tuple[str, ...]:
    if program.kind == "notebook":
        return (*_NOTEBOOK, program.path.name)
    return ("python", program.path.name)


def _places(program: Program, roles: Mapping[str, Role]) -> dict[str, int]:
    """Return the places of positional options; empty if the program has its inputs before its outputs."""
    names = [option.name for option in program.options if not option.flag]
    inputs_first = sorted(names, key=lambda name: roles[name].kind == "output")
    return {} if names == inputs_first else {name: place for place, name in enumerate(names)}


def _input(program: Program, option: Option, role: Role, places: Mapping[str, int]) -> Input:
    artifact = role.kind == "input"
    default = None if artifact else option.default
    choices = () if artifact or option.type == "JsonArray" else option.choices
    words = _words(program, option, places)
    if default is not None:
        words["default"] = default
    return Input(
        name=_port(option.name),
        type=role.type if artifact else option.type,
        kind=Kind.ARTIFACT if artifact else Kind.PARAMETER,
        description=option.help,
        default=default,
        optional=not option.required and default is None,
        choices=_with_default(choices, option, default),
        annotations=MappingProxyType({PROGRAM: words}),
    )


def _with_default(choices: tuple[Scalar, ...], option: Option, default: str | None) -> tuple[Scalar, ...]:
    """Return the choices with the default, which a program takes even if it is not a choice."""
    if not choices or default is None:
        return choices
    value: Scalar = default if option.type == "String" else json.loads(default)
    return choices if value in choices else (*choices, value)


def _output(program: Program, option: Option, role: Role, places: Mapping[str, int]) -> Output:
    words = _words(program, option, places) | ({"folder": True} if role.folder else {})
    return Output(
        name=_port(option.name),
        type=role.type,
        kind=Kind.ARTIFACT,
        description=option.help,
        annotations=MappingProxyType({PROGRAM: words}),
    )


def _words(program: Program, option: Option, places: Mapping[str, int]) -> dict[str, Any]:
    """Return how the option becomes words, without the launcher's defaults."""
    words: dict[str, Any] = {"flag": option.flag}
    if option.form is not Form.VALUE:
        words["form"] = str(option.form)
    if option.off:
        words["off"] = option.off
    if option.adds:
        words["adds"] = True
    if option.quoted:
        words["quoted"] = True
    if option.nested:
        words["nested"] = True
    if option.const is not None:
        words["const"] = option.const
    if option.name in places:
        words["position"] = places[option.name]
    if option.before:
        words["before"] = len(program.subcommand.split())
    return words


def _port(name: str) -> str:
    """Return the name of an option's port, which cannot have a flag of the launcher."""
    return f"{name}_" if name in _LAUNCHERS else name


def _known_name(program: Program, name: str) -> str:
    """Return the name of an option, which the user may call by its flag or by its name in the code."""
    return next(
        (option.name for option in program.options if name in {option.name, option.flag.lstrip("-"), option.dest}), name
    )


def _declared(program: Program, overrides: Sequence[Override]) -> Program:
    """Add the user's own options if those of the program are not all known."""
    if not any(remark.rule == "P003" for remark in program.remarks):
        return program
    known = {option.name for option in program.options}
    added = [_declared_option(program, override) for override in overrides if override.name not in known]
    return replace(program, options=(*program.options, *added))


def _declared_option(program: Program, override: Override) -> Option:
    """Return the option that the user declares, in the form of the program's parser."""
    flag, form = f"--{override.name}", Form.VALUE
    match program.kind:
        case "hydra" | "OmegaConf":
            flag, form = override.name, Form.ASSIGN
        case "notebook":
            flag, form = "-y", Form.YAML
        case "words":
            flag = ""
    return Option(
        name=override.name,
        flag=flag,
        type=override.type if override.type in PARAMETER_TYPES else "String",
        where=Location(path=program.path),
        form=form,
        required=program.kind == "words",
    )


def _overridden(program: Program, roles: Mapping[str, Role], overrides: Sequence[Override]) -> dict[str, Role]:
    """Return the roles that the user decides. Raises UsageError for options that the program does not have."""
    changed = {}
    for override in overrides:
        if override.name not in roles:
            known = ", ".join(roles) or "none"
            raise UsageError(
                f"the program {program.path.name} has no option {override.name!r}", hint=f"it has: {known}"
            )
        guessed = roles[override.name]
        type_ = override.type or guessed.type or "Artifact"
        if override.output:
            changed[override.name] = Role(kind="output", type=type_, folder=guessed.folder)
        elif override.kind == "path":
            changed[override.name] = Role(kind="input", type=type_)
        else:
            changed[override.name] = Role(kind="value")
    return changed


def _check_names(program: Program) -> None:
    """Raise InputError for options whose names are empty or equal in KFP."""
    seen: dict[str, Option] = {}
    for option in program.options:
        key = sanitised(option.name)
        if not key:
            raise InputError(
                f"the option {option.name!r} has no ASCII letter or digit in its name",
                where=option.where,
                hint="KFP cannot make a name of it; rename it",
            )
        if key in seen:
            raise InputError(
                f"the options {seen[key].name!r} and {option.name!r} have the same name for KFP, {key!r}",
                where=option.where,
                hint="rename one of them",
            )
        seen[key] = option
