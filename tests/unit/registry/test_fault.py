from toolkit.registry.fault import Fault


def test_a_fault_reads_as_its_path_and_what_is_wrong() -> None:
    fault = Fault(path="catalog.jsonl.gz", message="missing", help="`comp registry reindex` makes it again")
    assert str(fault) == "catalog.jsonl.gz: missing"
