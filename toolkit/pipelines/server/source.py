"""What a server is asked to run: a compiled file, a Python file that is compiled first, or an uploaded pipeline."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from msgspec import Struct

from toolkit.errors import InputError, UsageError
from toolkit.pipelines.arguments import read_arguments
from toolkit.pipelines.compile import check_for_server, compile_pipeline, update_lock
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.server.client import Server, Submission
from toolkit.spec.document import read_text
from toolkit.system.atomic import write_text


class Source(Struct, frozen=True, kw_only=True):
    """A pipeline, and where a server takes it from: a `file` that is sent, or the IDs of an uploaded version."""

    pipeline: Pipeline
    file: Path | None = None
    version: tuple[str, str] | None = None


class RunOptions(Struct, frozen=True, kw_only=True):
    """How a run is made: its name, where its outputs go, as whom it runs; `caching` is None for the pipeline's own."""

    name: str | None = None
    experiment: str | None = None
    pipeline_root: str | None = None
    service_account: str | None = None
    caching: bool | None = None


def find_source(what: str, scratch: Path, *, function: str | None = None, python: Path | None = None) -> Source | None:
    """Return the pipeline in a file, compiled into `scratch` if it is Python; None if `what` is not a file.

    `function` names the pipeline in a Python file, and `python` an interpreter that has kfp. Nothing is asked of the
    server, so what is wrong with a file shows first.
    """
    path = Path(what)
    if not path.is_file() and path.suffix not in {".py", ".yaml", ".yml", ".json"}:
        return None
    if path.suffix == ".py":
        compiled = compile_pipeline(path, function=function, python=python)
        update_lock(compiled)
        file = scratch / f"{path.stem}.yaml"
        write_text(file, compiled.text)
        return Source(pipeline=parse_pipeline(compiled.text, file), file=file)
    if function or python:
        raise UsageError(f"{path} is compiled already", hint="leave out --function and --python")
    text = read_text(path)
    pipeline = parse_pipeline(text, path)
    check_for_server(path, next(yaml.safe_load_all(text)))
    if path.suffix not in {".yaml", ".yml"}:
        # kfp's client decides by the name's end, and JSON is YAML.
        file = scratch / f"{path.stem}.yaml"
        write_text(file, text)
        return Source(pipeline=pipeline, file=file)
    return Source(pipeline=pipeline, file=path)


def uploaded(server: Server, named: str, version: str | None) -> Source:
    """Return an uploaded pipeline, by its name or ID, in a version by name or ID; the newest without one."""
    found = server.find_pipeline(named)
    if found is None:
        raise InputError(
            f"{named} is neither a file nor a pipeline on {server.endpoint.url}",
            hint="`comp pipeline list` shows the server's pipelines",
        )
    pipeline, versions = found
    chosen = [item for item in versions if version in {None, item.name, item.item_id}]
    if not chosen:
        known = ", ".join(item.name for item in versions) or "none"
        raise InputError(
            f"the pipeline {pipeline.name} has no version {version or 'at all'}", hint=f"versions: {known}"
        )
    document = server.pipeline_document(pipeline.item_id, chosen[0].item_id)
    # With settings for Kubernetes, the server keeps the two documents of a file as members of one.
    parts = [document]
    if isinstance(document, Mapping) and "pipeline_spec" in document:
        parts = [document["pipeline_spec"], document.get("platform_spec") or {}]
    text = yaml.safe_dump_all(parts, allow_unicode=True, sort_keys=False)
    return Source(pipeline=parse_pipeline(text, Path(pipeline.name)), version=(pipeline.item_id, chosen[0].item_id))


def submission(source: Source, texts: Mapping[str, str], options: RunOptions, *, name: str) -> Submission:
    """Return what the server is asked to run, with checked arguments. Raises UsageError and InputError."""
    if source.version and options.caching is not None:
        raise UsageError(
            "an uploaded pipeline keeps its own settings of the cache", hint="give its file to change them for this run"
        )
    return Submission(
        name=options.name or name,
        arguments=read_arguments(source.pipeline.interface, texts),
        file=source.file,
        version=source.version,
        experiment=options.experiment,
        pipeline_root=options.pipeline_root,
        service_account=options.service_account,
        caching=options.caching,
    )
