import pytest

from toolkit.errors import UsageError
from toolkit.remote.servers import api_host, read_chunk_size


def test_docker_hub_answers_under_another_name() -> None:
    assert api_host("docker.io") == "registry-1.docker.io"
    assert api_host("quay.io") == "quay.io"


@pytest.mark.parametrize(
    ("text", "size"),
    [("", None), ("2000", 2000), ("2kB", 2000), ("3 k", 3000), ("8MB", 8_000_000), (" 1m ", 1_000_000)],
)
def test_the_size_of_chunks(text: str, size: int | None) -> None:
    assert read_chunk_size({"COMP_CHUNK_SIZE": text}) == size


@pytest.mark.parametrize("text", ["0", "10", "-5", "8GB", "many", "1e6", "٣000"])
def test_an_invalid_size_of_chunks_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="COMP_CHUNK_SIZE is") as caught:
        read_chunk_size({"COMP_CHUNK_SIZE": text})
    assert caught.value.hint == "write COMP_CHUNK_SIZE=8MB"
