"""`comp pipeline artifacts` against ML Metadata itself, behind gRPC-Web as KFP's pages have it."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Result
from tests.kfp_environments import kfp_environment
from tests.kfp_server.double import CREATED, KfpServer, serving

ROOT = Path(__file__).resolve().parents[2]
RUN = "run-1"


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The address of KFP's pages, with one run in ML Metadata."""
    program = ROOT / "tests" / "kfp_server" / "metadata.py"
    command = [str(kfp_environment("mlmd")), str(program), RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving_pages:
        assert serving_pages.stdout is not None
        yield f"http://127.0.0.1:{serving_pages.stdout.readline().strip()}"
        serving_pages.terminate()


@pytest.fixture
def kfp() -> Iterator[KfpServer]:
    with serving(KfpServer()) as server:
        for run in (RUN, "run-2"):
            server.runs[run] = {"run_id": run, "created_at": CREATED, "state": "SUCCEEDED"}
        yield server


def comp(python: Path, kfp: KfpServer, folder: Path, *arguments: str, pages: str = "") -> Result:
    command = [str(python), "-m", "toolkit.cli.main", "pipeline", "artifacts", *arguments]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "KUBECONFIG": str(folder / "no"),
    }
    environ |= {"KF_PIPELINES_ENDPOINT": kfp.url} | ({"KF_PIPELINES_UI_ENDPOINT": pages} if pages else {})
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return Result(done.returncode, done.stdout, done.stderr)


def test_list(comp_with_kfp: Path, kfp: KfpServer, pages: str, tmp_path: Path) -> None:
    listed = comp(comp_with_kfp, kfp, tmp_path, RUN, pages=pages)
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.splitlines()[0].split() == ["train/model", "Model", "minio://mlpipeline/v2/train/1/model"]
    documents = json.loads(comp(comp_with_kfp, kfp, tmp_path, RUN, "train/scores", "--format", "json", pages=pages).out)
    assert [document["metadata"] for document in documents] == [{"accuracy": 0.93, "rows": 150.0}]
    assert comp(comp_with_kfp, kfp, tmp_path, "run-2", pages=pages).err == "the run has no artifacts\n"
    unknown = comp(comp_with_kfp, kfp, tmp_path, RUN, "test", pages=pages)
    assert (unknown.code, unknown.err.splitlines()[0]) == (1, "error: the run has no test")
    assert comp(comp_with_kfp, kfp, tmp_path, "run-9", pages=pages).code == 1


def test_preview(comp_with_kfp: Path, kfp: KfpServer, pages: str, tmp_path: Path) -> None:
    shown = comp(comp_with_kfp, kfp, tmp_path, RUN, "--preview", pages=pages)
    assert shown.code == 0, shown.err
    assert shown.out == (
        "train/model (Model)\n  weights\n\n"
        "train/scores (Metrics)\n  accuracy = 0.93\n  rows = 150.0\n\n"
        "train/table (Dataset)\n  a  b\n  1  2\n  3  4\n\n"
        "train/report (HTML)\n  Report\n"
    )


def test_download(comp_with_kfp: Path, kfp: KfpServer, pages: str, tmp_path: Path) -> None:
    got = comp(comp_with_kfp, kfp, tmp_path, RUN, "train/model", "-o", "got", pages=pages)
    assert (got.code, got.err) == (0, "wrote got/train/model\n")
    assert (tmp_path / "got" / "train" / "model").read_bytes() == b"weights"
    again = comp(comp_with_kfp, kfp, tmp_path, RUN, "train/model", "-o", "got", pages=pages)
    assert (again.code, again.err.splitlines()[0]) == (2, "error: got/train/model exists")
    assert comp(comp_with_kfp, kfp, tmp_path, RUN, "train/model", "-o", "got", "--force", pages=pages).code == 0
    missing = comp(comp_with_kfp, kfp, tmp_path, RUN, "train/scores", "-o", "got", pages=pages)
    assert missing.code == 3
    assert "cannot read train/scores at minio://mlpipeline/v2/train/1/scores" in missing.err
    assert not (tmp_path / "got" / "train" / "scores").exists()


def test_server_without_metadata(comp_with_kfp: Path, kfp: KfpServer, tmp_path: Path) -> None:
    result = comp(comp_with_kfp, kfp, tmp_path, RUN)
    assert result.code == 3
    assert f"error: {kfp.url} has no ML Metadata" in result.err
    assert "KF_PIPELINES_UI_ENDPOINT" in result.err
