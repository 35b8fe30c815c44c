import base64
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fake_remote import Access, FakeRemote
from toolkit.errors import OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.reference import parse_reference


def test_a_remote_has_the_environment_of_the_context(context: BuildContext, fake: FakeRemote, tmp_path: Path) -> None:
    fake.access = Access("basic")
    login = base64.b64encode(f"{fake.access.user}:{fake.access.password}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {fake.host: {"auth": login}}}))
    reference = parse_reference(f"{fake.host}/a:1")
    with pytest.raises(OutsideError):
        replace(context, environ={"DOCKER_CONFIG": str(tmp_path / "nothing")}).remote().head(reference)
    assert replace(context, environ={"DOCKER_CONFIG": str(tmp_path)}).remote().head(reference) is None


def test_the_next_build_looks_up_everything_but_its_client_anew(context: BuildContext) -> None:
    shared = context.shared
    assert shared.get(("base", "a"), lambda: 1) == 1
    with pytest.raises(OutsideError):
        shared.get(("tag", "b"), _fail)
    client = context.remote()
    again = context.again(connected=True)
    assert again.shared.get(("base", "a"), lambda: 2) == 2
    assert again.shared.get(("tag", "b"), lambda: 3) == 3
    assert again.remote() is client
    assert context.again(connected=False).remote() is not client


def _fail() -> int:
    raise OutsideError("no server")
