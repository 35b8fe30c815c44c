"""Run a component: give it inputs, and collect its outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.interface.model import Kind
from toolkit.limits import OUTPUT_VALUE_SIZE
from toolkit.runners.inputs import check_names, divide_inputs
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.runnable import Runnable
from toolkit.runners.targets import check_targets, output_targets, resolved_parent
from toolkit.spec.model import ComponentSpec, PortPlaceholder
from toolkit.spec.reader import arguments_of
from toolkit.system import temporary
from toolkit.system.reading import read_foreign


def check_run(
    spec: ComponentSpec,
    inputs: Mapping[str, str],
    outputs: Mapping[str, Path],
    environ: Mapping[str, str],
    *,
    force: bool = False,
) -> None:
    """Raise the errors that `run_once` raises before it runs. Needs only the contract, so a mistake costs no build."""
    divide(spec, inputs, outputs)
    with temporary.folder("out") as folder:
        _targets(spec, outputs, folder, environ, force=force)


def run_once(
    runnable: Runnable,
    inputs: Mapping[str, str],
    outputs: Mapping[str, Path],
    *,
    variables: Mapping[str, str] | None = None,
    force: bool = False,
) -> Outcome:
    """Run with `inputs` as texts and paths; outputs that `outputs` does not name go to `out/<name>`.

    `variables` are those of the component's secrets. Returns the text of each output parameter, and the path of each
    output artifact. Raises UsageError for what does not go with the contract, InputError for a value that cannot be
    read.
    """
    values, artifacts = divide(runnable.spec, inputs, outputs)
    kinds = {port.name: port.kind for port in runnable.spec.interface.outputs}
    with temporary.folder("out") as folder:
        targets = _targets(runnable.spec, outputs, folder, runnable.environ, force=force)
        # The folder of a path that the user gave may be a link; `out` may not, see `output_targets`.
        paths = {name: resolved_parent(path) if name in outputs else path for name, path in targets.items()}
        outcome = run_component(runnable, values, artifacts, paths, variables=variables or {})
        return replace(
            outcome,
            values={name: _value(name, path) for name, path in outcome.paths.items() if kinds[name] is Kind.PARAMETER},
            paths={name: targets[name] for name in outcome.paths if kinds[name] is Kind.ARTIFACT},
        )


def divide(
    spec: ComponentSpec, inputs: Mapping[str, str], outputs: Mapping[str, object]
) -> tuple[dict[str, str], dict[str, Path]]:
    """Return the values and the artifacts among `inputs`, after a check of all names."""
    check_names(inputs, [port.name for port in spec.interface.inputs], "input")
    check_names(outputs, [port.name for port in spec.interface.outputs], "output")
    return divide_inputs(spec, inputs)


def _targets(
    spec: ComponentSpec, outputs: Mapping[str, Path], folder: Path, environ: Mapping[str, str], *, force: bool
) -> dict[str, Path]:
    """Return the path of each output, after a check that nothing is written over unasked."""
    targets = output_targets(spec.interface.outputs, outputs, folder)
    check_targets(spec.interface.outputs, targets, environ, force=force)
    return targets


def run_component(
    runnable: Runnable,
    values: Mapping[str, str],
    artifacts: Mapping[str, Path],
    outputs: Mapping[str, Path],
    *,
    variables: Mapping[str, str],
    log: IO[bytes] | None = None,
) -> Outcome:
    """Run, and put the values that the contract takes by path into files.

    The program prints to `log`, or to our stderr.
    """
    parts = [part for part in arguments_of(runnable.spec.container) if isinstance(part, PortPlaceholder)]
    by_path = {part.port for part in parts if part.kind == "inputPath"} & values.keys()
    with temporary.folder("values") as folder:
        files = {name: folder / str(number) for number, name in enumerate(sorted(by_path))}
        for name, path in files.items():
            path.write_text(values[name], encoding="utf-8", errors="surrogateescape")
        return runnable.runner.run(
            Run(
                spec=runnable.spec,
                image=runnable.image,
                values=values,
                artifacts={**artifacts, **files},
                outputs=outputs,
                variables=variables,
                log=log,
            )
        )


def _value(name: str, path: Path) -> str:
    """Read the value of an output parameter."""
    try:
        return read_foreign(path, OUTPUT_VALUE_SIZE).decode()
    except UnicodeDecodeError:
        raise InputError(f"the value of the output {name!r} is not UTF-8 text", hint="make it an artifact") from None
    except InputError as error:
        raise InputError(f"the value of the output {name!r}: {error.message}", hint=error.hint) from None
