import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of
from tests.bytecode import HERE, VERSION
from toolkit.cache.store import Cache
from toolkit.jail.consent import Consent
from toolkit.python.target import Base
from toolkit.wheels.bytecode import choosing
from toolkit.wheels.bytecode.choosing import Interpreters
from toolkit.wheels.bytecode.interpreter import DoesNotRunError, Interpreter

OURS = Interpreter(command=(sys.executable,), identity="a" * 64)


def interpreters(folder: Path, *bases: Base, dry: bool = False) -> Interpreters:
    return Interpreters(Cache(folder / "cache"), Consent(dry=dry), folder, bases)


def test_a_base_of_another_processor_is_compiled_for_by_this_machine(tmp_path: Path) -> None:
    found = interpreters(tmp_path, HERE)
    chosen = found.choose(HERE)
    assert chosen is not None
    assert chosen.known.versions.startswith(f"{VERSION} ")
    assert [known.identity for known in found.known(HERE)] == [chosen.known.identity]
    assert found.refusal(HERE) is None


def test_no_python_of_another_version_compiles(tmp_path: Path) -> None:
    base = replace(HERE, facts=replace(FACTS, version="3.99.1"))
    found = interpreters(tmp_path, base)
    assert found.choose(base) is None
    assert list(found.known(base)) == []


def test_the_bases_own_is_the_first_choice_and_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = base_of(base_image(), replace(FACTS, version=VERSION))
    monkeypatch.setattr(choosing, "runs_here", lambda _: True)
    monkeypatch.setattr(choosing, "of_base", lambda *_: OURS)
    found = interpreters(tmp_path, base)
    chosen = found.choose(base)
    assert chosen is not None
    assert chosen.interpreter is OURS
    assert [known.identity for known in found.known(base)] == ["a" * 64]
    # The next build asks the cache alone.
    monkeypatch.setattr(choosing, "of_base", None)
    assert next(interpreters(tmp_path, base).known(base)).identity == "a" * 64


def test_a_base_whose_own_does_not_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_base(*_: object) -> Interpreter:
        raise DoesNotRunError("it is a script")

    base = base_of(base_image(), replace(FACTS, version=VERSION))
    monkeypatch.setattr(choosing, "runs_here", lambda _: True)
    monkeypatch.setattr(choosing, "of_base", of_base)
    found = interpreters(tmp_path, base)
    chosen = found.choose(base)
    assert chosen is not None
    assert chosen.interpreter.identity.startswith("machine ")
    assert found.refusal(base) == "the base's own does not run: it is a script"


def test_what_the_machine_prevented_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[OSError | Interpreter] = [OSError("the disk is full"), OURS]

    def of_base(*_: object) -> Interpreter:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    base = base_of(base_image(), replace(FACTS, version=VERSION))
    monkeypatch.setattr(choosing, "runs_here", lambda _: True)
    monkeypatch.setattr(choosing, "of_base", of_base)
    found = interpreters(tmp_path, base)
    with pytest.raises(OSError, match="the disk is full"):
        found.choose(base)
    chosen = found.choose(base)
    assert chosen
    assert chosen.interpreter is OURS


def test_another_base_of_the_build_may_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, helper = HERE, base_of(base_image(), replace(FACTS, version=VERSION))
    monkeypatch.setattr(choosing, "runs_here", lambda image: image is helper.image)
    monkeypatch.setattr(choosing, "of_base", lambda *_: OURS)
    chosen = interpreters(tmp_path, base, helper).choose(base)
    assert chosen is not None
    assert chosen.interpreter is OURS


def test_a_dry_run_runs_no_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = base_of(base_image(), replace(FACTS, version=VERSION))
    monkeypatch.setattr(choosing, "runs_here", lambda _: True)
    monkeypatch.setattr(choosing, "of_base", None)
    assert interpreters(tmp_path, base, dry=True).refusal(base) == "the base's own is not run in a dry run"
