"""The list of rules: stable ids, names and severities, and an explanation of each."""

import pytest

from toolkit.lint.rules import RULES


def test_ids_names_and_severities_never_change() -> None:
    assert {rule.id: (rule.name, str(rule.severity)) for rule in RULES.values() if rule.id < "D"} == {
        "C001": ("yaml-syntax", "error"),
        "C002": ("duplicate-key", "error"),
        "C003": ("unknown-key", "error"),
        "C004": ("not-a-string", "error"),
        "C005": ("ambiguous-scalar", "warning"),
        "C010": ("unknown-input-ref", "error"),
        "C011": ("unknown-output-ref", "error"),
        "C012": ("output-never-produced", "warning"),
        "C013": ("input-never-used", "warning"),
        "C014": ("name-collision-after-sanitising", "error"),
        "C015": ("name-not-identifier", "warning"),
        "C017": ("duplicate-name", "error"),
        "C018": ("name-is-a-path", "error"),
        "C020": ("default-not-parsable", "error"),
        "C021": ("default-empty-for-typed", "error"),
        "C022": ("default-not-quoted", "info"),
        "C023": ("default-of-another-type", "error"),
        "C024": ("optional-unguarded", "error"),
        "C025": ("if-in-concat-list", "error"),
        "C026": ("if-cond-unsupported", "error"),
        "C027": ("default-not-a-choice", "error"),
        "C028": ("value-too-long", "error"),
        "C029": ("default-unguarded", "warning"),
        "C030": ("unknown-type", "warning"),
        "C031": ("engine-variable", "warning"),
        "C032": ("kind-type-mismatch", "error"),
        "C033": ("empty-type", "error"),
        "C034": ("list-type", "error"),
        "C035": ("default-kfp-cannot-write", "info"),
        "C036": ("type-of-kfp-1", "warning"),
        "C037": ("output-path-twice", "error"),
        "C040": ("no-command", "warning"),
        "C041": ("env-placeholder", "error"),
        "C042": ("unsupported-container-key", "error"),
        "C043": ("graph", "error"),
        "C044": ("no-implementation", "error"),
        "C045": ("unknown-to-kfp-2", "error"),
        "C046": ("graph-reference", "error"),
        "C047": ("not-resolved-by-server", "warning"),
        "C048": ("artifact-tested", "warning"),
        "C050": ("shell-injection", "error"),
        "C051": ("shell-syntax-embedded", "error"),
        "C052": ("python-syntax-embedded", "error"),
        "C053": ("output-folder-not-made", "warning"),
        "C054": ("name-undefined", "error"),
        "C060": ("image-not-pinned", "warning"),
        "C061": ("image-latest", "warning"),
        "C062": ("image-no-tag", "warning"),
        "C063": ("image-registry-not-allowed", "error"),
        "C065": ("installs-when-it-runs", "warning"),
        "C066": ("unpinned-install", "warning"),
        "C069": ("image-not-a-reference", "error"),
        "C070": ("declaration-invalid", "error"),
        "C071": ("secret-in-env", "warning"),
        "C072": ("secret-written", "error"),
        "C073": ("secret-as-parameter", "warning"),
        "C080": ("too-large", "warning"),
        "C081": ("label-refused", "error"),
        "C082": ("variable-refused", "error"),
        "C083": ("argument-too-long", "error"),
        "C090": ("missing-description", "info"),
        "C091": ("missing-port-description", "info"),
        "C092": ("missing-version", "info"),
        "C093": ("missing-owner", "info"),
        "C094": ("missing-license-or-source", "info"),
        "C098": ("default-differs", "error"),
        "C099": ("contract-stale", "error"),
        "C100": ("ignore-without-reason", "warning"),
        "C101": ("unused-ignore", "warning"),
        "C102": ("invalid-ignore", "warning"),
    }


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_explains_itself(rule: str) -> None:
    explained = RULES[rule]
    assert explained.summary.endswith(".")
    assert explained.explanation.count("\n") > 5
