"""`comp pipeline` on a KFP server: the real `kfp.Client` speaks over loopback to a double of the server.

The double checks every request and its own answers against KFP's published API description.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.commands import Result
from tests.kfp_server.double import CREATED, Fault, KfpServer, frame, serving, step

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-that-stays-hidden"
PIPELINE = """\
components:
  comp-train:
    executorLabel: exec-train
    inputDefinitions:
      parameters:
        rows: {parameterType: NUMBER_INTEGER}
deploymentSpec:
  executors:
    exec-train:
      container: {image: 'r/train@sha256:%s', command: [train]}
pipelineInfo: {name: two-steps}
root:
  dag:
    tasks:
      train:
        cachingOptions: {enableCache: true}
        componentRef: {name: comp-train}
        inputs: {parameters: {rows: {componentInputParameter: rows}}}
        taskInfo: {name: train}
      again:
        componentRef: {name: comp-train}
        dependentTasks: [train]
        inputs: {parameters: {rows: {componentInputParameter: rows}}}
        taskInfo: {name: again}
  inputDefinitions:
    parameters:
      rows: {parameterType: NUMBER_INTEGER}
      name: {parameterType: STRING, defaultValue: x, isOptional: true}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
""" % ("0" * 64)
HTML: Fault = (200, {"Content-Type": "text/html"}, b"<!doctype html><html><title>Log in</title></html>")


class Comp(Protocol):
    """Runs `comp pipeline` against the double."""

    def __call__(self, *arguments: str | Path, **environ: str) -> Result: ...


@pytest.fixture
def kfp() -> Iterator[KfpServer]:
    with serving(KfpServer()) as server:
        yield server


@pytest.fixture
def comp(kfp: KfpServer, comp_with_kfp: Path, tmp_path: Path) -> Comp:
    def call(*arguments: str | Path, **environ: str) -> Result:
        command = [comp_with_kfp, "-m", "toolkit.cli.main", "pipeline", *arguments]
        done = subprocess.run(
            command, env=_environ(kfp, tmp_path, environ), capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    return call


def _environ(kfp: KfpServer, home: Path, more: dict[str, str]) -> dict[str, str]:
    base = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return base | {"KF_PIPELINES_ENDPOINT": kfp.url, "KUBECONFIG": str(home / "absent"), "TZ": "UTC"} | more


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(PIPELINE)
    return path


def started(kfp: KfpServer, *frames: dict[str, object], run: str = "run-1") -> str:
    """Put a run on the server that shows these frames."""
    kfp.runs[run] = {"run_id": run, "display_name": "nightly", "created_at": CREATED, "experiment_id": "e"}
    kfp.frames[run] = list(frames)
    return run


def test_upload_makes_a_pipeline_and_then_versions(comp: Comp, kfp: KfpServer, file: Path) -> None:
    first = comp("upload", file, "--description", "Trains twice")
    assert first.code == 0
    (pipeline,) = kfp.pipelines.values()
    assert first.out == f"{pipeline['pipeline_id']}\n"
    assert (pipeline["display_name"], pipeline["description"]) == ("two-steps", "Trains twice")
    assert first.err == f"uploaded two-steps\n{kfp.url}/#/pipelines/details/{pipeline['pipeline_id']}\n"
    second = comp("upload", file, "--version", "v2")
    assert second.out == first.out
    assert "uploaded two-steps, version v2" in second.err
    assert [version["display_name"] for version in kfp.versions.values()] == ["two-steps", "v2"]
    shown = comp("get", "two-steps")
    assert [line.split()[3:] for line in shown.out.splitlines()] == [
        ["pipeline", "two-steps"],
        ["version", "v2"],
        ["version", "two-steps"],
    ]


def test_first_version_gets_its_name(comp: Comp, kfp: KfpServer, file: Path) -> None:
    assert comp("upload", file, "--name", "nightly", "--version", "v1").code == 0
    assert [pipeline["display_name"] for pipeline in kfp.pipelines.values()] == ["nightly"]
    assert [version["display_name"] for version in kfp.versions.values()] == ["v1"]


def test_upload_of_something_else(comp: Comp, kfp: KfpServer, tmp_path: Path) -> None:
    contract = tmp_path / "component.yaml"
    contract.write_text("name: a\nimplementation: {container: {image: a}}\n")
    result = comp("upload", contract)
    assert result.code == 1
    assert "hint: this is a component's contract" in result.err
    assert comp("upload", tmp_path / "absent.yaml").code in {1, 2}
    assert kfp.asked == []


def test_list_follows_all_pages(comp: Comp, kfp: KfpServer) -> None:
    for number in range(450):
        started(kfp, run=f"run-{number}")
    listed = comp("list", "runs", "--max", "430", "--format", "json")
    assert [row["id"] for row in json.loads(listed.out)] == [f"run-{number}" for number in reversed(range(20, 450))]
    assert listed.err == "there are more; --max 860 shows them\n"
    assert comp("list", "experiments").err == "the server has no experiments\n"


def test_watch_a_run_that_succeeds(comp: Comp, kfp: KfpServer) -> None:
    kfp.logs["wf-system-container-impl-1"] = "one\ntwo\n"
    run = started(
        kfp,
        frame("RUNNING", *step("train", "RUNNING", pod="wf-1", seconds=None)),
        frame("SUCCEEDED", *step("train", "SUCCEEDED", pod="wf-1")),
    )
    result = comp("watch", run)
    assert result.code == 0
    assert result.err == "train | one\ntrain | two\ntrain: running\ntrain: succeeded after 7 s\n"
    assert result.out == "succeeded       nightly\nsucceeded  7 s    train\n"


def test_watch_a_run_that_fails_in_its_second_step(comp: Comp, kfp: KfpServer) -> None:
    kfp.logs["wf-2"] = "ValueError: no rows\n"
    run = started(kfp, frame("FAILED", *step("train", "SUCCEEDED"), *step("again", "FAILED", pod="wf-2")))
    result = comp("watch", run)
    assert result.code == 1
    assert "again | ValueError: no rows\nagain: failed after 7 s\nagain failed\n" in result.err
    assert result.out.splitlines()[2].split() == ["failed", "7", "s", "again"]
    assert comp("watch", run, "--no-logs").err.count("ValueError") == 0


def test_cancelled_run(comp: Comp, kfp: KfpServer) -> None:
    run = started(kfp, frame("RUNNING", *step("train", "RUNNING", seconds=None)))
    assert comp("stop", run).err == f"asked the server to stop {run}\n"
    result = comp("watch", run)
    assert (result.code, result.out.split()[0]) == (1, "canceled")


def test_unknown_run(comp: Comp, kfp: KfpServer) -> None:
    result = comp("watch", "run-9")
    assert result.code == 1
    assert result.err.startswith(f"error: no run run-9: GET {kfp.url}/apis/v2beta1/runs/run-9: status 404: Run run-9")
    both = comp("get", "run-9")
    assert both.code == 1
    assert both.err.startswith(f"error: no run and no pipeline run-9 on {kfp.url}")


def test_run_a_file_and_watch_it(comp: Comp, kfp: KfpServer, file: Path) -> None:
    kfp.frames[""] = [
        frame("RUNNING", *step("train", "RUNNING", seconds=None)),
        frame("SUCCEEDED", *step("train", "SUCCEEDED")),
    ]
    options = (
        "--experiment",
        "nightly",
        "--run-name",
        "first",
        "--pipeline-root",
        "s3://b/k",
        "--service-account",
        "me",
    )
    result = comp("run", file, "--server", "-i", "rows=3", *options, "--disable-caching", "--watch")
    assert result.code == 0, result.err
    (run,) = kfp.runs.values()
    assert (run["display_name"], run["service_account"]) == ("first", "me")
    assert run["runtime_config"] == {"parameters": {"rows": 3}, "pipeline_root": "s3://b/k"}
    assert kfp.experiments[run["experiment_id"]]["display_name"] == "nightly"
    tasks = run["pipeline_spec"]["root"]["dag"]["tasks"]
    # False is left out, as everywhere in the JSON of protobuf.
    assert [task["cachingOptions"] for task in tasks.values()] == [{}, {}]
    assert "again: pending" in result.err
    assert result.out.startswith("succeeded")


def test_run_is_started_and_left(comp: Comp, kfp: KfpServer, file: Path) -> None:
    result = comp("run", file, "--endpoint", kfp.url, "-i", "rows=3", KF_PIPELINES_ENDPOINT="")
    (run,) = kfp.runs
    assert (result.code, result.out) == (0, f"{run}\n")
    assert f"follow it with: comp pipeline watch {run} --endpoint {kfp.url}" in result.err


def test_run_of_an_uploaded_version(comp: Comp, kfp: KfpServer, file: Path) -> None:
    comp("upload", file, "--version", "v1")
    comp("upload", file, "--version", "v2")
    for named, chosen in (((), "v2"), (("--version", "v1"), "v1")):
        result = comp("run", "two-steps", "--server", "-i", "rows=3", *named)
        assert result.code == 0, result.err
        reference = kfp.runs[result.out.strip()]["pipeline_version_reference"]
        assert kfp.versions[reference["pipeline_version_id"]]["display_name"] == chosen
    watched = comp("get", result.out.strip())
    assert watched.out.split() == ["pending", *watched.out.split()[1:4], "pending", "train", "pending", "again"]
    unknown = comp("run", "two-steps", "--server", "-i", "rows=3", "--version", "v3")
    assert (unknown.code, "versions: v2, v1" in unknown.err) == (1, True)
    assert comp("run", "other", "--server").code == 1
    kept = comp("run", "two-steps", "--server", "-i", "rows=3", "--enable-caching")
    assert (kept.code, "an uploaded pipeline keeps its own settings" in kept.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--experiment", "x"), "--experiment is for runs on a server"),
        (("--watch",), "is for runs on a server"),
        (("--server", "--jobs", "2"), "is for runs on this machine"),
        (("--server", "--runner", "docker"), "--runner is for runs on this machine"),
        (("--server", "--resume", "runs/a"), "--resume is for runs on this machine"),
    ],
)
def test_options_of_the_other_place(
    comp: Comp, kfp: KfpServer, file: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = comp("run", file, "-i", "rows=1", *arguments)
    assert (result.code, message in result.err) == (2, True), result.err
    assert kfp.asked == []


def test_values_that_do_not_arrive_are_refused(comp: Comp, kfp: KfpServer, file: Path) -> None:
    file.write_text(
        PIPELINE.replace("{componentInputParameter: rows}", "{runtimeValue: {constant: '{{workflow.name}}'}}", 1)
    )
    result = comp("run", file, "--server", "-i", "rows=1")
    assert result.code == 1
    assert "workflow.name" in result.err
    assert kfp.asked == []


def test_a_step_that_the_server_cannot_start_is_named(comp: Comp, kfp: KfpServer, file: Path) -> None:
    text = PIPELINE.replace("command: [train]", "command: [train, \"{{$.inputs.parameters['rate']}}\"]")
    optional = "rate: {parameterType: NUMBER_DOUBLE, defaultValue: 0.5, isOptional: true}"
    file.write_text(
        text.replace("        rows: {parameterType", f"        {optional}\n        rows: {{parameterType", 1)
    )
    result = comp("upload", file)
    assert result.code == 0, result.err
    assert "warning: the step 'train': KFP 2.17's server fails where 'rate' is left to its default;" in result.err
    assert len(kfp.pipelines) == 1


def test_run_of_a_python_file(comp: Comp, kfp: KfpServer, tmp_path: Path) -> None:
    file = tmp_path / "pipe.py"
    file.write_text(
        "from kfp import dsl\n"
        "@dsl.container_component\n"
        "def train(rows: int):\n"
        f"    return dsl.ContainerSpec(image='r/train@sha256:{'0' * 64}', command=['train', rows])\n"
        "@dsl.pipeline(name='from-python')\n"
        "def pipe(rows: int):\n"
        "    train(rows=rows)\n"
    )
    result = comp("run", file, "--server", "-i", "rows=3")
    assert result.code == 0, result.err
    (run,) = kfp.runs.values()
    assert run["pipeline_spec"]["pipelineInfo"]["name"] == "from-python"


def test_recurring_run(comp: Comp, kfp: KfpServer, file: Path) -> None:
    made = comp("recurring-run", "create", file, "-i", "rows=3", "--cron", "0 30 3 * * *", "--no-catchup", "--disabled")
    assert made.code == 0, made.err
    (recurring,) = kfp.recurring.values()
    assert made.out == f"{recurring['recurring_run_id']}\n"
    assert recurring["trigger"] == {"cron_schedule": {"cron": "0 30 3 * * *"}}
    assert recurring["runtime_config"]["parameters"] == {"rows": 3}
    assert (recurring["mode"], recurring["no_catchup"]) == ("DISABLE", True)
    key = made.out.strip()
    for verb, status in (("enable", "ENABLED"), ("disable", "DISABLED")):
        assert comp("recurring-run", verb, key).err == f"{verb}d {key}\n"
        assert recurring["status"] == status
    listed = json.loads(comp("list", "recurring-runs", "--format", "json").out)
    assert listed[0]["about"] == "disabled, cron 0 30 3 * * *"
    assert comp("recurring-run", "delete", key).code == 0
    assert kfp.recurring == {}
    again = comp("recurring-run", "delete", key)
    assert (again.code, f"cannot delete the recurring run {key}" in again.err) == (1, True)


def test_recurring_run_of_an_uploaded_pipeline(comp: Comp, kfp: KfpServer, file: Path) -> None:
    comp("upload", file)
    made = comp("recurring-run", "create", "two-steps", "-i", "rows=3", "--every", "3600")
    assert made.code == 0, made.err
    (recurring,), (version,) = kfp.recurring.values(), kfp.versions.values()
    assert recurring["pipeline_version_reference"]["pipeline_version_id"] == version["pipeline_version_id"]
    assert recurring["trigger"] == {"periodic_schedule": {"interval_second": "3600"}}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--cron", "30 3 * * *"), 2, "--cron has 5 fields"),
        ((), 2, "expected one of --cron and --every"),
        (("--cron", "0 0 0 1 1 *", "--every", "9"), 2, "expected one of --cron and --every"),
        (("--every", "9", "--start", "soon"), 2, "--start soon is not a time"),
        (("--every", "9", "-i", "row=1"), 2, "did you mean 'rows'?"),
        (("--every", "9", "-i", "rows=many"), 2, "expected Integer"),
        (("--every", "9", "-i", "rows=1", "-i", "name={{inputs.parameters.x}}"), 1, "inputs.parameters.x"),
        (("--every", "9", "-i", "rows=1", "--version", "v1"), 2, "--version goes with an uploaded pipeline"),
    ],
)
def test_refused_before_anything_is_submitted(
    comp: Comp, kfp: KfpServer, file: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    inputs = () if "-i" in arguments else ("-i", "rows=1")
    result = comp("recurring-run", "create", file, *inputs, *arguments)
    assert (result.code, message in result.err) == (code, True), result.err
    assert kfp.asked == []


def test_experiments(comp: Comp, kfp: KfpServer) -> None:
    made = comp("experiment", "create", "nightly")
    assert comp("experiment", "create", "nightly").out == made.out
    assert comp("experiment", "archive", "nightly").code == 0
    assert "archived" in comp("list", "experiments").out
    assert comp("experiment", "unarchive", made.out.strip()).code == 0
    assert "archived" not in comp("list", "experiments").out
    assert comp("experiment", "delete", "nightly", "--yes").code == 0
    assert kfp.experiments == {}
    assert comp("experiment", "delete", "nightly", "--yes").code == 1


REFUSALS: dict[str, tuple[Fault, str, str]] = {
    "401": (
        (401, {}, b"Jwt is missing"),
        "the server wants a valid token (status 401: Jwt is missing)",
        "--token-file",
    ),
    "403": (
        (403, {}, b'{"error":"User x is not authorized","code":7}'),
        "not allowed (status 403: User x is not",
        "--namespace",
    ),
    "404": ((404, {}, b"404 page not found"), "the server has no KFP API here (status 404", "https://HOST/pipeline"),
    "500": ((500, {}, b'{"message":"Internal error: boom","code":13}'), "status 500: Internal error: boom", "log"),
    "page": (HTML, "expected JSON, found a web page, probably that of a login", "COMP_KFP_COOKIE"),
    "login": (
        (302, {"Location": "https://dex/auth?state=hidden"}, b""),
        "redirected to https://dex/auth, probably a login",
        "COMP_KFP_COOKIE",
    ),
    "invalid JSON": (
        (200, {"Content-Type": "application/json"}, b'{"runs": ['),
        "the answer is invalid JSON",
        "address",
    ),
    "other JSON": ((200, {"Content-Type": "application/json"}, b'{"runs": [1]}'), "invalid answer", "at fault"),
    "array": ((200, {"Content-Type": "application/json"}, b"[]"), "expected a JSON object, found list", "address"),
    "dropped": (None, "broke", "try again"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_server_that_refuses(comp: Comp, kfp: KfpServer, case: str) -> None:
    answer, message, hint = REFUSALS[case]
    kfp.fault(answer)
    result = comp("list", "runs", COMP_KFP_TOKEN=TOKEN)
    assert result.code == 3
    assert message in result.err
    assert hint in result.err.partition("hint:")[2]
    assert TOKEN not in result.err + result.out
    assert "hidden" not in result.err


def test_server_that_is_down(comp: Comp) -> None:
    result = comp("list", "--endpoint", "http://127.0.0.1:9")
    assert result.code == 3
    assert "cannot connect to 127.0.0.1:9: Connection refused" in result.err


def test_very_slow_server(comp: Comp, kfp: KfpServer) -> None:
    # Longer than the limit, and no longer than the test: the double answers when the client is gone.
    kfp.delay = 3.0
    result = comp("list", "runs", COMP_LIMIT_REQUEST_TIME="1")
    assert result.code == 3
    assert "gave no whole answer within 1 seconds" in result.err


def test_upload_is_sent_once(comp: Comp, kfp: KfpServer, file: Path) -> None:
    kfp.fault((503, {}, b""), first=2)
    assert comp("upload", file).code == 3
    assert [asked for asked in kfp.asked if asked.startswith("POST")] == ["POST /apis/v2beta1/pipelines/upload"]


def test_outage_while_watching(comp: Comp, kfp: KfpServer) -> None:
    run = started(kfp, frame("RUNNING"), frame("SUCCEEDED"))
    kfp.fault((503, {}, b"upstream"), first=2, times=4)
    result = comp("watch", run)
    assert result.code == 0
    assert re.search(r"status 503: upstream; asking again in 2 s", result.err)


def test_token_that_expires_while_watching(comp: Comp, kfp: KfpServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    kfp.token = TOKEN
    run = started(kfp, frame("RUNNING"))
    kfp.on_request = lambda number: setattr(kfp, "token", "another") if number == 2 else None
    result = comp("watch", run, "--token-file", token, "--namespace", "ada")
    assert result.code == 3
    assert "error: the token is no longer accepted" in result.err
    assert "the run goes on" in result.err
    assert f"comp pipeline watch {run} --endpoint {kfp.url} --namespace ada" in result.err
    assert TOKEN not in result.err
    assert kfp.headers[0]["authorization"] == f"Bearer {TOKEN}"


def test_new_token_in_the_file_is_used(comp: Comp, kfp: KfpServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first-token")
    kfp.token = "first-token"
    run = started(kfp, frame("RUNNING"), frame("SUCCEEDED"))

    def renew(number: int) -> None:
        if number == 1:
            token.write_text("second-token")
        kfp.token = "first-token" if number == 1 else "second-token"

    kfp.on_request = renew
    assert comp("watch", run, "--token-file", token).code == 0


def test_cookie_of_kfps_own_settings(comp: Comp, kfp: KfpServer, tmp_path: Path) -> None:
    settings = tmp_path / ".config" / "kfp" / "context.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"namespace": "ada", "client_authentication_cookie": "session=abcdefgh"}))
    assert comp("list", "runs").code == 0
    assert kfp.headers[0]["cookie"] == "session=abcdefgh"
    assert comp("list", "runs", COMP_KFP_COOKIE="session=other").code == 0
    assert kfp.headers[1]["cookie"] == "session=other"


def test_time_is_up(comp: Comp, kfp: KfpServer) -> None:
    run = started(kfp, frame("RUNNING"))
    result = comp("watch", run, "--timeout", "1")
    assert result.code == 3
    assert f"error: the run {run} has not ended within 1 s; it goes on" in result.err


def test_interrupt_leaves_the_run_going(kfp: KfpServer, comp_with_kfp: Path, tmp_path: Path) -> None:
    run = started(kfp, frame("RUNNING", *step("train", "RUNNING", seconds=None)))
    command = [str(comp_with_kfp), "-m", "toolkit.cli.main", "pipeline", "watch", run]
    with subprocess.Popen(command, env=_environ(kfp, tmp_path, {}), stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stderr is not None
        assert watching.stderr.readline() == "train: running\n"
        watching.send_signal(signal.SIGINT)
        rest = watching.stderr.read()
        assert watching.wait(timeout=60) == 130
    assert f"the run goes on; come back with: comp pipeline watch {run} --endpoint {kfp.url}" in rest
    assert not any("terminate" in asked for asked in kfp.asked)


def test_without_kfp(tmp_path: Path) -> None:
    """The environment of the tests itself has no kfp."""
    from tests.commands import comp as plain

    result = plain("pipeline", "list", "--endpoint", "http://127.0.0.1:9", env=os.environ | {"HOME": str(tmp_path)})
    assert result.code == 3
    assert "pip install 'comp-toolkit[kfp]'" in result.err
