"""The changes of a component as a whole: name, requirements, implementation, documentation."""

import json
from collections.abc import Iterator

from toolkit.breaking.change import V2, Change
from toolkit.breaking.rules import CHANGES
from toolkit.declared.model import Declared
from toolkit.errors import InputError, Location
from toolkit.interface.function import sanitised
from toolkit.spec.declared import ANNOTATIONS, declared_of
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder
from toolkit.spec.reader import ComponentDocument, arguments_of, is_parameter_type


def whole_changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield the changes of everything but the ports."""
    was, now = old.spec, new.spec
    if was.name != now.name and was.name not in aliases_of(now):
        alike = sanitised(was.name) == sanitised(now.name)
        yield Change(
            rule=CHANGES["B103" if alike else "B301"],
            message=f"the component {was.name!r} is {'spelt' if alike else 'called'} {now.name!r} now",
            where=_at(new, "name"),
            before=_at(old, "name"),
            help="" if alike else f"to say that it is the same one: annotations: {{aliases: {_alias(was.name)}}}",
        )
    if (problem := refused_by_kfp2(now)) and not refused_by_kfp2(was):
        yield Change(
            rule=CHANGES["B304"],
            message=f"KFP 2 refuses the new version: {problem}",
            where=_at(new, "implementation"),
            before=_at(old, "implementation"),
            help="`comp lint` says how to write it",
            lines=V2,
        )
    for raised in _raised(was, now):
        yield Change(rule=CHANGES["B303"], message=raised, where=_at(new, "metadata"), before=_at(old, "metadata"))
    yield from _implementation_changes(old, new)
    yield from _documentation_changes(old, new)


def aliases_of(spec: ComponentSpec) -> tuple[str, ...]:
    """Return the earlier names that a component declares: the annotation `aliases`, a JSON list or one name."""
    text = spec.annotations.get("aliases", "")
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = text
    return tuple(map(str, names)) if isinstance(names, list) else (text,) if text else ()


def _alias(name: str) -> str:
    """Return the annotation for one earlier name, as YAML has it."""
    return "'" + json.dumps([name], ensure_ascii=False).replace("'", "''") + "'"


def refused_by_kfp2(spec: ComponentSpec) -> str:
    """Return why KFP 2 compiles no step with this contract; empty if nothing known prevents it.

    As `check_primitive_placeholder_is_used_for_correct_io_type` of kfp 2.17 (`dsl/pipeline_task.py`).
    """
    container = spec.implementation
    if not isinstance(container, Container):
        return "it is not a container"
    types = {False: {port.name: port.type for port in spec.interface.inputs}}
    types[True] = {port.name: port.type for port in spec.interface.outputs}
    # A fixed path makes an output a file, whatever its type.
    for argument in arguments_of(container):
        if not isinstance(argument, PortPlaceholder):
            continue
        type_ = types[argument.kind.startswith("output")].get(argument.port)
        if type_ is None:
            continue
        needs_value = argument.kind == "inputValue"
        needs_artifact = argument.kind in {"inputPath", "inputUri", "outputUri"}
        if (needs_value and not is_parameter_type(type_)) or (needs_artifact and is_parameter_type(type_)):
            shown = f"of type {type_}" if type_ else "without type"
            return f"it does not take {argument.kind} of {argument.port!r}, {shown}"
    return ""


def _raised(was: ComponentSpec, now: ComponentSpec) -> Iterator[str]:
    """Yield what a component asks for, and did not before. Invalid declarations are the linter's business."""
    try:
        old, new = declared_of(was), declared_of(now)
    except InputError:
        return
    before = {**dict(old.resources.limits.items()), **dict(old.resources.requests.items())}
    after = {**dict(new.resources.limits.items()), **dict(new.resources.requests.items())}
    for name, amount in after.items():
        # Without a declaration a component starts anywhere.
        if name not in before:
            yield f"the component asks for {name} {amount}"
        elif amount.value > before[name].value:
            yield f"the component asks for {name} {amount}, and asked for {before[name]}"
    yield from _raised_accelerators(old, new)
    for name, key in new.references.items():
        kept = old.references.get(name)
        if not key.optional and (kept is None or kept.optional or (kept.name, kept.key) != (key.name, key.key)):
            yield f"the variable {name} needs the key {key.key!r} of the {key.kind} {key.name!r}"


def _raised_accelerators(old: Declared, new: Declared) -> Iterator[str]:
    """Yield the accelerators that are asked for, and were not before."""
    was, now = old.resources.accelerator, new.resources.accelerator
    if now and (was is None or was.type != now.type or was.count < now.count):
        yield f"the component asks for {now.count} of {now.type}"


def _implementation_changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield the changes behind the interface."""
    was, now = old.spec.implementation, new.spec.implementation
    if was == now:
        return
    where, before = _at(new, "implementation"), _at(old, "implementation")
    if isinstance(was, Container) and isinstance(now, Container):
        if was.image != now.image:
            text = f"the image was {was.image} and is {now.image} now"
            yield Change(rule=CHANGES["N501"], message=text, where=where, before=before)
        if (was.command, was.args, was.env, was.file_outputs) == (now.command, now.args, now.env, now.file_outputs):
            return
    yield Change(rule=CHANGES["N502"], message="the command line changed", where=where, before=before)


def _documentation_changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield the changes of description, annotations and labels, or of the text alone."""
    was, now = old.spec, new.spec
    changed = [
        name
        for name, before, after in (
            ("description", was.description, now.description),
            ("annotations", _described(was), _described(now)),
            ("labels", dict(was.labels), dict(now.labels)),
        )
        if before != after
    ]
    if changed:
        text = f"the {' and the '.join(changed)} changed"
        yield Change(rule=CHANGES["N503"], message=text, where=_at(new, "metadata"), before=_at(old, "metadata"))


def _described(spec: ComponentSpec) -> str:
    """Return the annotations that describe a component, as text: not its version, nor what it declares."""
    return json.dumps(
        {key: value for key, value in spec.annotations.items() if key not in (*ANNOTATIONS, "version")}, sort_keys=True
    )


def _at(document: ComponentDocument, key: str) -> Location:
    """Return the place of a top-level key, or the contract as a whole."""
    return document.places.get((key,)) or Location(path=document.path)
