"""The user that an image runs as, by number: Kubernetes cannot tell whether a user with a name is root."""

import re
from collections.abc import Mapping

# No user in particular, as in distroless images. Every user can read the files of our images.
DEFAULT_USER = "65532:65532"
# One line of passwd(5) or group(5) with what is read of it, a name and its number.
_ACCOUNT = re.compile(r"([^:\n]+):[^:\n]*:([0-9]{1,10})(?::.*)?")


def read_accounts(text: str) -> dict[str, str]:
    """Return the numbers in /etc/passwd or /etc/group by name. Of two lines with one name, the first counts."""
    found = [match for line in text.splitlines() if (match := _ACCOUNT.fullmatch(line.strip()))]
    return {match[1]: match[2] for match in reversed(found)}


def by_number(user: str, users: Mapping[str, str], groups: Mapping[str, str]) -> str:
    """Return an image's user, such as `app` or `app:staff`, with numbers for the names that are known."""
    name, colon, group = user.partition(":")
    # A base may have no accounts at all, and root is 0 in every one.
    users, groups = ({"root": "0", **known} for known in (users, groups))
    return f"{users.get(name, name)}{colon}{groups.get(group, group)}"


def is_number(user: str) -> bool:
    """Return whether the user, whose group may have a name, is a number."""
    name = user.partition(":")[0]
    return name.isascii() and name.isdigit()


def is_root(user: str) -> bool:
    """Return whether a user by number is root."""
    return is_number(user) and int(user.partition(":")[0]) == 0
