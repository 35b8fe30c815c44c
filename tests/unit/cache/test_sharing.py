import subprocess
import sys

from tests.cached import DATA, DIGEST, aged
from toolkit.cache.store import Cache


def test_what_a_running_process_uses_stays(cache: Cache) -> None:
    cache.store_verified(iter([DATA]), DIGEST, what="it")
    other, _ = cache.store(iter([b"other"]))
    for entry in cache.entries():
        aged(entry.path, 40)
    program = (
        "import sys; from pathlib import Path; from toolkit.cache.store import Cache\n"
        "from toolkit.digest import Digest\n"
        f"cache = Cache(Path(sys.argv[1])); print(cache.has_blob(Digest({DIGEST.hex!r})), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(cache.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout
        assert user.stdout.readline() == b"True\n"
        assert [entry.path.name for entry in cache.prune(older_than=0)] == [other.hex]
        assert cache.has_blob(DIGEST)
        user.communicate()
    assert [entry.path.name for entry in cache.prune(older_than=0)] == [DIGEST.hex]
