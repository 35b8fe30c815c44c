"""What is refused before kfp is asked, and what becomes of its answer. kfp itself compiles in tests/engines."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.pipelines import Json, constant, dag, executed, pipeline, ports, task, written
from toolkit.errors import InputError
from toolkit.pipelines.compile import Compiled, CompileOptions, check_for_server, compile_pipeline, update_lock
from toolkit.pipelines.lock import PipelineLock, read_lock, write_lock

DIGEST = "sha256:" + "ab" * 32
PINNED = f"host/one@{DIGEST}"


def document(image: str = PINNED, value: object = 1) -> Json:
    root = dag({"one": task("one", inputs={"x": constant(value)})})
    return pipeline(root, {"one": executed("one", ports(x="str"))}, {"one": {"container": {"image": image}}})


class Kfp:
    """A pipeline's file, and a program in the place of the Python that has kfp."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "p.py"
        self.path.touch()
        self.lock = folder / "p.py.lock"
        self.python = folder / "python"

    def compiled(self, ir: Json, environ: dict[str, str] | None = None, **options: Any) -> Compiled:  # noqa: ANN401
        answer = {
            "function": "train",
            "functions": ["train"],
            "line": 3,
            "defaults": options.pop("defaults", {}),
            "ir": written(ir),
            "manifest": None,
            "loads": [],
        }
        script = (
            f"#!{sys.executable}\nimport pathlib, sys\npathlib.Path(sys.argv[3]).write_text({json.dumps(answer)!r})\n"
        )
        self.python.write_text(script)
        self.python.chmod(0o755)
        how = CompileOptions(**options)
        return compile_pipeline(self.path, python=self.python, options=how, environ=environ or {})


@pytest.fixture
def kfp(tmp_path: Path) -> Kfp:
    return Kfp(tmp_path)


@pytest.mark.parametrize("name", ["p.yaml", "missing.py", "folder.py"])
def test_only_a_python_file_is_compiled(tmp_path: Path, name: str) -> None:
    (tmp_path / "p.yaml").touch()
    (tmp_path / "folder.py").mkdir()
    expected = "does not exist" if name == "missing.py" else "is not a Python file"
    with pytest.raises(InputError, match=expected):
        compile_pipeline(tmp_path / name, environ={})


def test_what_is_by_digest_stays_as_it_is(kfp: Kfp) -> None:
    compiled = kfp.compiled(document())
    assert compiled.text == written(document())
    assert [(one.name, one.image) for one in compiled.used.components] == [("one", PINNED)]
    assert compiled.used.images == {}


def test_an_image_that_was_mirrored_is_that_of_the_mirror(kfp: Kfp) -> None:
    mirror = f"mirror/one@{DIGEST}"
    lock = {"version": 1, "components": {}, "images": {PINNED: mirror}}
    kfp.path.with_name("components.lock").write_text(json.dumps(lock))
    compiled = kfp.compiled(document())
    assert compiled.text == written(document(mirror))
    assert [one.image for one in compiled.used.components] == [mirror]


def test_a_tag_has_the_digest_of_the_lock(kfp: Kfp) -> None:
    write_lock(kfp.lock, {"train": PipelineLock(images={"host/one:1": PINNED})})
    compiled = kfp.compiled(document("host/one:1"))
    assert compiled.text == written(document())
    assert compiled.used.images == {"host/one:1": PINNED}
    assert compiled.changes


def test_a_tag_may_stay(kfp: Kfp) -> None:
    assert "image: host/one:1" in kfp.compiled(document("host/one:1"), allow_tags=True).text
    assert "image: host/one:1" in kfp.compiled(document("host/one:1"), images="folder").text
    with pytest.raises(InputError, match="the image of one is an input of the pipeline"):
        kfp.compiled(document("{{$.inputs.parameters['x']}}"))


def test_locked_takes_no_change(kfp: Kfp) -> None:
    with pytest.raises(InputError, match="the lock has no pipeline 'train'"):
        kfp.compiled(document(), locked=True)
    assert update_lock(kfp.compiled(document())) == kfp.lock
    assert kfp.compiled(document(), locked=True).changes == ()
    assert update_lock(kfp.compiled(document())) is None
    with pytest.raises(InputError, match=r"the image host/two:1 is not in the lock"):
        kfp.compiled(document("host/two:1"), locked=True)
    with pytest.raises(InputError, match="the pipeline differs from its lock"):
        kfp.compiled(document(f"host/two@{DIGEST}"), locked=True)


def test_pipelines_that_are_gone_leave_the_lock(kfp: Kfp) -> None:
    write_lock(kfp.lock, {"gone": PipelineLock()})
    update_lock(kfp.compiled(document()))
    assert [*read_lock(kfp.lock)] == ["train"]


def test_a_secret_is_not_written(kfp: Kfp) -> None:
    token = "ghp_" + "a1B2" * 10
    with pytest.raises(InputError, match="would hold the value of MY_TOKEN, in its line"):
        kfp.compiled(document(value=token), {"MY_TOKEN": token})
    with pytest.raises(InputError, match="would hold what looks like a secret") as caught:
        kfp.compiled(document(value=token))
    assert token not in str(caught.value)


def test_a_default_that_would_break_the_file_is_refused(kfp: Kfp) -> None:
    with pytest.raises(InputError, match="the default of the pipeline's input 'text' cannot be compiled") as caught:
        kfp.compiled(document(), defaults={"text": "a\nb"})
    assert caught.value.where is not None
    assert caught.value.where.line == 3


@pytest.mark.parametrize("value", ["{{workflow.name}}", {"a": ["{{workflow.name}}"]}, {"{{workflow.name}}": 1}])
def test_a_constant_that_the_server_replaces_is_refused(value: object) -> None:
    check_for_server(Path("p.py"), document(value="plain"))
    with pytest.raises(InputError, match="the value of one's input 'x' does not arrive"):
        check_for_server(Path("p.py"), document(value=value))


def test_the_lock_is_read_and_written_while_its_folder_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kfp = Kfp(tmp_path)
    seen: list[Path] = []

    @contextmanager
    def held(folder: Path) -> Iterator[None]:
        seen.append(folder)
        # Another process wrote its pipeline just before this one held the folder.
        write_lock(kfp.lock, {"other": PipelineLock()})
        yield

    compiled = replace(kfp.compiled(document()), functions=("train", "other"))
    monkeypatch.setattr("toolkit.pipelines.compile.held", held)
    update_lock(compiled)
    assert seen == [tmp_path]
    assert read_lock(kfp.lock).keys() == {"train", "other"}
