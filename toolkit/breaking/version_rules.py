"""Rules about versions, which `toolkit.breaking.versions` applies."""

from toolkit.breaking.change import VersionRule
from toolkit.errors import Severity
from toolkit.lint.rule import RuleCategory

VERSION_RULES = (
    VersionRule(
        id="V601",
        name="changed-without-bump",
        category=RuleCategory.VERSIONS,
        severity=Severity.ERROR,
        summary="A component changed, and its version is the same. A warning if a patch version suffices.",
        explanation="""
        Callers choose a component by its version, and cannot see that another one has the same. `comp publish` refuses
        it, since a release is never replaced. If a patch version suffices, it is a warning.

        Raise the version as far as the message says: in `[project]` for a function, and `comp generate` writes it into
        the contract; in a program's `pyproject.toml` too.

        Before:
            metadata:
              annotations:
                version: 1.2.0
            inputs:
            - {name: data, type: Dataset}

        Wrong:
            metadata:
              annotations:
                version: 1.2.0
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer, default: '0'}

        Right:
            metadata:
              annotations:
                version: 1.3.0
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer, default: '0'}
        """,
    ),
    VersionRule(
        id="V602",
        name="bump-too-small",
        category=RuleCategory.VERSIONS,
        severity=Severity.ERROR,
        summary="A component changed more than the step of its version says.",
        explanation="""
        The version says that callers can take it without a look: a patch version changes nothing for them, and a minor
        version only adds. The changes break that promise. Below 1.0.0 each part counts for the next smaller one: a
        minor version may break.

        Raise the version as far as the message says.

        Before:
            metadata:
              annotations:
                version: 1.2.0
            inputs:
            - {name: data, type: Dataset}
            - {name: seed, type: Integer}

        Wrong:
            metadata:
              annotations:
                version: 1.2.1
            inputs:
            - {name: data, type: Dataset}

        Right:
            metadata:
              annotations:
                version: 2.0.0
            inputs:
            - {name: data, type: Dataset}

        Also: B101
        """,
    ),
    VersionRule(
        id="V603",
        name="version-decreased",
        category=RuleCategory.VERSIONS,
        severity=Severity.ERROR,
        summary="The version is lower than before.",
        explanation="""
        Those who take the highest version would never get this one. Mostly a branch is older than the version that it
        is compared with: merge first.

        Before:
            metadata:
              annotations:
                version: 1.2.0
            image: train:1.2.0

        Wrong:
            metadata:
              annotations:
                version: 1.1.0
            image: train:1.1.0

        Right:
            metadata:
              annotations:
                version: 1.2.1
            image: train:1.2.1
        """,
    ),
    VersionRule(
        id="V604",
        name="version-published",
        category=RuleCategory.VERSIONS,
        severity=Severity.ERROR,
        summary="The version is published already, with another content. Releases never change.",
        explanation="""
        `--against` names a release, and its registry has the contract's version with another digest. `comp publish`
        refuses it: those who have the release by its digest would see two components of one version.

        Raise the version.

        Wrong:
            --- registry/config.json
            {"api": 1}
            --- registry/blobs/sha256/a4/a45f4d2afcfc72d4832b7b4a98b65c2318507b0312d15eb0fd9a680aa4b15a45
            name: Train
            metadata:
              annotations: {version: 1.2.0}
            implementation:
              container: {image: train:1.2.0, command: [python, train.py]}
            --- registry/c/ml/train/v/1.2.0.json
            {
              "api": 1,
              "namespace": "ml",
              "name": "train",
              "version": "1.2.0",
              "digest": "sha256:a45f4d2afcfc72d4832b7b4a98b65c2318507b0312d15eb0fd9a680aa4b15a45",
              "image": "train:1.2.0",
              "title": "Train",
              "description": "",
              "interface": {
                "inputs": [],
                "outputs": []
              },
              "interface_digest": "sha256:cc720a324af5727c74f00b41fb209465e50885fadb5f14831028fa4b418d3ccc",
              "published": "2026-01-31T12:00:00Z",
              "by": null,
              "files": {},
              "licenses": null,
              "authors": [],
              "tags": [],
              "source": null,
              "revision": null,
              "platforms": [],
              "checksum": "sha256:2d99bef3e259d9c062ab9ff44e42fe920ab05a8d1629b647e3010acbc3310087"
            }
            --- component.yaml
            name: Train
            description: Fit a classifier
            metadata:
              annotations: {version: 1.2.0}
            implementation:
              container: {image: train:1.2.0, command: [python, train.py]}
            $ comp breaking component.yaml --against ml/train@^1 --registry registry

        Right:
            --- registry/config.json
            {"api": 1}
            --- registry/blobs/sha256/a4/a45f4d2afcfc72d4832b7b4a98b65c2318507b0312d15eb0fd9a680aa4b15a45
            name: Train
            metadata:
              annotations: {version: 1.2.0}
            implementation:
              container: {image: train:1.2.0, command: [python, train.py]}
            --- registry/c/ml/train/v/1.2.0.json
            {
              "api": 1,
              "namespace": "ml",
              "name": "train",
              "version": "1.2.0",
              "digest": "sha256:a45f4d2afcfc72d4832b7b4a98b65c2318507b0312d15eb0fd9a680aa4b15a45",
              "image": "train:1.2.0",
              "title": "Train",
              "description": "",
              "interface": {
                "inputs": [],
                "outputs": []
              },
              "interface_digest": "sha256:cc720a324af5727c74f00b41fb209465e50885fadb5f14831028fa4b418d3ccc",
              "published": "2026-01-31T12:00:00Z",
              "by": null,
              "files": {},
              "licenses": null,
              "authors": [],
              "tags": [],
              "source": null,
              "revision": null,
              "platforms": [],
              "checksum": "sha256:2d99bef3e259d9c062ab9ff44e42fe920ab05a8d1629b647e3010acbc3310087"
            }
            --- component.yaml
            name: Train
            description: Fit a classifier
            metadata:
              annotations: {version: 1.2.1}
            implementation:
              container: {image: train:1.2.0, command: [python, train.py]}
            $ comp breaking component.yaml --against ml/train@^1 --registry registry

        Also: V601
        """,
    ),
)
