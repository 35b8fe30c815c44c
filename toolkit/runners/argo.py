"""Run a component on a Kubernetes cluster, as a workflow of Argo with one step."""

import logging
import secrets
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.argo import ArgoSettings
from toolkit.engines.kubernetes import Cluster
from toolkit.engines.s3 import Store
from toolkit.errors import OutsideError
from toolkit.forms.argo_step import argo_name
from toolkit.forms.argo_workflow import Collected, Location, metadata_name, workflow
from toolkit.forms.ir import ir_name
from toolkit.interface.model import Kind
from toolkit.launcher.launch import SIDE_FILE
from toolkit.runners.argo_files import Upload, fetch, open_store, send
from toolkit.runners.argo_watch import WORKFLOWS, Ended, Watch, come_back
from toolkit.runners.on_cluster import OnCluster
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.staging import collect_outputs, output_paths, side_file
from toolkit.spec.long_values import long_values, values_document
from toolkit.system import temporary
from toolkit.system.signals import is_leaving, undone

log = logging.getLogger(__name__)

# Pods get names of up to 63 characters from that of the workflow.
_LONGEST_TITLE = 40


class ArgoRunner:
    """Runs on a cluster. The image is a reference that the nodes can pull.

    `settings` are those of `[tool.comp.argo]`; the namespace that the user names goes before theirs.
    """

    name = "argo"

    def __init__(self, on_cluster: OnCluster, settings: ArgoSettings, environ: Mapping[str, str]) -> None:
        access = on_cluster.access
        self.access = replace(access, namespace=access.namespace or settings.namespace)
        self.settings = settings
        self.environ = environ
        self.on_cluster = on_cluster

    @cached_property
    def cluster(self) -> Cluster:
        """The connection, made once."""
        return Cluster.connect(self.access, self.environ)

    def check(self) -> None:
        """Raise OutsideError if the cluster does not answer, or lacks the account that steps run as."""
        account = self.settings.service_account
        if account and self.cluster.has_service_account(account) is False:
            raise OutsideError(
                f"the namespace {self.cluster.namespace} has no service account {account!r}, which steps run as",
                hint="name another: service-account in [tool.comp.argo]",
            )

    def run(self, run: Run) -> Outcome:
        """Run to the end. Raises OutsideError if the pod cannot run, is evicted, or the cluster goes away."""
        self.check()
        name = f"{ir_name(run.spec.name)[:_LONGEST_TITLE].rstrip('-')}-{secrets.token_hex(4)}"
        with temporary.folder("argo") as folder:
            inputs = _Inputs.of(run, f"comp/{name}", folder)
            document = workflow(
                replace(run.spec, implementation=replace(run.spec.container, image=run.image)),
                values=run.values,
                artifacts=inputs.artifacts,
                settings=replace(self.settings, namespace=self.cluster.namespace),
                name=name,
                collected=inputs.collected,
            )
            # Only a workflow says which store Argo takes for it. So it waits until its inputs are there.
            if inputs.uploads:
                document["spec"]["suspend"] = True
            with undone(lambda: self._leave(name), do=lambda: self.cluster.create(WORKFLOWS, document)):
                self.on_cluster.say(f"submitted the workflow {name} to the namespace {self.cluster.namespace}")
                return self._finish(run, name, inputs.uploads, folder)

    def _finish(self, run: Run, name: str, uploads: Sequence[Upload], folder: Path) -> Outcome:
        """Bring the inputs, follow the workflow to its end, and collect the outputs."""
        watch = Watch(cluster=self.cluster, name=name, on=self.on_cluster, log=run.log or sys.stderr.buffer)
        left = [upload.key for upload in uploads]
        chosen: Mapping[str, Any] = {}
        try:
            if uploads:
                chosen = watch.until(_has_store)
            # It may also have ended, and then the end has the reason.
            if uploads and _has_store(chosen):
                store = self._store(chosen)
                for upload in uploads:
                    send(store, upload)
                self.cluster.patch(WORKFLOWS, name, {"spec": {"suspend": None}})
            ended = watch.to_the_end()
            chosen = ended.workflow
            paths = output_paths(folder / "outputs", run)
            written = _written(run, ended, paths)
            left += [artifact["s3"]["key"] for artifact, _ in written if artifact.get("s3")]
            code, reason = _exit_code(ended, self.cluster)
            self._fetch_outputs(run, ended, written, paths)
            return replace(collect_outputs(run, paths, code), reason=reason)
        finally:
            if _has_store(chosen) and left and not self.on_cluster.keep:
                self._clean(chosen, left)

    def _store(self, found: Mapping[str, Any]) -> Store:
        return open_store(found, self.cluster, self.settings, self.environ)

    def _fetch_outputs(
        self, run: Run, ended: Ended, written: Sequence[tuple[Mapping[str, Any], Path]], paths: Mapping[str, Path]
    ) -> None:
        """Bring every output that the step wrote to its path."""
        if not written:
            return
        try:
            store = self._store(ended.workflow)
            for artifact, path in written:
                fetch(store, artifact, path)
        except OutsideError as error:
            if any(port.kind is Kind.ARTIFACT for port in run.spec.interface.outputs):
                raise
            self._take_values(run, ended.step.get("outputs") or {}, paths, error)

    def _take_values(
        self, run: Run, outputs: Mapping[str, Any], paths: Mapping[str, Path], error: OutsideError
    ) -> None:
        """Take values from the state of the workflow, where Argo keeps them without a line break at their end."""
        log.warning("the values are those that Argo shows, without a line break at their end: %s", error.message)
        values = {value["name"]: value.get("value", "") for value in outputs.get("parameters") or []}
        for port in run.spec.interface.outputs:
            if argo_name(port.name) in values:
                paths[port.name].write_text(values[argo_name(port.name)], encoding="utf-8")

    def _clean(self, found: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Delete what the run left in the store; what cannot be deleted is no failure of the run."""
        try:
            self._store(found).delete(keys)
        except OutsideError as error:
            log.warning("the store keeps %s objects of the run: %s", len(keys), error.message)

    def _leave(self, name: str) -> None:
        """Delete the workflow with its pods; or leave it, and say how to come back."""
        if self.on_cluster.keep:
            self.on_cluster.say(f"the workflow {name} stays: {come_back(self.cluster, name)}")
            return
        try:
            self.cluster.delete(WORKFLOWS, name, brief=is_leaving())
        except OutsideError as error:
            log.warning("the workflow %s stays: %s", name, error.message)


class _Inputs(Struct, frozen=True, kw_only=True):
    """The files that a step needs: all on their way to the store, and the places that they will have there."""

    uploads: tuple[Upload, ...]
    artifacts: Mapping[str, Location]
    collected: Collected

    @classmethod
    def of(cls, run: Run, prefix: str, folder: Path) -> "_Inputs":
        """Give every file a key below `prefix`. Values that no command line holds become a file in `folder`."""
        # By number: a name may hold anything.
        artifacts = {
            port: Upload(path=path, key=f"{prefix}/inputs/{number}")
            for number, (port, path) in enumerate(run.artifacts.items())
        }
        metadata = {
            port: Upload(path=side_file(upload.path), key=upload.key + SIDE_FILE)
            for port, upload in artifacts.items()
            if side_file(upload.path).is_file()
        }
        uploads = [*artifacts.values(), *metadata.values()]
        values = None
        if long := long_values(run.values):
            file = folder / "values.json"
            file.write_text(values_document(long), encoding="utf-8")
            uploads.append(Upload(path=file, key=f"{prefix}/values.json"))
            values = uploads[-1].place
        beside = {port: upload.place for port, upload in metadata.items()}
        return cls(
            uploads=tuple(uploads),
            artifacts={port: upload.place for port, upload in artifacts.items()},
            collected=Collected(values=values, metadata=beside),
        )


def _written(run: Run, ended: Ended, paths: Mapping[str, Path]) -> list[tuple[Mapping[str, Any], Path]]:
    """Return the artifacts that the step wrote, each with its path on this machine: outputs, and metadata beside."""
    artifacts = {artifact["name"]: artifact for artifact in (ended.step.get("outputs") or {}).get("artifacts") or []}
    wanted = {}
    for number, port in enumerate(run.spec.interface.outputs):
        wanted[argo_name(port.name)] = paths[port.name]
        wanted[metadata_name(number)] = side_file(paths[port.name])
    return [(artifacts[name], path) for name, path in wanted.items() if name in artifacts]


def _has_store(found: Mapping[str, Any]) -> bool:
    """Whether Argo has chosen a store."""
    return bool((found.get("status") or {}).get("artifactRepositoryRef"))


def _exit_code(ended: Ended, cluster: Cluster) -> tuple[int, str | None]:
    """Return the program's exit code, and why Kubernetes ended it, if it did.

    Raises OutsideError if the program never ran, or its end says nothing about it.
    """
    if ended.phase == "Succeeded":
        return 0, None
    killed = ended.killed
    code = str((ended.step.get("outputs") or {}).get("exitCode") or "")
    if killed and not killed.startswith("OOMKilled"):
        raise OutsideError(f"Kubernetes ended the step: {killed}", hint=_after(killed))
    if code.isdigit() and int(code):
        return int(code), killed or None
    pods = [str(pod["metadata"]["name"]) for pod in ended.pods]
    warnings = [words for pod in pods for words in cluster.warnings(pod)]
    said = "".join(f"\n  event: {words}" for words in warnings[-3:])
    raise OutsideError(f"the workflow ended as {ended.phase}: {ended.message or 'without a reason'}{said}")


def _after(words: str) -> str | None:
    """Return what to do after a pod was ended."""
    if words.startswith("Evicted"):
        return "ask for what the step needs in [tool.comp.resources], or run it again on a node with room"
    if words.startswith("DeadlineExceeded"):
        return "raise active-deadline-seconds in [tool.comp.argo]"
    return None
