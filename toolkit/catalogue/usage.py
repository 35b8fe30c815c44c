"""What to copy to use a component: with comp, in a KFP pipeline, in Argo, with docker."""

import keyword
import re
import shlex
from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.errors import CompError
from toolkit.forms.argo_step import argo_name
from toolkit.forms.ir import ir_name
from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Kind
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.release import Release
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import ComponentSpec

# Characters of a docker command that readers would copy; a program inside of a contract is longer.
_COMMAND = 1_200
_VALUE = 60
# Letters of a command that a page shows without scrolling.
_LINE = 80
_EXECUTOR_INPUT = "{{$}}"


class Snippet(Struct, frozen=True, kw_only=True):
    """A text to copy, and a name for it."""

    what: str
    text: str


class Panel(Struct, frozen=True, kw_only=True):
    """One way to use a component."""

    key: str
    title: str
    about: str
    snippets: tuple[Snippet, ...]


def usage_of(release: Release, spec: ComponentSpec | None, place: Place | None) -> list[Panel]:
    """Return the ways to use a component. `spec` is None if its contract cannot be read, `place` if it is not shown."""
    panels = [_comp(release, place), _kfp(release, place), _argo(release)]
    docker = _docker(release, spec) if spec else None
    return [*panels, docker] if docker else panels


def _comp(release: Release, place: Place | None) -> Panel:
    """Return the commands of comp."""
    registry = f" --registry {shlex.quote(str(place))}" if place else ""
    request = f"{release.name}@^{release.version}"
    run = [f"comp run {request}{registry}"]
    run += [f"-i {shlex.quote(f'{port.name}={_value(port)}')}" for port in _required(release)]
    return Panel(
        key="comp",
        title="comp",
        about="Copies the contract into your project, and locks its version and digest in components.lock.",
        snippets=(
            Snippet(what="the command that adds it", text=f"comp add {request}{registry}"),
            Snippet(what="the command that runs it once", text=_command_line(run)),
        ),
    )


def _kfp(release: Release, place: Place | None) -> Panel:
    """Return a pipeline with the component as its step."""
    name = _identifier(release.name.name)
    arguments = [
        f"        {_identifier(sanitised(port.name))}={_python_value(port)},{_note(port)}"
        for port in _required(release)
    ]
    optional = [_identifier(sanitised(port.name)) for port in release.interface.inputs if not _is_required(port)]
    call = [f"    step = {name}(", *arguments, "    )"] if arguments else [f"    step = {name}()"]
    lines = [
        "from kfp import dsl",
        "from toolkit import load",
        "",
        f'{name} = load("{release.name}@^{release.version}")',
        "",
        "@dsl.pipeline",
        "def pipeline():",
        *call,
        *([f"    # optional: {', '.join(optional)}"] if optional else []),
        *([f'    # step.outputs["{sanitised(port.name)}"]' for port in release.interface.outputs]),
    ]
    snippets = [Snippet(what="the pipeline", text="\n".join(lines))]
    if place and place.kind is PlaceKind.HTTP:
        address = f"{place}/c/{release.name}/versions/tags/{release.version}"
        text = f'from kfp import components\n\n{name} = components.load_component_from_url(\n    "{address}"\n)'
        snippets.append(Snippet(what="the lines that load it without comp", text=text))
    else:
        text = f'from kfp import components\n\n{name} = components.load_component_from_file(\n    "{_copy(release)}"\n)'
        snippets.append(Snippet(what="the lines that load the copy of comp add", text=text))
    return Panel(
        key="kfp",
        title="KFP",
        about="The version in components.lock is loaded, so that the pipeline is the same tomorrow.",
        snippets=tuple(snippets),
    )


def _argo(release: Release) -> Panel:
    """Return the commands that make a template in a cluster, and a step that uses it."""
    values = [port for port in release.interface.inputs if port.kind is Kind.PARAMETER and _is_required(port)]
    name = ir_name(release.title)
    step = ["- name: step", "  templateRef:", f"    name: {name}", f"    template: {name}"]
    if values:
        step += ["  arguments:", "    parameters:"]
        step += [f"    - {{name: {_yaml(argo_name(port.name))}, value: {_yaml(_value(port))}}}" for port in values]
    return Panel(
        key="argo",
        title="Argo",
        about="Makes a WorkflowTemplate of the contract. Artifacts come from the outputs of earlier steps.",
        snippets=(
            Snippet(
                what="the command that makes the template",
                text=f"comp convert {_copy(release)} --to argo | kubectl apply -f -",
            ),
            Snippet(what="a step", text="\n".join(step)),
        ),
    )


def _docker(release: Release, spec: ComponentSpec) -> Panel | None:
    """Return the command line that an engine would make; None for one that is too long, or needs KFP 2's own input."""
    given = [port for port in release.interface.inputs if _is_required(port) or port.default is not None]
    values = {port.name: _value(port) for port in given if port.kind is Kind.PARAMETER}
    paths = {port.name: f"/in/{_file(port.name)}" for port in given if port.kind is Kind.ARTIFACT}
    outputs = {port.name: f"/out/{_file(port.name)}" for port in release.interface.outputs}
    try:
        words = resolve_command(spec, values=values, input_paths=paths, output_paths=outputs)
        entrypoint = not spec.container.command
    except CompError:
        return None
    words = list(_without_executor_input(words))
    line = shlex.join(words)
    if len(line) > _COMMAND or "\n" in line:
        return None
    mounts = [*(['-v "$PWD/in:/in:ro"'] if paths else []), *(['-v "$PWD/out:/out"'] if outputs else [])]
    command = [
        "docker run --rm",
        *mounts,
        *([] if entrypoint or not words else [f"--entrypoint {shlex.quote(words[0])}"]),
    ]
    rest = words if entrypoint else words[1:]
    lines = [*command, shlex.quote(spec.container.image), *_grouped(rest)]
    folders = " and ".join(
        (["inputs are files in the folder in"] if paths else []) + (["outputs go to the folder out"] if outputs else [])
    )
    return Panel(
        key="docker",
        title="docker",
        about=f"{folders[:1].upper()}{folders[1:]}." if folders else "",
        snippets=(Snippet(what="the docker command", text=_command_line(lines)),),
    )


def _command_line(parts: Sequence[str]) -> str:
    """Return a command in one line if it is short, else with a part in each."""
    line = " ".join(parts)
    return line if len(line) <= _LINE else " \\\n  ".join(parts)


def _without_executor_input(words: Sequence[str]) -> Iterator[str]:
    """Yield the words without the option that only KFP 2 gives a value."""
    skipped = {at for at, word in enumerate(words) if word == _EXECUTOR_INPUT}
    skipped |= {at - 1 for at in skipped if at and words[at - 1].startswith("--executor")}
    yield from (word for at, word in enumerate(words) if at not in skipped)


def _grouped(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command, an option together with its value."""
    group: list[str] = []
    for word in words:
        if word.startswith("-") and group:
            yield shlex.join(group)
            group = []
        group.append(word)
    if group:
        yield shlex.join(group)


def _required(release: Release) -> list[Input]:
    """Return the inputs that each call has to give."""
    return [port for port in release.interface.inputs if _is_required(port)]


def _is_required(port: Input) -> bool:
    """Return whether each call has to give an input."""
    return port.default is None and not port.optional


def _value(port: Input) -> str:
    """Return an example of an input's value: its default, or a name in capitals to replace."""
    if port.default is not None:
        return port.default
    name = re.sub(r"[^A-Z0-9]+", "_", port.name.upper()).strip("_") or "VALUE"
    return f"{name}_FILE" if port.kind is Kind.ARTIFACT else name


def _python_value(port: Input) -> str:
    """Return what stands for a value in Python: an ellipsis is valid, and easily seen."""
    del port
    return "..."


def _note(port: Input) -> str:
    """Return a comment with an input's type."""
    type_ = " ".join(port.type.split())[:_VALUE]
    return f"  # {type_}" if type_ else ""


def _copy(release: Release) -> str:
    """Return the path of the copy that `comp add` makes."""
    return f"components/{release.name}/component.yaml"


def _identifier(name: str) -> str:
    """Return a name of Python for a name of a component or a port."""
    plain = re.sub(r"\W+", "_", name.lower()).strip("_") or "component"
    return f"{plain}_" if keyword.iskeyword(plain) else f"_{plain}" if plain[0].isdigit() else plain


def _file(name: str) -> str:
    """Return a file's name for a port."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "file"


def _yaml(text: str) -> str:
    """Return a text as a value of YAML: plain words as they are, others as JSON, which is YAML too."""
    import json

    return text if re.fullmatch(r"[A-Za-z][\w-]*", text) else json.dumps(text)
