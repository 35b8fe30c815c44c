"""The same inputs give the same digest: in any folder, under any umask and user, on any day, pinned or not."""

import os
import subprocess
from pathlib import Path

from tests.commands import COMP, ok
from tests.conftest import Sample
from tests.servers import Server

NAME = "summarise_text"


def test_folder_git_and_pinning_do_not_matter(sample: Sample, remote: Server) -> None:
    image = f"{remote.host}/reproducible/{NAME}"
    first, second = sample(NAME, into="a"), sample(NAME, into="b/c")
    reference = ok("build", first, "--push", "--image", image)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "pinned"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *command], cwd=first, check=True)
    assert ok("build", first, "--push", "--image", image) == reference
    assert ok("build", second, "--push", "--image", image) == reference


def test_umask_user_day_and_cache_do_not_matter(sample: Sample, tmp_path: Path) -> None:
    folder = sample(NAME)
    plain = ok("build", folder)
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "other"), "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
    old = subprocess.run(
        ["sh", "-c", 'umask 077; exec "$0" build "$1"', COMP, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert old.stdout.strip() == plain
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o777 if path.is_dir() else 0o666)
    environment["COMP_CACHE_DIR"] = str(tmp_path / "third")
    # Another user, in a namespace of its own, so that it may still read this checkout.
    other = subprocess.run(
        ["unshare", "--user", "--map-user=12345", "--map-group=12345", COMP, "build", folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.stdout.strip() == plain, other.stderr


def test_source_date_epoch_decides_the_date(sample: Sample) -> None:
    folder = sample(NAME)
    dated = {**os.environ, "SOURCE_DATE_EPOCH": "1000000000"}
    assert ok("build", folder, env=dated) != ok("build", folder)
    assert ok("build", folder, env=dated) == ok("build", folder, env=dated)
