import json
import re
from pathlib import Path

import pytest

from tests.certificates import make_certificates
from tests.commands import comp


def bare(tmp_path: Path, **environ: str) -> dict[str, str]:
    """An environment without anything that comp could find, but one certificate."""
    return {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "DOCKER_HOST": f"unix://{tmp_path}/docker.sock",
        "COMP_CACHE_DIR": str(tmp_path / "cache"),
        "SSL_CERT_FILE": str(make_certificates(tmp_path).authority),
        **environ,
    }


TABLE = """\
ok       python       PYTHON
ok       uv           VERSION
ok       cache        HOME/cache, empty
ok       disk         FREE free at HOME/cache
ok       temporary    PLACE
ok       jail         JAIL
missing  git          not installed
                      why: requirements from git need it, and what compares with a commit
                      fix: apt-get install git
problem  docker       docker does not answer at HOME/docker.sock: No such file or directory
                      why: its daemon serves --builder, --runner and --output docker; the built-in builder needs none
                      fix: is the daemon running, and may you use it? `docker info` shows it; \
or apt-get install docker.io and start the daemon, or set DOCKER_HOST
missing  buildah      not installed
                      why: --builder and --runner buildah need it; the built-in builder does not
                      fix: apt-get install buildah
missing  skopeo       not installed
                      why: comp does without it; it is useful to look at images and copy them
                      fix: apt-get install skopeo
missing  credentials  no login in HOME/.docker/config.json, HOME/.config/containers/auth.json
                      why: pushing, and private images, need a login
                      fix: docker login HOST, or podman login HOST
ok       trust store  1 trusted certificate
"""


def test_a_machine_with_nothing_on_it_can_still_build(tmp_path: Path) -> None:
    result = comp("doctor", folder=tmp_path, env=bare(tmp_path))
    text = re.sub(r"(?m)^(ok +python +).*", r"\1PYTHON", result.out.replace(str(tmp_path), "HOME"))
    text = re.sub(r"(?m)^(ok +uv +)[0-9.]+$", r"\1VERSION", text)
    text = re.sub(r"(?m)^(ok +temporary +)/\S+$", r"\1PLACE", text)
    text = re.sub(r"(?m)^(ok +jail +)by .*$", r"\1JAIL", text)
    text = re.sub(r"[0-9.]+ [KMG]B free", "FREE free", text)
    assert (result.code, result.err) == (0, "")
    assert text == TABLE


@pytest.mark.parametrize("options", [("--format", "json"), ("--json",)])
def test_without_a_cache_nothing_can_be_built(tmp_path: Path, options: tuple[str, ...]) -> None:
    result = comp("doctor", *options, folder=tmp_path, env=bare(tmp_path, COMP_CACHE_DIR="/dev/null/cache"))
    assert (result.code, result.err) == (3, "")
    found = json.loads(result.out)
    cache = next(check for check in found["checks"] if check["name"] == "cache")
    assert found["ok"] is False
    assert cache == {
        "name": "cache",
        "state": "problem",
        "detail": "/dev/null cannot be written: Not a directory",
        "why": "wheels, layers and images are kept in it",
        "fix": "name another folder with COMP_CACHE_DIR",
        "required": True,
    }


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    result = comp("doctor", "nowhere", folder=tmp_path, env=bare(tmp_path))
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: nowhere does not exist\n\nhint: give the folder of a component, or none\n"


def test_options_of_clusters_alone(tmp_path: Path) -> None:
    result = comp("doctor", "--namespace", "ml", folder=tmp_path, env=bare(tmp_path))
    assert (result.code, result.err.splitlines()[0]) == (
        2,
        "error: --context, --namespace, --endpoint and --token-file go with --cluster",
    )


def test_without_a_cluster_no_run_is_possible(tmp_path: Path) -> None:
    result = comp("doctor", "--cluster", folder=tmp_path, env=bare(tmp_path, KUBECONFIG=str(tmp_path / "absent")))
    assert (result.code, result.err) == (3, "")
    assert result.out.startswith("problem  cluster")
    assert "missing  kfp" in result.out
