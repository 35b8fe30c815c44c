"""The subjects of commits to a registry: what a reader of `git log` wants to know."""

from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.release import Release


def release_message(release: Release) -> str:
    """Return the subject for a release: `ml/train 1.2.3`."""
    return f"{release.name} {release.version}"


def marks_message(name: Name, before: Marks, after: Marks) -> str:
    """Return the subject for changed marks: `ml/train: yank 1.2.3`."""
    words = [f"yank {version}" for version in after.yanked if version not in before.yanked]
    words += [f"take back the yank of {version}" for version in before.yanked if version not in after.yanked]
    if after.deprecated and not before.deprecated:
        words.append("deprecate")
    if before.deprecated and not after.deprecated:
        words.append("no longer deprecated")
    if after.images != before.images:
        words.append("note the copies of images")
    return f"{name}: {', '.join(words) or 'change the marks'}"
