"""Changes as JSON, as a matrix for GitHub, and as a child pipeline for GitLab."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from toolkit.collection.change_reports import as_gitlab, as_json, as_matrix, as_paths
from toolkit.collection.changes import ChangedComponent, Changes, RemovedComponent
from toolkit.collection.own_changes import Kind, Reason
from toolkit.errors import InputError
from toolkit.git.repository import Start
from toolkit.resources import resource

TOP = Path("/repo")
START = Start(tree="1" * 40, named="2" * 40)
REASONS = (Reason(kind=Kind.CODE), Reason(kind=Kind.DEPENDENCY, detail="shared"))
NOTHING = Changes(start=START, changed=(), removed=(), members=3)


def _changes(*folders: str) -> Changes:
    changed = tuple(
        ChangedComponent(folder=TOP / folder, name=Path(folder).name, reasons=REASONS) for folder in folders
    )
    return Changes(start=START, changed=changed, removed=(RemovedComponent(folder=TOP / "old", name="old"),), members=3)


def test_paths_are_seen_from_the_current_folder() -> None:
    changes = _changes("steps/a", "b c")
    assert as_paths(changes, TOP) == "steps/a\nb c\n"
    assert as_paths(changes, TOP / "steps") == "a\n../b c\n"
    assert as_paths(NOTHING, TOP) == ""


def test_a_path_is_one_line_and_no_option() -> None:
    assert as_paths(_changes("--push"), TOP) == "./--push\n"
    assert json.loads(as_matrix(_changes("-x/y"), TOP))["include"][0]["path"] == "./-x/y"
    for name in ("a\n--push", "a\rb"):
        with pytest.raises(InputError, match="has a line break in its name"):
            as_paths(_changes(name), TOP)


def test_json_fits_its_schema() -> None:
    schema = json.loads(resource("schemas", "changed.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    for changes in (_changes("steps/a"), NOTHING):
        Draft202012Validator(schema).validate(json.loads(as_json(changes, "main", TOP)))
    kinds = schema["properties"]["changed"]["items"]["properties"]["reasons"]["items"]["properties"]["kind"]["enum"]
    assert kinds == [kind.value for kind in Kind]
    assert json.loads(as_json(_changes("steps/a"), "main", TOP)) == {
        "since": {"reference": "main", "commit": "1" * 40},
        "changed": [
            {
                "component": "a",
                "path": "steps/a",
                "reasons": [{"kind": "code"}, {"kind": "local-dependency", "detail": "shared"}],
            }
        ],
        "removed": [{"component": "old", "path": "old"}],
        "components": 3,
    }


def test_a_matrix_is_one_line() -> None:
    assert as_matrix(_changes("steps/a"), TOP) == (
        '{"include": [{"component": "a", "path": "steps/a", "reason": "code, local dependency shared"}]}'
    )
    assert as_matrix(NOTHING, TOP) == '{"include": []}'


def test_a_child_pipeline_has_a_job_for_each_component() -> None:
    pipeline = yaml.safe_load(as_gitlab(_changes("steps/cache", "x/$a", "ö/$a"), TOP, None))
    assert pipeline.pop(".component") == {"script": ['comp build "$COMPONENT_PATH"']}
    # A name twice would be one job, `cache` a keyword, and `$a` a variable.
    assert pipeline == {
        "component cache": {
            "extends": ".component",
            "variables": {
                "COMPONENT": "cache",
                "COMPONENT_PATH": "steps/cache",
                "COMPONENT_REASON": "code, local dependency shared",
            },
        },
        **{
            f"component $a {folder}/$a": {
                "extends": ".component",
                "variables": {
                    "COMPONENT": "$$a",
                    "COMPONENT_PATH": f"{folder}/$$a",
                    "COMPONENT_REASON": "code, local dependency shared",
                },
            }
            for folder in ("x", "ö")
        },
    }


def test_a_child_pipeline_may_take_its_job_from_a_file() -> None:
    for name in ("ci/component.yml", "./ci/component.yml", "/ci/component.yml"):
        pipeline = yaml.safe_load(as_gitlab(NOTHING, TOP, name))
        assert pipeline["include"] == [{"local": "/ci/component.yml"}]
        assert list(pipeline) == ["include", "nothing-changed"]
