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
)
