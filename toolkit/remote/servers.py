"""Which server answers for the host of a reference."""

from toolkit.oci.reference import DEFAULT_HOST

_DOCKER_HUB = "registry-1.docker.io"


def api_host(host: str) -> str:
    """Name the server that answers for `host`: Docker Hub's is another than its name."""
    return _DOCKER_HUB if host == DEFAULT_HOST else host
