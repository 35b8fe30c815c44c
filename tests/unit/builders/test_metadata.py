"""The description of an image without a base that is known, and the time of its build."""

from pathlib import Path

import pytest

from tests.dockerfiles import write_dockerfile_component
from toolkit.builders.metadata import metadata_of, source_date
from toolkit.config.project import read_project
from toolkit.errors import InputError


def test_an_image_of_an_unknown_base_names_none(tmp_path: Path) -> None:
    project = read_project(write_dockerfile_component(tmp_path, "FROM scratch\n"), environ={})
    prefix = "org.opencontainers.image."
    assert metadata_of(project, None) == {
        f"{prefix}title": "count-lines",
        f"{prefix}description": "Count.",
        f"{prefix}version": "1.2.0",
    }
    assert metadata_of(project, "1970-01-01T00:00:01Z")[f"{prefix}created"] == "1970-01-01T00:00:01Z"


def test_the_time_is_that_of_the_variable_alone() -> None:
    assert source_date({}) is None
    assert source_date({"SOURCE_DATE_EPOCH": "1"}) == "1970-01-01T00:00:01Z"
    with pytest.raises(InputError, match="expected seconds since 1970"):
        source_date({"SOURCE_DATE_EPOCH": "yesterday"})
