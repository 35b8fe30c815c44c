import logging
from pathlib import Path

import pytest
import yaml

from tests.catalogues import TRAIN, publish
from toolkit.catalogue.artifact_hub import package_files
from toolkit.registry.folder.directory import Directory


def test_a_package_has_metadata_a_template_and_the_readme(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    release = publish(
        registry, "ml/train", "1.2.0", TRAIN, readme="# Train\n", licenses="Apache-2.0", tags=("sklearn",), by="robot"
    )
    files = package_files(next(iter(registry.entries())), registry)
    folder = "artifact-hub/ml-train/1.2.0"
    assert sorted(files) == [f"{folder}/README.md", f"{folder}/artifacthub-pkg.yml", f"{folder}/manifests.yaml"]
    metadata = yaml.safe_load(files[f"{folder}/artifacthub-pkg.yml"])
    assert metadata == {
        "version": "1.2.0",
        "name": "ml-train",
        "displayName": "Train model",
        "createdAt": "2026-01-31T12:00:00Z",
        "description": "Fit a classifier.",
        "digest": str(release.digest),
        "containersImages": [{"name": "train", "image": release.image}],
        "prerelease": False,
        "deprecated": False,
        "license": "Apache-2.0",
        "keywords": ["sklearn"],
        "provider": {"name": "robot"},
    }
    assert yaml.safe_load(files[f"{folder}/manifests.yaml"])["kind"] == "WorkflowTemplate"


def test_what_argo_cannot_run_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = Directory.create(tmp_path)
    graph = "name: G\nimplementation:\n  graph:\n    tasks: {}\n"
    publish(registry, "ml/graph", "1.0.0", graph)
    with caplog.at_level(logging.WARNING):
        assert package_files(next(iter(registry.entries())), registry) == {}
    assert "ml/graph@1.0.0 is left out of artifact-hub" in caplog.text
