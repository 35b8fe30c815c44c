"""The state folder is the machine's, or the one that the environment names."""

from pathlib import Path

import pytest

from toolkit.errors import UsageError
from tools.cluster.places import State


def test_the_folder_is_the_machines_unless_the_environment_names_one() -> None:
    assert State.find({}).folder == Path("/var/lib/comp-cluster")
    assert State.find({"COMP_CLUSTER": ""}).folder == Path("/var/lib/comp-cluster")
    assert State.find({"COMP_CLUSTER": "/var/lib/other"}).folder == Path("/var/lib/other")


def test_a_path_that_is_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has 91 characters, expected at most 80: /a+"):
        State.find({"COMP_CLUSTER": "/" + "a" * 90})
