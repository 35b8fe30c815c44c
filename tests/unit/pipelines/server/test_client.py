"""The operations on a KFP server, with a stand-in for `kfp.Client`; the whole client is asked in tests/engines."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit.errors import InputError, RemoteError
from toolkit.http.transport import Answer, HttpRequest
from toolkit.pipelines.server.client import Schedule, Server, Submission
from toolkit.pipelines.server.endpoint import Credentials, Endpoint

URL = "https://kfp.example/pipeline"


class Client:
    """Notes calls by name, and gives what is set for them; `NAME=error` raises."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.calls: list[tuple[str, tuple[object, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            self.calls.append((name, arguments, named))
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer.pop(0) if isinstance(answer, list) else answer

        return call


def server(client: Client | None = None, api: object = None, transport: object = None, pages: str = URL) -> Server:
    credentials = Credentials(token="secret-token")
    endpoint = Endpoint(url=URL, pages=pages, namespace="ada", credentials=credentials)
    return Server(endpoint, client or Client(), api, transport)  # type: ignore[arg-type] # stand-ins


def item(**facts: object) -> SimpleNamespace:
    return SimpleNamespace(**({"display_name": "p", "created_at": None, "description": None} | facts))


def page(token: str | None, **lists: object) -> SimpleNamespace:
    return SimpleNamespace(next_page_token=token, **lists)


def test_a_new_name_makes_a_pipeline_and_a_known_one_a_version() -> None:
    client = Client(get_pipeline_id=None, upload_pipeline=item(pipeline_id="1"))
    made = server(client).upload(Path("p.yaml"), name="p", version=None, description="d")
    assert (made.item_id, made.name, made.about) == ("1", "p", "")
    assert client.calls[-1][2] == {"pipeline_name": "p", "description": "d", "namespace": "ada"}
    client = Client(get_pipeline_id="1", upload_pipeline_version=item(created_at=None))
    added = server(client).upload(Path("p.yaml"), name="p", version="v2", description=None)
    assert (added.item_id, added.about) == ("1", "v2")
    assert client.calls[-1][2]["pipeline_id"] == "1"
    unnamed = server(client).upload(Path("p.yaml"), name="p", version=None, description=None)
    assert unnamed.about.startswith("p ")


def test_a_run_is_submitted_with_its_arguments() -> None:
    client = Client(create_experiment=SimpleNamespace(experiment_id="e"), run_pipeline=SimpleNamespace(run_id="r"))
    work = Submission(name="now", arguments={"n": 3}, version=("p", "v"), caching=False)
    assert server(client).submit(work) == "r"
    assert client.calls[0][2] == {"name": "Default", "namespace": "ada"}
    sent = client.calls[1][2]
    assert (sent["experiment_id"], sent["params"], sent["enable_caching"]) == ("e", {"n": 3}, False)
    assert (sent["pipeline_id"], sent["version_id"], sent["pipeline_package_path"]) == ("p", "v", None)


def test_numbers_of_a_schedule_are_texts() -> None:
    client = Client(
        create_experiment=SimpleNamespace(experiment_id="e"),
        create_recurring_run=SimpleNamespace(recurring_run_id="s"),
    )
    work = Submission(name="daily", arguments={}, file=Path("p.yaml"), experiment="mine")
    assert server(client).schedule(work, Schedule(seconds=60, catch_up=False)) == "s"
    assert client.calls[0][2]["name"] == "mine"
    sent = client.calls[1][2]
    assert (sent["interval_second"], sent["max_concurrency"], sent["no_catchup"]) == ("60", "1", True)
    assert (sent["cron_expression"], sent["pipeline_package_path"]) == (None, "p.yaml")


def test_every_page_of_a_list_is_read() -> None:
    one, two = item(pipeline_id="1"), item(pipeline_id="2", description="more")
    client = Client(list_pipelines=[page("t", pipelines=[one]), page(None, pipelines=None), page("", pipelines=[two])])
    assert [found.item_id for found in server(client).pipelines()] == ["1"]
    assert [call[2]["page_token"] for call in client.calls] == ["", "t"]
    assert [(found.item_id, found.about) for found in server(client).pipelines()] == [("2", "more")]


def test_pages_without_an_end_are_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.pipelines.server.client._MOST_PAGES", 3)
    client = Client(list_runs=page("t", runs=[item(run_id="r", state="SUCCEEDED")]))
    assert len([*server(client).runs()]) == 3


def test_an_entry_says_when_it_runs_and_whether_it_is_kept() -> None:
    def trigger(cron: str | None, seconds: str | None) -> SimpleNamespace:
        return SimpleNamespace(
            cron_schedule=cron and SimpleNamespace(cron=cron),
            periodic_schedule=seconds and SimpleNamespace(interval_second=seconds),
        )

    made = [
        item(recurring_run_id="1", status="ENABLED", trigger=trigger("0 0 * * * *", None)),
        item(recurring_run_id="2", status="DISABLED", trigger=trigger(None, "60")),
        item(recurring_run_id="3", status=None, trigger=None),
    ]
    client = Client(
        list_recurring_runs=page(None, recurring_runs=made),
        list_experiments=page(None, experiments=[item(experiment_id="e", storage_state="ARCHIVED")]),
    )
    words = [found.about for found in server(client).recurring_runs()]
    assert words == ["enabled, cron 0 0 * * * *", "disabled, every 60 s", "unknown, without a schedule"]
    assert [found.about for found in server(client).experiments()] == ["archived"]
    assert server(client).find_experiment("p") == server(client).find_experiment("e") == "e"
    with pytest.raises(InputError, match="no experiment x on"):
        server(client).find_experiment("x")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (RemoteError("GET: status 404", status=404), InputError, "no run r: GET: status 404"),
        (RemoteError("GET: status 500", status=500), RemoteError, "GET: status 500"),
        (ValueError("bad enum"), RemoteError, "gave an invalid answer: no run r: bad enum"),
    ],
)
def test_a_wrong_question_and_a_broken_server_are_told_apart(
    error: Exception, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        server(Client(get_run=error)).run("r")
    assert type(caught.value) is kind


def test_an_answer_without_an_id_is_invalid() -> None:
    client = Client(create_experiment=SimpleNamespace(experiment_id=None))
    with pytest.raises(RemoteError, match="the experiment has no ID"):
        server(client).experiment("e")


def test_a_pipeline_that_does_not_exist_is_none() -> None:
    missing = RemoteError("GET: status 404", status=404)
    assert server(Client(get_pipeline_id=None, get_pipeline=missing)).find_pipeline("x") is None
    versions = page(None, pipeline_versions=[item(pipeline_version_id="v", display_name="first")])
    client = Client(get_pipeline_id="1", get_pipeline=item(pipeline_id="1"), list_pipeline_versions=versions)
    found = server(client).find_pipeline("p")
    assert found is not None
    assert (found[0].item_id, [one.name for one in found[1]]) == ("1", ["first"])
    with pytest.raises(RemoteError):
        server(Client(get_pipeline_id=None, get_pipeline=RemoteError("down", status=503))).find_pipeline("x")


def test_words_of_kfp_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    class Loud(Client):
        def terminate_run(self, run_id: str) -> None:
            sys.stdout.write(f"a link to {run_id}\n")

    server(Loud()).act("terminate_run", "end the run r", run_id="r")
    assert capsys.readouterr().out == ""


def test_a_log_that_the_server_does_not_have_is_none() -> None:
    def api(answer: object) -> Client:
        return Client(call_api=answer)

    assert server(api=api(SimpleNamespace(data=b"a\xff\n"))).log("r", "pod") == "a\ufffd\n"
    assert server(api=api(SimpleNamespace(data=b'{"error_message": "gone"}'))).log("r", "pod") is None
    assert server(api=api(RemoteError("no", status=404))).log("r", "pod") is None


@pytest.mark.parametrize(("pages", "goes"), [(URL, True), ("https://other.example", False)])
def test_credentials_go_to_the_host_of_the_api_alone(pages: str, goes: bool) -> None:  # noqa: FBT001 (a table)
    class Api:
        cookie = "session=1"

        def update_params_for_auth(self, headers: dict[str, str], _query: object, _settings: object) -> None:
            headers["authorization"] = "secret-token"

    class Transport:
        sent: HttpRequest

        def send(self, request: HttpRequest) -> Answer:
            self.sent = request
            return Answer(status=200, headers={}, url=request.url, body=b"x")

    transport = Transport()
    assert server(api=Api(), transport=transport, pages=pages).ask_pages("/a", headers={"A": "b"}).body == b"x"
    credentials = {"authorization": "secret-token", "Cookie": "session=1"} if goes else {}
    assert transport.sent.headers == {"A": "b"} | credentials
    assert (transport.sent.url, transport.sent.method, transport.sent.follow) == (f"{pages}/a", "GET", False)
