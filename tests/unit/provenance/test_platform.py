import pytest

from toolkit.provenance.platform import LOCAL, BuildPlatform, platform_of

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_WORKFLOW_REF": "ml/steps/.github/workflows/ci.yml@refs/heads/main",
    "GITHUB_REPOSITORY": "ml/steps",
    "GITHUB_RUN_ID": "7",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.example/ml/steps",
    "CI_RUNNER_ID": "3",
    "CI_JOB_URL": "https://gitlab.example/ml/steps/-/jobs/9",
}


@pytest.mark.parametrize(
    ("environ", "builder", "run"),
    [
        ({}, LOCAL, ""),
        ({"GITHUB_ACTIONS": "true"}, LOCAL, ""),
        (
            GITHUB,
            "https://github.example/ml/steps/.github/workflows/ci.yml@refs/heads/main",
            "https://github.example/ml/steps/actions/runs/7/attempts/1",
        ),
        (GITLAB, "https://gitlab.example/ml/steps/-/runners/3", "https://gitlab.example/ml/steps/-/jobs/9"),
        ({**GITLAB, "COMP_BUILDER_ID": "https://u:p@ci.example/x"}, "https://ci.example/x", GITLAB["CI_JOB_URL"]),
    ],
)
def test_the_platform_is_that_of_ci_or_the_one_that_is_named(environ: dict[str, str], builder: str, run: str) -> None:
    assert platform_of(environ) == BuildPlatform(id=builder, invocation=run)
