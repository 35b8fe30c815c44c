"""Every command, with marked secrets wherever a user can put one: none is printed or stored."""

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from msgspec import Struct, field

from tests.commands import comp
from tests.fake_remote import Access, FakeRemote, Reply, serving
from tests.git_server import serving_git
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.signing_keys import write_keys
from toolkit.cli.main import COMMANDS

PACKAGES = (("inner", "1.0"), ("pip", "26.0"))
# Where a secret can be put; each has a mark of its own, with characters that addresses and base64 write differently.
PLACES = (
    "auths",
    "helper",
    "netrc",
    "index",
    "template",
    "mirror",
    "proxy",
    "engine",
    "requirement",
    "urls",
    "base",
    "image",
    "variable",
    "answer",
    "server",
    "passphrase",
    "identity",
)
MARKS = {place: f"Mk/{place}+7=9f3a1c" for place in PLACES}
SETTINGS = """[project]
name = "usesit"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["inner"]
urls = {{ source = "https://ann:{urls}@git.example/usesit" }}

[tool.comp]
entrypoint = "usesit:f"
{more}
"""
CODE = "def f(x: int) -> int:\n    import inner\n    return x\n"
DECORATED = """from kfp import dsl

@dsl.component(packages_to_install=["{package}"], base_image="{base}")
def f(x: int) -> int:
    return x
"""
PIPELINE = """import os
from kfp import dsl

@dsl.component(base_image="{image}")
def step(text: str): ...

print(os.environ["DEPLOY_TOKEN"])

@dsl.pipeline
def p():
    step(text={text})
"""
COUNTED = {
    "cookiecutter.json": json.dumps({"folder": "x", "name": "x", "api_token": "none"}),
    "{{cookiecutter.folder}}/README.md": "# {{cookiecutter.name}}\n",
}
HELPER = """#!{python}
import json, sys
sys.stdin.read()
print(json.dumps({{"Username": "ann", "Secret": {secret!r}}}))
"""


def written(secret: str) -> Iterator[str]:
    """Give the forms of a secret: as it is, in an address, in JSON, and what base64 makes of it at any offset."""
    yield from {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
    for before in range(3):
        raw = bytes(before) + secret.encode()
        whole = base64.b64encode(raw).decode()[(0, 2, 3)[before] : len(raw) * 8 // 6]
        yield from {whole, whole.translate(str.maketrans("+/", "-_"))}


class World(Struct):
    """The machine of a user with secrets; `run` runs a command in it and looks at what it prints."""

    folder: Path
    environ: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def run(self, command: str, *words: str, code: int | None = 0, **variables: str) -> str:
        result = comp("-vv", command, *words, folder=self.folder, env=self.environ | variables)
        assert code is None or result.code == code, (command, words, result)
        assert "Traceback" not in result.err, result.err
        for place, mark in MARKS.items():
            for form in written(mark):
                assert form not in result.out, f"comp {command} {words} prints the secret of {place}: {result.out}"
                assert form not in result.err, f"comp {command} {words} prints the secret of {place}: {result.err}"
        self.ran.add(command)
        return result.out


@pytest.fixture
def world(tmp_path: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two servers of images, an index, a repository, docker's file, a helper, netrc and variables, all with logins."""
    home, folder, programs = tmp_path / "home", tmp_path / "work", tmp_path / "bin"
    for path in (home / ".docker", folder, programs, tmp_path / "tmp"):
        path.mkdir(parents=True)
    by_file, by_helper = FakeRemote(), FakeRemote()
    by_file.access = Access("basic", password=MARKS["auths"])
    by_helper.access = Access("bearer", password=MARKS["helper"])
    wheels = {f"{name}-{version}-py3-none-any.whl": small_wheel(name, version) for name, version in PACKAGES}
    index = PackageIndex(wheels, user=f"ann:{MARKS['index']}")
    with ExitStack() as stack:
        stack.enter_context(serving(by_file))
        stack.enter_context(serving(by_helper))
        stack.enter_context(serving_index(index))
        repository = stack.enter_context(serving_git(tmp_path / "git", COUNTED, user=f"ann:{MARKS['template']}"))
        login = base64.b64encode(f"ann:{MARKS['auths']}".encode()).decode()
        document = {"auths": {by_file.host: {"auth": login}}, "credHelpers": {by_helper.host: "marked"}}
        (home / ".docker" / "config.json").write_text(json.dumps(document))
        (home / ".netrc").write_text(f"machine elsewhere.example login ann password {MARKS['netrc']}\n")
        (home / ".netrc").chmod(0o600)
        helper = programs / "docker-credential-marked"
        helper.write_text(HELPER.format(python=sys.executable, secret=MARKS["helper"]))
        helper.chmod(0o755)
        kept = ("LANG", "COMP_TEST_BASE", "COMP_TEST_CACHE", "SSL_CERT_FILE")
        environ = {name: os.environ[name] for name in kept if name in os.environ} | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(tmp_path / "tmp"),
            "COMP_CACHE_DIR": str(tmp_path / "cache"),
            "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
            "COMP_BASE": f"layout:{debian_base}",
            "UV_INDEX_URL": index.url.replace(MARKS["index"], quote(MARKS["index"], safe="")),
            "HTTPS_PROXY": f"http://ann:{quote(MARKS['proxy'], safe='')}@127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            "DOCKER_HOST": f"tcp://ann:{quote(MARKS['engine'], safe='')}@127.0.0.1:9",
            "DEPLOY_TOKEN": MARKS["variable"],
        }
        names = {
            "file": by_file.host,
            "helper": by_helper.host,
            "template": f"git+http://ann:{quote(MARKS['template'], safe='')}@{repository}",
            "broken": f"git+http://ann:{quote(MARKS['template'], safe='')}@{repository.replace('template', 'missing')}",
        }
        (folder / "usesit" / "src").mkdir(parents=True)
        component(folder / "usesit")
        monkeypatch.chdir(folder)
        yield World(folder, environ, names)


def component(folder: Path, more: str = "") -> None:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(SETTINGS.format(urls=quote(MARKS["urls"], safe=""), more=more))
    (folder / "src" / "usesit.py").write_text(CODE)


def login(place: str) -> str:
    return f"ann:{quote(MARKS[place], safe='')}"


def test_no_command_prints_or_keeps_a_secret(world: World, tmp_path: Path, kfp2: Path) -> None:
    run, names, folder = world.run, world.names, world.folder
    _new_and_read(world)
    component(folder / "usesit")
    for form in ("text", "json", "github"):
        run("lint", "usesit", "--format", form, code=None)
    run("generate", "usesit")
    run("generate", "usesit", "--check")
    run("breaking", "usesit", "--against", "usesit")
    run("migrate", "usesit", "--diff")
    run("lock", "usesit")
    run("lock", "usesit", "--check")
    image = f"{names['file']}/ml/usesit"
    run("build", "usesit", "--dry-run", "--image", image)
    run("build", "usesit", "--push", "--image", image, "--output", f"layout:{tmp_path / 'layout'}")
    run("build", "usesit", "--push", "--image", f"{names['helper']}/ml/usesit", "--pin", "none")
    run("build", "usesit", "--output", f"archive:{tmp_path / 'image.tar'}")
    run("inspect", f"{names['helper']}/ml/usesit:0.1.0")
    run("inspect", f"{names['file']}/ml/usesit:0.1.0", "--format", "json")
    _signed(world)
    run("dockerfile", "usesit", COMP_BASE=f"{names['file']}/ml/usesit:0.1.0")
    run("dockerfile", "usesit", "--check", COMP_BASE=f"{names['file']}/ml/usesit:0.1.0")
    run("run", "usesit", "--runner", "process", "-i", "x=3")
    run("test", "usesit", "--runner", "process", code=None)
    _registry(world)
    for kind in ("component", "ir", "argo"):
        run("convert", "usesit/component.yaml", "--to", kind)
    _pipelines(world, kfp2)
    run("cache")
    run("cache", "verify")
    run("cache", "export", "exported")
    run("cache", "import", "exported", "--trust-records")
    run("cache", "export", f"oci://{world.names['file']}/ci/cache")
    run("cache", "import", f"oci://{world.names['file']}/ci/cache")
    run("cache", "prune")
    subprocess.run(["git", "init", "--quiet", folder / "usesit"], check=True)
    address = f"https://{login('template')}@git.example/x"
    subprocess.run(["git", "-C", folder / "usesit", "remote", "add", "origin", address], check=True)
    for form in ("text", "json", "github-matrix", "gitlab"):
        run("changed", "usesit", "--since", "0" * 40, "--format", form)
    run("changed", "usesit", "--since", f"{login('template')}@main", code=2)
    run("ci", "init", "argo", "--root", "usesit", "--image-prefix", names["file"])
    assert "https://git.example/x" in (folder / "usesit" / "ci" / "argo.yaml").read_text()
    run("ci", "init", "github", "--root", "usesit", "--image-prefix", f"{login('image')}@{names['file']}", code=2)
    shutil.rmtree(folder / "usesit" / ".git")
    run("doctor", "usesit", code=None)
    run("doctor", "usesit", "--json", code=None)
    run("rules")
    run("explain", "C010")
    run("completion", "bash")
    run("schema", "component")
    _failures(world)
    assert world.ran == set(COMMANDS), "a command is missing here"
    _nothing_kept(world, tmp_path)


def _signed(world: World) -> None:
    """What answers for an image, with a key whose passphrase is a secret."""
    run, names = world.run, world.names
    run("sbom", f"{names['file']}/ml/usesit:0.1.0", "--attach")
    run("licenses", "usesit")
    write_keys(world.folder, passphrase=MARKS["passphrase"])
    run("sign", "usesit", "--key", "key.pem", COMP_SIGN_PASSPHRASE=MARKS["passphrase"])
    run("sign", "usesit", "--key", "key.pub", code=1, COMP_SIGN_PASSPHRASE=MARKS["passphrase"])
    run("sign", "usesit", "--keyless", code=1, SIGSTORE_ID_TOKEN=MARKS["identity"])
    run("verify", "usesit", "--key", "key.pub")
    run("provenance", "usesit", "--dry-run", "--format", "json")


def _foreign(world: World) -> None:
    """Others' components: a repository and an address with logins, a folder whose README has one."""
    run, names, folder = world.run, world.names, world.folder
    words = ("--registry", "shared", "--namespace", "others", "--allow-tags")
    run("import", names["template"], *words)
    run("import", names["broken"], *words, code=3)
    (folder / "given" / "one").mkdir(parents=True)
    (folder / "given" / "one" / "component.yaml").write_text((folder / "usesit" / "component.yaml").read_text())
    run("import", "given", *words)
    (folder / "given" / "one" / "README.md").write_text(f"https://{login('requirement')}@git.example/x\n")
    run("import", "given", *words, "--format", "json", code=None)
    run("publish", f"http://{login('server')}@127.0.0.1:9/x/component.yaml", *words, code=3)
    run("publish", f"http://{login('server')}@127.0.0.1:9/x/component.yaml", *words, "--dry-run", code=3)


def _pipelines(world: World, python: Path) -> None:
    path = world.folder / "p.py"
    words = ("compile", "p.py", "--python", str(python), "-o", "p.yaml")
    for text in ('os.environ["DEPLOY_TOKEN"]', '"a " + os.environ["UV_INDEX_URL"]', 'int(os.environ["DEPLOY_TOKEN"])'):
        path.write_text(PIPELINE.format(image=f"{world.names['helper']}/ml/usesit:0.1.0", text=text))
        world.run("pipeline", *words, code=1)
    path.write_text(PIPELINE.format(image=f"{world.names['helper']}/ml/usesit:0.1.0", text='"plain"'))
    world.run("pipeline", *words)
    assert (world.folder / "p.py.lock").is_file()
    path.write_text(PIPELINE.format(image=f"https://{login('image')}@{world.names['file']}/x", text='"plain"'))
    world.run("pipeline", *words, code=1)
    path.unlink()


def _new_and_read(world: World) -> None:
    run, names, folder = world.run, world.names, world.folder
    run("new", "counted", "--template", names["template"], "--set", f"api_token={MARKS['answer']}", "--no-input")
    assert "127.0.0.1" in (folder / "counted" / ".comp" / "scaffold.json").read_text()
    run("sync", "counted", "--check", code=None)
    run("new", "other", "--template", names["broken"], "--no-input", code=3)
    (folder / "given").mkdir()
    options = {
        "given/direct.py": f"inner @ git+https://{login('requirement')}@git.example/inner",
        "given/option.py": f"--extra-index-url=https://{login('requirement')}@index.example/simple",
    }
    for path, package in options.items():
        (folder / path).write_text(DECORATED.format(package=package, base="python:3.11"))
        run("inspect-function", path, code=None)
        run("inspect-function", path, "--format", "json", code=None)
        run("new", Path(path).stem, "--from-function", f"{path}:f", code=0 if "direct" in path else 1)
    assert '"inner @ git+https://git.example/inner"' in (folder / "direct" / "pyproject.toml").read_text()


def _failures(world: World) -> None:
    run, names, folder = world.run, world.names, world.folder
    run("build", "usesit", "--base", f"https://{login('base')}@{names['file']}/none:1", code=1)
    run("build", "usesit", "--base", f"ann:{MARKS['base'].replace('/', '')}@{names['file']}/none:1", code=1)
    run("lock", "usesit", "--upgrade", "--base", f"https://{login('base')}@{names['file']}/none:1", code=1)
    run("build", "usesit", "--push", "--image", f"https://{login('image')}@{names['file']}/x", code=1)
    run("inspect", f"https://{login('image')}@{names['file']}/x:1", code=None)
    run("inspect", f"{names['file']}/ml/none:1", code=3)
    # By the proxy, and by a mirror, which are not there.
    run("inspect", "remote.example/ml/none:1", code=3)
    run("inspect", "docker.io/ml/none:1", code=None, COMP_MIRRORS=f"docker.io={login('mirror')}@127.0.0.1:9")
    run("run", "usesit", "--runner", "docker", "-i", "x=3", code=3)
    run("build", "usesit", "--builder", "docker", code=None)
    run("base", "--output", f"https://{login('base')}@nowhere", code=2)
    for command in ("publish", "search", "show", "add"):
        words = {"publish": ["usesit"], "search": ["x"]}.get(command, ["ml/x"])
        run(command, *words, "--registry", f"https://{login('server')}@registry.example/x", code=None)
    run("catalog", "build", "--registry", f"https://{login('server')}@registry.example/x", code=None)
    run("catalog", "serve", "--registry", f"https://{login('server')}@registry.example/x", code=None)
    run("convert", f"https://{login('server')}@host/x.yaml", "--to", "ir", code=None)
    run("explain", f"https://{login('server')}@host", code=None)
    component(folder / "failing", 'requirements = "requirements.txt"')
    settings = folder / "failing" / "pyproject.toml"
    settings.write_text(settings.read_text().replace('dependencies = ["inner"]', ""))
    (folder / "failing" / "requirements.txt").write_text(f"--index-url http://{login('requirement')}@127.0.0.1:9/\nx\n")
    run("lock", "failing", code=None)
    run("build", "failing", code=None)
    run("run", "failing", "--runner", "process", "-i", "x=3", code=None)


def _registry(world: World) -> None:
    """Publish a component, find and take it, and look after its registry."""
    run = world.run
    run("publish", "usesit", "--registry", "shared", "--namespace", "ml")
    run("publish", "usesit", "--registry", "shared", "--namespace", "ml", "--build", "--dry-run", code=None)
    _foreign(world)
    for form in ("text", "json"):
        run("search", "usesit", "--registry", "shared", "--format", form)
        run("show", "ml/usesit", "--registry", "shared", "--format", form)
    run("add", "ml/usesit", "--registry", "shared")
    images = f"{login('image')}@{world.names['file']}/copies"
    run("mirror", "shared", "mirrored", "--images", f"{world.names['helper']}/copies", "--progress", "lines")
    run("mirror", "shared", "mirrored", "--images", "layout:carried", "--format", "json")
    run("mirror", "shared", f"https://{login('server')}@registry.example/x", code=None)
    run("mirror", "shared", "mirrored", "--images", images, code=2)
    run("yank", "ml/usesit@0.1.0", "--registry", "shared", "--reason", f"see https://{login('server')}@host/x")
    run("deprecate", "ml/usesit", "--registry", "shared", "--reason", f"see https://{login('server')}@host/x")
    run("registry", "init", "another")
    for care in ("verify", "reindex", "gc", "doctor"):
        run("registry", care, "--registry", "shared")
    run("registry", "export", "site", "--registry", "shared")
    run("add", "--locked")
    run("status", code=1)
    address = f"https://{login('server')}@registry.example/x"
    run("catalog", "build", "--registry", "shared", "--output", "pages", "--address", address, "--artifact-hub")
    run("outdated")
    run("update", "--dry-run")
    run("stubs", "--output", "stubs.py")
    run("remove", "ml/usesit")


def _nothing_kept(world: World, tmp_path: Path) -> None:
    """Look into all that was made, compressed or not; what was given to comp is left out."""
    given = {world.folder / "given"} | {world.folder / "failing" / "requirements.txt"}
    given |= {world.folder / name / "pyproject.toml" for name in ("usesit", "failing")}
    looked = 0
    forms = [(place, form.encode()) for place, mark in MARKS.items() for form in written(mark)]
    for top in (world.folder, tmp_path / "cache", tmp_path / "layout", tmp_path / "image.tar", tmp_path / "tmp"):
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if not path.is_file() or given & {path, *path.parents}:
                continue
            for data in _contents(path):
                found = [place for place, form in forms if form in data]
                assert not found, f"{path} holds the secret of {found}"
                looked += 1
    assert looked > 50


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    if len(data) > 20_000_000:
        return  # A layer of the base.
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.size < 20_000_000 and (stream := archive.extractfile(member)):
                    content = stream.read()
                    yield gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


@pytest.mark.parametrize("status", [403, 500, 404])
def test_a_server_that_repeats_the_login_is_not_repeated(world: World, status: int) -> None:
    """A 403 whose message is the `Authorization` header that was sent."""
    host = world.names["file"]
    sent = base64.b64encode(f"ann:{MARKS['auths']}".encode()).decode()
    remote = FakeRemote()
    body = {"errors": [{"code": "DENIED", "message": f"no: Authorization: Basic {sent}, ann:{MARKS['auths']}"}]}
    remote.faults.replies = [("GET", "/manifests/", Reply(status, {}, json.dumps(body).encode()))] * 8
    remote.access = Access("basic", password=MARKS["auths"])
    with serving(remote):
        path = Path(world.environ["HOME"]) / ".docker" / "config.json"
        path.write_text(path.read_text().replace(host, remote.host))
        world.run("inspect", f"{remote.host}/ml/x:1", code=3)
