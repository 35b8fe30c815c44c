"""An import becomes a requirement only if a distribution is known to provide it."""

import json
from pathlib import Path

import pytest

from toolkit.scaffold.providers import Provider, Providers


def _providers(folder: Path, **environ: str) -> Providers:
    return Providers.read((folder,), environ)


@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("yaml", "pyyaml"),
        ("PIL.Image", "pillow"),
        ("cv2", "opencv-python-headless"),
        ("fitz", "pymupdf"),
        ("umap", "umap-learn"),
        ("dotenv", "python-dotenv"),
        ("jwt", "pyjwt"),
        ("git", "gitpython"),
        ("Crypto.Cipher", "pycryptodome"),
        ("grpc", "grpcio"),
        ("sklearn.svm", "scikit-learn"),
        ("google.cloud.bigquery", "google-cloud-bigquery"),
        ("google.cloud.storage.Client", "google-cloud-storage"),
        ("google.protobuf.json_format", "protobuf"),
        ("google.auth", "google-auth"),
        ("azure.storage.blob", "azure-storage-blob"),
        ("azure.identity", "azure-identity"),
        ("google", None),
        ("google.cloud", None),
        ("azure", None),
        ("utils", None),
        ("common", None),
        ("tests", None),
        ("no_such_thing", None),
        ("", None),
    ],
)
def test_the_table_has_public_distributions(tmp_path: Path, module: str, requirement: str | None) -> None:
    found = _providers(tmp_path).provider(module)
    assert found == (Provider(requirement=requirement) if requirement else None)


@pytest.mark.parametrize(
    ("name", "text", "module", "requirement"),
    [
        ("pyproject.toml", "[project]\ndependencies = ['acme-lib>=2; python_version > 3']", "acme_lib.x", None),
        ("pyproject.toml", "[project]\ndependencies = ['acme-lib[a]>=2']", "acme_lib.x", "acme-lib[a]>=2"),
        ("pyproject.toml", "[project]\ndependencies = ['PyYAML==6.0']", "yaml", "PyYAML==6.0"),
        ("pyproject.toml", "[project]\ndependencies = ['opencv-python']\n", "cv2", "opencv-python"),
        ("pyproject.toml", "[project.optional-dependencies]\nx = ['acme[y]']", "acme", "acme[y]"),
        ("pyproject.toml", "[dependency-groups]\nx = ['acme', {include-group = 'y'}]", "acme", "acme"),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.11'\nacme = '^1'", "acme", "acme"),
        ("requirements-dev.txt", "-r other.txt\nacme.lib==1 # why\n", "acme.lib", "acme.lib==1"),
        ("uv.lock", "[[package]]\nname = 'acme'\nsource = {registry = 'https://example.org'}", "acme", "acme"),
        ("uv.lock", "[[package]]\nname = 'acme'\nsource = {editable = '.'}", "acme", None),
        ("pylock.toml", "[[packages]]\nname = 'acme'", "acme", "acme"),
        ("pyproject.toml", "not toml", "acme", None),
    ],
)  # fmt: skip
def test_requirements_of_the_project_count(
    tmp_path: Path, name: str, text: str, module: str, requirement: str | None
) -> None:
    (tmp_path / name).write_text(text)
    found = _providers(tmp_path).provider(module)
    assert (found.requirement if found else None) == requirement


@pytest.mark.parametrize(
    "text",
    [
        "[project]\ndependencies = ['acme']\n[tool.uv.sources]\nacme = {git = 'https://example.org/acme'}",
        "[tool.uv.sources]\nacme = {index = 'mine'}",
        "[tool.poetry.dependencies]\nacme = {path = '../acme'}",
        "[project]\ndependencies = ['acme']\n[[tool.uv.index]]\nurl = 'https://example.org'",
        "[tool.poetry.dependencies]\nacme = '1'\n[[tool.poetry.source]]\nname = 'mine'",
    ],
)
def test_a_requirement_with_its_own_source_is_not_taken_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    found = _providers(tmp_path).provider("acme.sub")
    assert found
    assert str(tmp_path / "pyproject.toml") in found.problem


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "--extra-index-url https://example.org\nacme\n"),
        ("uv.lock", "[[package]]\nname = 'acme'\nsource = {git = 'https://example.org/acme'}"),
        (
            "uv.lock",
            (
                "[[package]]\nname = 'acme'\nsource = {registry = 'https://example.org'}\n"
                "[[package]]\nname = 'a'\nsource = {registry = 'https://example.com'}\n"
                "[[package]]\nname = 'b'\nsource = {registry = 'https://example.com'}\n"
            ),
        ),
        ("poetry.lock", "[[package]]\nname = 'acme'\n[package.source]\ntype = 'legacy'\nurl = 'https://example.org'"),
        ("pylock.toml", "[[packages]]\nname = 'acme'\n[packages.vcs]\ntype = 'git'"),
    ],
)
def test_a_locked_package_from_elsewhere_is_not_taken_by_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = _providers(tmp_path).provider("acme")
    assert found
    assert str(tmp_path / name) in found.problem


def test_another_index_does_not_hide_public_distributions(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--index-url https://example.org\npandas==2.2\n")
    assert _providers(tmp_path).provider("pandas") == Provider(requirement="pandas==2.2")


def _installed(site: Path, name: str, *files: str, url: str | None = None) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    if url:
        (info / "direct_url.json").write_text(json.dumps({"url": url}))
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()


@pytest.mark.parametrize("active", [False, True])
def test_installed_distributions_provide_their_modules(tmp_path: Path, *, active: bool) -> None:
    prefix = tmp_path / ("elsewhere" if active else "project/.venv")
    site = prefix / "lib" / "python3.12" / "site-packages"
    _installed(site, "acme-tools", "acme/tools/__init__.py", "acme/tools/a.py", "tests/__init__.py")
    _installed(site, "opencv-python", "cv2/__init__.py")
    _installed(site, "ours", "ours.py", url="file:///home/me/ours")
    (tmp_path / "project").mkdir(exist_ok=True)
    providers = _providers(tmp_path / "project", **({"VIRTUAL_ENV": str(prefix)} if active else {}))
    assert providers.provider("acme.tools.a") == Provider(requirement="acme-tools")
    assert providers.provider("acme") is None
    assert providers.provider("tests") is None
    assert providers.provider("cv2") == Provider(requirement="opencv-python")
    assert "was installed from file:///home/me/ours" in getattr(providers.provider("ours"), "problem", "")


def test_a_broken_environment_provides_nothing(tmp_path: Path) -> None:
    site = tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"
    for name, files in {
        "nameless": {"METADATA": b"", "RECORD": b"acme/__init__.py,,\n"},
        "binary": {"METADATA": b"Name: x\n", "RECORD": b"acme/\xff,,\n"},
        "wrong": {"METADATA": b"Name: wrong\n", "RECORD": b"acme/__init__.py,,\n", "direct_url.json": b"[]"},
    }.items():
        for file, data in files.items():
            (site / f"{name}-1.dist-info").mkdir(parents=True, exist_ok=True)
            (site / f"{name}-1.dist-info" / file).write_bytes(data)
    (site / "acme").mkdir()
    (site / "acme" / "__init__.py").touch()
    assert _providers(tmp_path).provider("acme") == Provider(requirement="wrong")


@pytest.mark.parametrize(
    "text",
    [
        "tool = 5",
        "[tool]\nuv = []",
        "[tool.uv]\nsources = 3",
        "[project]\ndependencies = [1, 'acme @']\noptional-dependencies = []",
        "package = [1, {name = 2}, {name = 'x', source = 4}]",
    ],
)
def test_invalid_project_files_require_nothing(tmp_path: Path, text: str) -> None:
    for name in ("pyproject.toml", "uv.lock", "pylock.toml"):
        (tmp_path / name).write_text(text)
    assert _providers(tmp_path).provider("acme") is None
