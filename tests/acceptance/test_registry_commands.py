"""publish, search, show and add, as users run them."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.commands import comp, ok
from toolkit.digest import Digest
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name
from toolkit.registry.release import Release
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_component

CONTRACT = """\
name: Train model
description: Fit a classifier
inputs:
- {name: c, type: Float, default: '1.0', description: Strength}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:%s
    command: [train, {inputValue: c}]
"""
PROJECT = '[project]\nname = "train-model"\nversion = "%s"\n\n[tool.comp]\ncommand = ["train"]\nnamespace = "ml"\n'


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "train_model"
    folder.mkdir()
    (folder / "component.yaml").write_text(CONTRACT % ("0" * 64))
    (folder / "pyproject.toml").write_text(PROJECT % "1.0.0")
    return folder


def test_a_component_is_published_found_shown_and_added(component: Path, tmp_path: Path) -> None:
    published = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (published.code, published.err) == (0, "made the registry shared\n")
    name, digest = published.out.split()
    assert name == "ml/train-model@1.0.0"
    found = comp("search", "CLASSIFIER", "float", "--registry", "shared", folder=tmp_path)
    assert (found.code, found.out, found.err) == (0, "ml/train-model@1.0.0  Fit a classifier\n", "1 component\n")
    shown = ok("show", "train-model", "--registry", "shared", folder=tmp_path)
    assert "  c  Float  parameter  default 1.0  Strength\n" in shown
    assert f"digest:     {digest}\n" in shown
    added = comp("add", "train-model@^1", "--registry", "shared", folder=tmp_path)
    copy = "components/ml/train-model/component.yaml"
    assert (added.code, added.out, added.err) == (0, f"{copy}\n", "added ml/train-model@1.0.0\n")
    assert (tmp_path / copy).read_text() == (component / "component.yaml").read_text()
    locked = json.loads((tmp_path / "components.lock").read_text())["components"]["ml/train-model"]
    assert (locked["version"], locked["digest"], locked["requested"]) == ("1.0.0", digest, "^1")


def test_nothing_found_is_exit_code_1(component: Path, tmp_path: Path) -> None:
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    result = comp("search", "absent", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out, result.err) == (1, "", "0 components\n")


def test_an_edited_copy_is_never_overwritten_unasked(component: Path, tmp_path: Path) -> None:
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    copy = tmp_path / ok("add", "train-model", "--registry", "shared", folder=tmp_path)
    copy.write_text(copy.read_text() + "# mine\n")
    (component / "pyproject.toml").write_text(PROJECT % "1.1.0")
    (component / "component.yaml").write_text(CONTRACT % ("1" * 64))
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    kept = "components/ml/train-model/component.yaml.orig"
    refused = comp("add", "train-model", "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert refused.err == (
        "error: components/ml/train-model/component.yaml: "
        "this copy was edited, and adding the component would lose that\n"
        "\nhint: --force takes the release's, and keeps yours beside it\n"
    )
    assert copy.read_text().endswith("# mine\n")
    forced = comp("add", "train-model", "--registry", "shared", "--force", folder=tmp_path)
    assert (forced.code, forced.err) == (0, f"added ml/train-model@1.1.0\nthe edited copy is kept as {kept}\n")
    assert (tmp_path / kept).read_text().endswith("# mine\n")
    assert copy.read_text() == CONTRACT % ("1" * 64)


def test_an_unpinned_image_is_not_published(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    contract.write_text((CONTRACT % "").replace("@sha256:", ":1.0"))
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert refused.out == ""
    assert "component.yaml:7:12: the image registry.example.com/ml/train:1.0 is not pinned by digest" in refused.err
    assert "made the registry" not in refused.err
    assert not (tmp_path / "shared").exists()


def test_a_missing_folder_makes_no_registry(tmp_path: Path) -> None:
    refused = comp("publish", "--no-image-check", "absent", "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert not (tmp_path / "shared").exists()


def test_a_contract_with_errors_is_not_published(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    contract.write_text(contract.read_text().replace("inputValue: c", "inputValue: d"))
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert "unknown input 'd' [C010]" in refused.err
    assert not list((tmp_path / "shared").rglob("*.yaml"))


@pytest.mark.parametrize("name", ["/home/u/.bash_profile", "../../x"])
def test_a_name_that_is_a_path_is_not_published_and_not_added(component: Path, tmp_path: Path, name: str) -> None:
    """What others publish may come from another program: `add` looks too."""
    contract = component / "component.yaml"
    text = contract.read_text() + f"    fileOutputs: {{{name}: /a}}\noutputs: [{{name: {name}}}]\n"
    contract.write_text(text)
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert f"{name!r} cannot name a file [C018]" in refused.err
    registry = Directory.create(tmp_path / "shared")
    spec = parse_component(text, contract)
    release = Release(
        name=Name("ml", "train-model"),
        version=parse_version("1.0.0"),
        digest=Digest.of(text.encode()),
        image=spec.container.image,
        title=spec.name,
        description=spec.description,
        interface=spec.interface,
        published="2026-01-31T12:00:00Z",
    )
    registry.publish(release, {"component.yaml": text.encode()})
    added = comp("add", "train-model", "--registry", "shared", folder=tmp_path)
    assert (added.code, added.out) == (1, "")
    assert f"an input or output called {name!r}, which cannot name a file" in added.err
    assert not (tmp_path / "components").exists()


@pytest.mark.parametrize("command", ["search", "show", "add"])
def test_a_registry_that_is_not_there(tmp_path: Path, command: str) -> None:
    result = comp(command, "x", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: shared is not a component registry\n")


def test_no_registry_named_is_a_wrong_command_line(tmp_path: Path) -> None:
    result = comp("search", "x", folder=tmp_path)
    assert result.code == 2
    assert "--registry" in result.err


def _digest(component: Path) -> str:
    return f"sha256:{hashlib.sha256((component / 'component.yaml').read_bytes()).hexdigest()}"


def test_show_prints_all_of_it(component: Path, tmp_path: Path) -> None:
    epoch = {**os.environ, "SOURCE_DATE_EPOCH": "86400"}
    ok("publish", "--no-image-check", component, "--registry", "shared", "--by", "Ada", folder=tmp_path, env=epoch)
    shown = comp("show", "ml/train-model@1.0.0", "--registry", "shared", folder=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(
        "ml/train-model@1.0.0: Train model\n\nFit a classifier\n\n"
        "inputs:\n  c  Float  parameter  default 1.0  Strength\n\n"
        f"image:      registry.example.com/ml/train@sha256:{'0' * 64}\n"
        f"digest:     {_digest(component)}\n"
        "published:  1970-01-02T00:00:00Z by Ada\n"
        "platforms:  linux/amd64\n\n"
        "versions:\n  1.0.0  1970-01-02  the first\n\n"
        "use it:\n  comp add ml/train-model@^1.0.0 --registry shared\n\n"
        "with KFP:\n  from kfp import dsl\n  from toolkit import load\n\n"
        '  train_model = load("ml/train-model@^1.0.0")\n\n'
        "  @dsl.pipeline\n  def pipeline():\n      step = train_model()\n"
    )
    assert "\nwith Argo:\n  comp convert components/ml/train-model/component.yaml --to argo" in shown.out
    data = json.loads(ok("show", "train-model", "--format", "json", "--registry", "shared", folder=tmp_path))
    assert (data["version"], data["versions"], data["by"]) == ("1.0.0", ["1.0.0"], "Ada")
    found = json.loads(ok("search", "train", "--format", "json", "--registry", "shared", folder=tmp_path))
    assert [release["digest"] for release in found] == [data["digest"]]


def test_the_registry_and_the_namespace_may_come_from_the_environment(component: Path, tmp_path: Path) -> None:
    named = {**os.environ, "COMP_REGISTRY": str(tmp_path / "shared")}
    published = comp("publish", "--no-image-check", "--namespace", "nlp", folder=component, env=named)
    assert (published.code, published.out) == (0, f"nlp/train-model@1.0.0 {_digest(component)}\n")
    assert ok("search", env=named) == "nlp/train-model@1.0.0  Fit a classifier"


def test_publishing_again_says_so_and_other_content_is_refused(component: Path, tmp_path: Path) -> None:
    first = ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    again = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (again.code, again.out, again.err) == (0, f"{first}\n", "ml/train-model@1.0.0 was there already\n")
    old = _digest(component)
    (component / "component.yaml").write_text(CONTRACT % ("1" * 64))
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        f"error: ml/train-model@1.0.0 is published already with other content: {old}, "
        f"this is {_digest(component)} [V604]\n"
        "\nhint: releases never change; the next free version is 1.0.1\n"
    )


def test_of_several_components_all_are_published_or_none(component: Path, tmp_path: Path) -> None:
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    with (component / "pyproject.toml").open("a") as settings:
        settings.write('\n[tool.comp.components.a-first]\ncommand = ["train"]\n')
    (component / "components").mkdir()
    (component / "components" / "a-first.yaml").write_text(CONTRACT % ("0" * 64))
    both = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (both.code, [line.split("@")[0] for line in both.out.splitlines()]) == (0, ["ml/train-model", "ml/a-first"])
    (component / "pyproject.toml").write_text((component / "pyproject.toml").read_text().replace("1.0.0", "1.1.0"))
    (component / "components" / "a-first.yaml").write_text(CONTRACT % "")
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert not list((tmp_path / "shared").rglob("1.1.0*"))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.0", "'1.0' is not a semantic version"),
        ("1.0.0rc1", "'1.0.0rc1' is not a semantic version"),
        ("1.0.0+local", "the version 1.0.0+local has a build part, which has no order"),
    ],
)
def test_a_version_that_no_range_could_find_is_refused(
    component: Path, tmp_path: Path, version: str, message: str
) -> None:
    (component / "pyproject.toml").write_text(PROJECT % version)
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert f"pyproject.toml: {message}\n\nhint: " in refused.err


def test_without_a_namespace_nothing_is_published(component: Path, tmp_path: Path) -> None:
    settings = component / "pyproject.toml"
    settings.write_text(settings.read_text().replace('namespace = "ml"\n', ""))
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "no namespace to publish in\n\nhint: give --namespace" in refused.err


def test_a_name_without_namespace_lists_its_candidates(component: Path, tmp_path: Path) -> None:
    for namespace in ("ml", "nlp"):
        ok("publish", "--no-image-check", component, "--registry", "shared", "--namespace", namespace, folder=tmp_path)
    refused = comp("add", "train-model", "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: 'train-model' is the name of several components\n\nhint: one of ml/train-model, nlp/train-model\n"
    )


@pytest.mark.parametrize("command", ["show", "add"])
def test_a_damaged_registry_is_exit_code_3(component: Path, tmp_path: Path, command: str) -> None:
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    record = tmp_path / "shared" / "c" / "ml" / "train-model" / "v" / "1.0.0.json"
    record.write_text(record.read_text().replace('"ml"', '"../ml"'))
    result = comp(command, "train-model", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: the registry's record shared/c/ml/train-model/v/1.0.0.json is damaged: ")


def test_a_contract_that_was_tampered_with_is_not_added(component: Path, tmp_path: Path) -> None:
    digest = ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path).split("sha256:")[1]
    blob = tmp_path / "shared" / "blobs" / "sha256" / digest[:2] / digest
    blob.write_text(blob.read_text().replace("train, ", "evil, "))
    result = comp("add", "train-model", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out) == (3, "")
    assert "is damaged: its digest is sha256:" in result.err
    assert not (tmp_path / "components").exists()


def test_what_a_terminal_would_obey_is_not_printed(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    text = contract.read_text().replace("Fit a classifier", '"Fit\\e[31m a classifier\\nin red"')
    contract.write_text(text.replace("Strength", '"Strength\\e]0;x\\a\\nof it"'))
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    found = ok("search", "--registry", "shared", folder=tmp_path)
    assert found == "ml/train-model@1.0.0  Fit [31m a classifier in red"
    shown = ok("show", "train-model", "--registry", "shared", folder=tmp_path)
    assert "  c  Float  parameter  default 1.0  Strength ]0;x of it\n" in shown
    assert shown.replace("\n", "").isprintable()


def test_a_component_without_words_is_listed(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    contract.write_text(contract.read_text().replace("name: Train model\ndescription: Fit a classifier\n", ""))
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert ok("search", "--registry", "shared", folder=tmp_path) == "ml/train-model@1.0.0"


def test_a_release_that_breaks_needs_a_version_that_says_so(component: Path, tmp_path: Path) -> None:
    ok("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    contract = component / "component.yaml"
    contract.write_text(contract.read_text().replace("{name: c,", "{name: strength,").replace(": c}", ": strength}"))
    (component / "pyproject.toml").write_text(PROJECT % "1.1.0")
    refused = comp("publish", "--no-image-check", component, "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert "ml/train-model@1.0.0 -> 1.1.0 is a minor bump, and the changes require a major one (B102)" in refused.err
    against = comp("breaking", component, "--against", "ml/train-model@1.0.0", "--registry", "shared", folder=tmp_path)
    assert "B102 the input 'c' is called 'strength' now" in against.out
    ok("publish", "--no-image-check", component, "--registry", "shared", "--accept-breaking", folder=tmp_path)
