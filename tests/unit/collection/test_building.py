"""Builds of many components in one process: the images of single builds, with the work that they share done once."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bytecode import VERSION
from tests.components import FUNCTION, small_base, write_component
from tests.fake_remote import FakeRemote, serving
from tests.package_index import PackageIndex, serving_index, small_wheel
from toolkit.cache.store import Cache
from toolkit.collection.building import MemberRequest, build_many
from toolkit.collection.work import Outcome
from toolkit.collection.workspace import read_members
from toolkit.errors import OutsideError
from toolkit.job.build import Milestone, build
from toolkit.job.context import BuildContext, BuildRequest

_NEEDS = (("alpha",), ("alpha", "beta"), ("beta",), (), ("alpha", "gamma"), ("alpha", "beta"), ("alpha",), ("alpha",))


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    alpha = small_wheel("alpha", "1.0", content="".join(f"X{number} = {number}\n" for number in range(12_000)))
    files = {"alpha-1.0-py3-none-any.whl": alpha}
    for name in ("beta", "gamma"):
        files[f"{name}-1.0-py3-none-any.whl"] = small_wheel(name, "1.0", requires="alpha" * (name == "beta"))
    with serving_index(PackageIndex(files=files)) as serving_it:
        yield serving_it


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def _context(folder: Path, index: PackageIndex, fake: FakeRemote) -> BuildContext:
    environ = {
        "PATH": os.environ["PATH"],
        "NO_PROXY": "127.0.0.1",
        "UV_DEFAULT_INDEX": index.url,
        "UV_NO_CONFIG": "1",
        "COMP_IMAGE_PREFIX": f"{fake.host}/{folder.name}",
    }
    return BuildContext(cache=Cache(folder / "cache"), environ=environ)


def _components(folder: Path, base: Path) -> list[Path]:
    """Write components on a base of another processor, for which this machine's Python compiles."""
    return [
        write_component(
            folder / f"c{number}",
            base,
            {
                "src/count_words.py": FUNCTION + f"# {number}\n",
                "pyproject.toml": f'[project]\nname = "c{number}"\nversion = "1.0.0"\ndependencies = {list(needs)!r}\n'
                f'[tool.comp]\nentrypoint = "count_words:count"\nbase = "layout:{base}"\nplatforms = ["linux/arm64"]\n',
            },
        )
        for number, needs in enumerate(_NEEDS)
    ]


def _all(folders: Sequence[Path], context: BuildContext, *, jobs: int = 4, push: bool = True) -> list[Outcome]:
    requests = [
        MemberRequest(member=member, request=BuildRequest(folder=member.folder, push=push))
        for member in read_members(folders, context.environ)
    ]
    return list(build_many(requests, context, jobs=jobs))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    python = b"\x7fELF\0junk\0" + VERSION.encode() + b"\0more"
    return small_base(tmp_path / "base", architecture="arm64", files={"usr/bin/python3.11": python})


def _digests(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Return the digest of each component's image."""
    found = {}
    for outcome in outcomes:
        assert outcome.done, outcome.failure
        found[outcome.member.name] = str(outcome.done.image).partition("@")[2]
    return found


def test_they_have_the_digests_of_single_builds(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote
) -> None:
    together = _all(_components(tmp_path / "together", base), _context(tmp_path / "together", index, fake))
    alone = {}
    for number, folder in enumerate(_components(tmp_path / "alone", base)):
        # Each as if it were the only one on its machine.
        context = _context(tmp_path / "machines" / str(number), index, fake)
        alone[f"c{number}"] = build(BuildRequest(folder=folder, push=True), context).partition("@")[2]
    assert _digests(together) == alone
    for name in alone:
        locks = [(tmp_path / where / name / "requirements.lock") for where in ("together", "alone")]
        assert locks[0].read_bytes() == locks[1].read_bytes()


def test_work_that_they_share_is_done_once(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote, caplog: pytest.LogCaptureFixture
) -> None:
    # An earlier run of comp in this process has set the level of its own logger.
    caplog.set_level("DEBUG", logger="toolkit")
    context = _context(tmp_path / "work", index, fake)
    outcomes = _all(_components(tmp_path / "work", base), context, jobs=8)
    fetched = [record.getMessage() for record in caplog.records if record.getMessage().startswith("fetching ")]
    assert sorted(fetched) == sorted(f"fetching {name}" for name in index.files)
    # Each of four resolutions asks for a page at most once. One component asks who published it, through uv and itself.
    assert len([path for path in index.requests if path.endswith("/alpha/")]) <= len(set(_NEEDS)) - 1 + 2
    # Compiled once: one record for each wheel.
    assert len(list((context.cache.root / "records" / "bytecode").rglob("*.json"))) == len(index.files)
    # A layer is sent to one repository, and mounted from there into the others.
    sent = [outcome.done.sent or 0 for outcome in outcomes if outcome.done]
    total = sum({digest: len(data) for blobs in fake.blobs.values() for digest, data in blobs.items()}.values())
    assert sum(sent) < 1.5 * total
    assert min(sent) > 0
    big = max((len(data), digest) for blobs in fake.blobs.values() for digest, data in blobs.items())
    assert sum(call.size == big[0] for call in fake.calls) == 1


def test_a_second_run_finds_nothing_to_do(tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote) -> None:
    folders = _components(tmp_path / "work", base)
    first = _all(folders, _context(tmp_path / "work", index, fake))
    index.requests.clear()
    fake.calls.clear()
    second = _all(folders, _context(tmp_path / "work", index, fake))
    assert {outcome.done and outcome.done.result for outcome in second} == {"unchanged"}
    assert _digests(second) == _digests(first)
    assert index.requests == []
    assert {call.method for call in fake.calls} == {"HEAD"}


def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote
) -> None:
    folders = _components(tmp_path / "work", base)
    context = _context(tmp_path / "work", index, fake)
    requests = [
        MemberRequest(member=member, request=BuildRequest(folder=member.folder, push=True))
        for member in read_members(folders, context.environ)
    ]
    run = build_many(requests, context, jobs=1)
    done = [next(run), next(run)]
    with pytest.raises(KeyboardInterrupt):
        run.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    again = _all(folders, _context(tmp_path / "work", index, fake))
    unchanged = {outcome.member.name for outcome in again if outcome.done and outcome.done.result == "unchanged"}
    assert unchanged >= {outcome.member.name for outcome in done}
    assert _digests(done).items() <= _digests(again).items()


def test_a_failure_after_the_image_does_not_hide_it(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote
) -> None:
    (folder, *_) = _components(tmp_path / "work", base)
    context = _context(tmp_path / "work", index, fake)
    member = MemberRequest(member=read_members([folder], {})[0], request=BuildRequest(folder=folder, push=True))

    def refuse_pins(milestone: Milestone) -> None:
        if milestone.kind == "pinned":
            raise OutsideError("the disk is full")

    [outcome] = build_many([member], context, jobs=1, announce=refuse_pins)
    assert (outcome.result, outcome.exit_code, str(outcome.failure)) == ("failed", 3, "the disk is full")
    assert _digests([outcome]) == _digests(_all([folder], context))
    assert outcome.done
    assert outcome.done.sent


def test_a_failure_in_what_they_share_is_that_of_each_with_its_place(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote
) -> None:
    folders = _components(tmp_path / "work", base)
    for name in ("c1", "c5"):
        path = tmp_path / "work" / name / "pyproject.toml"
        path.write_text(path.read_text().replace("'beta'", "'missing'"))
    outcomes = _all(folders, _context(tmp_path / "work", index, fake))
    failed = {outcome.member.name: outcome.failure for outcome in outcomes if outcome.failure}
    assert failed.keys() == {"c1", "c5"}
    for name, failure in failed.items():
        assert "missing" in str(failure)
        assert failure.where.path == tmp_path / "work" / name / "pyproject.toml"  # type: ignore[attr-defined]


def test_a_server_that_is_down_fails_all_that_push(
    tmp_path: Path, base: Path, index: PackageIndex, fake: FakeRemote
) -> None:
    folders = _components(tmp_path / "work", base)
    context = _context(tmp_path / "work", index, fake)
    gone = replace(context, environ={**context.environ, "COMP_IMAGE_PREFIX": "127.0.0.1:1/gone"})
    outcomes = _all(folders[:3], gone)
    assert [type(outcome.failure).__name__ for outcome in outcomes] == ["NoAnswerError"] * 3
    # What was made for the images is there for the next run.
    index.requests.clear()
    _digests(_all(folders[:3], context))
    assert index.requests == []
