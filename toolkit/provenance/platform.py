"""The platform that a build runs on, as SLSA's `builder.id` and `invocationId` name it: that of CI, or this machine."""

from collections.abc import Mapping

from msgspec import Struct

from toolkit.redaction import without_login

VARIABLE = "COMP_BUILDER_ID"
# Who builds at a desk is trusted as the one who signs, and nothing else says who that is.
LOCAL = "urn:comp-toolkit:builder:local"


class BuildPlatform(Struct, frozen=True, kw_only=True):
    """A platform: its URI, and the URI of the one run, empty if it has none."""

    id: str
    invocation: str = ""


def platform_of(environ: Mapping[str, str]) -> BuildPlatform:
    """Return the platform that the environment is of: COMP_BUILDER_ID, GitHub Actions, GitLab CI, or none of them."""
    found = _of_github(environ) or _of_gitlab(environ) or BuildPlatform(id=LOCAL)
    return BuildPlatform(
        id=without_login(environ.get(VARIABLE, "").strip() or found.id), invocation=without_login(found.invocation)
    )


def _of_github(environ: Mapping[str, str]) -> BuildPlatform | None:
    """Return the workflow, as GitHub's own attestations name it; None elsewhere."""
    server, workflow = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_WORKFLOW_REF", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not server or not workflow:
        return None
    repository, run = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    return BuildPlatform(
        id=f"{server}/{workflow}",
        invocation=f"{server}/{repository}/actions/runs/{run}/attempts/{attempt}" if repository and run else "",
    )


def _of_gitlab(environ: Mapping[str, str]) -> BuildPlatform | None:
    """Return the runner, as GitLab's own provenance names it; None elsewhere."""
    project, runner = environ.get("CI_PROJECT_URL", ""), environ.get("CI_RUNNER_ID", "")
    if environ.get("GITLAB_CI") != "true" or not project or not runner:
        return None
    return BuildPlatform(id=f"{project}/-/runners/{runner}", invocation=environ.get("CI_JOB_URL", ""))
