"""Tables of keys out of a schema."""

from tools.reference_pages.schema import SchemaTables


def test_a_table_of_keys_comes_before_those_below_it() -> None:
    tables = SchemaTables("comp-config.schema.json", left_out=frozenset({"defaults"}))
    titles = [title for title, _ in tables.below("tool.comp", tables.schema)]
    assert titles[:3] == ["tool.comp", "tool.comp.resources", "tool.comp.resources.requests"]
    assert "tool.comp.argo.tolerations[]" in titles
    assert [title for title in titles if "defaults" in title] == []


def test_the_form_of_a_value_is_said_in_words() -> None:
    tables = SchemaTables("comp-config.schema.json")
    rows = {key: kind for _, keys in tables.below("", tables.schema) for key, kind, _ in keys}
    assert rows["`run-as-user`"] == 'number or `"image"`'
    assert rows["`bytecode`"] == "true or false"
    assert rows["`retry-policy`"].startswith('`"Always"` or ')
