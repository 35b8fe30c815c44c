"""`[tool.comp.argo]`: read with positions, from the component and its repository."""

from pathlib import Path

import pytest

from toolkit.config.argo import ArgoSettings, MountedFiles, argo_settings_beside
from toolkit.config.project import read_project
from toolkit.errors import InputError

HEAD = '[project]\nname = "n"\nversion = "1"\n[tool.comp]\nentrypoint = "a:b"\n'


def read(folder: Path, text: str, head: str = HEAD) -> ArgoSettings:
    (folder / "pyproject.toml").write_text(head + text)
    return read_project(folder, environ={}).argo


def test_without_a_table_the_defaults_hold(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ArgoSettings()
    assert argo_settings_beside(tmp_path / "nowhere" / "component.yaml") == ArgoSettings()


def test_every_setting(tmp_path: Path) -> None:
    text = """
[tool.comp.argo]
namespace = "ml"
service-account = "me"
restricted = false
run-as-user = "image"
read-only-root = true
image-pull-secrets = ["a.b"]
node-selector = { disk = "ssd" }
tolerations = [{ key = "gpu", operator = "Exists", toleration-seconds = 5 }]
retries = 0
retry-policy = "Always"
active-deadline-seconds = 7
secrets = [{ name = "s", path = "/etc/s" }]
config-maps = [{ name = "c", path = "/etc/c", key = "k" }]
s3-endpoint = "http://127.0.0.1:9000"
"""
    expected = ArgoSettings(
        namespace="ml",
        service_account="me",
        restricted=False,
        run_as_user=None,
        read_only_root=True,
        image_pull_secrets=("a.b",),
        node_selector={"disk": "ssd"},
        tolerations=({"key": "gpu", "operator": "Exists", "tolerationSeconds": 5},),
        retries=0,
        retry_policy="Always",
        active_deadline_seconds=7,
        secrets=(MountedFiles(name="s", path="/etc/s"),),
        config_maps=(MountedFiles(name="c", path="/etc/c", key="k"),),
        s3_endpoint="http://127.0.0.1:9000",
    )
    assert read(tmp_path, text) == expected
    # The contract of a further component lies one folder below.
    assert argo_settings_beside(tmp_path / "components" / "c.yaml") == expected


def test_the_component_wins_over_its_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.comp.defaults.argo]\nservice-account = "theirs"\nimage-pull-secrets = ["p"]\n'
    )
    folder = tmp_path / "c"
    folder.mkdir()
    settings = read(folder, '[tool.comp.argo]\nservice-account = "mine"\n')
    assert (settings.service_account, settings.image_pull_secrets) == ("mine", ("p",))


def test_the_image_s_own_user_is_the_pod_s(tmp_path: Path) -> None:
    assert read(tmp_path, 'user = "1001:1002"\n').run_as_user == 1001
    assert read(tmp_path, 'user = "app"\n').run_as_user == ArgoSettings().run_as_user
    assert read(tmp_path, 'user = "0"\n').run_as_user == ArgoSettings().run_as_user
    assert read(tmp_path, 'user = "1001"\n[tool.comp.argo]\nrun-as-user = 7\n').run_as_user == 7


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("service-acount = 'x'", 7, "unknown key 'service-acount' in", "did you mean 'service-account'?"),
        ("service-account = 'X Y'", 7, "the name of an object in Kubernetes", 'service-account = "name"'),
        ("restricted = 'yes'", 7, "restricted of .* is 'yes', expected true or false", "restricted = true"),
        ("retries = -1", 7, "is -1, expected a whole number from 0 on", "retries = 1"),
        ("retries = true", 7, "is True, expected", "retries"),
        ("run-as-user = 'me'", 7, "is 'me', expected a whole number", "run-as-user"),
        ("retry-policy = 'Sometimes'", 7, "expected one of Always, OnFailure", '"Always"'),
        ("image-pull-secrets = 'a'", 7, "a list of names", '["name"]'),
        ("node-selector = { a = 1 }", 7, "a table of texts", "kubernetes.io/arch"),
        ("tolerations = [{ operater = 'Exists' }]", 7, "unknown key 'operater'", "did you mean 'operator'?"),
        ("tolerations = [{ effect = 'No' }]", 7, "effects NoSchedule", "operator"),
        ("secrets = [{ name = 's', path = 'etc' }]", 7, "an absolute path", "/etc/settings"),
        ("secrets = [{ name = 's', path = '/a/../b' }]", 7, "an absolute path", "/etc/settings"),
        ("config-maps = [{ name = 's', path = '/a', keys = 'x' }]", 7, "unknown key 'keys'", "did you mean 'key'?"),
        ("s3-endpoint = 'localhost:9000'", 7, "expected a URL", "http://"),
    ],
)
def test_faults_have_places(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, f"[tool.comp.argo]\n{text}\n")
    assert caught.value.where
    assert caught.value.where.line == line
    assert hint in (caught.value.hint or "")
