from pathlib import Path

from tests.versions_of_contracts import compared, contract, document
from toolkit.breaking.change import Category
from toolkit.breaking.earlier import open_earlier
from toolkit.breaking.survey import survey
from toolkit.consumers.changed import Changed, Index, changed_components
from toolkit.consumers.use import Named, Passed, Use
from toolkit.errors import Location

OLD = contract("{name: a}, {name: b}", version="1.0.0")


def _changed(**more: str) -> Changed:
    found = compared(OLD, contract(version="2.0.0"))
    return Changed(
        contract=Path("train/component.yaml"), title="Train", old=document(OLD), new=found.new, found=found, **more
    )


def _compiled(*passed: str) -> Use:
    where = Location(path=Path("weekly.yaml"))
    return Use(
        named=Named(),
        pipeline="weekly",
        step="train",
        where=where,
        form="compiled",
        passed=[Passed(where=where, name=name) for name in passed],
        taken=[],
    )


def test_a_release_is_known_by_its_name() -> None:
    assert _changed(name="train", namespace="ml").is_release("ml/train")
    assert not _changed(name="train", namespace="ml").is_release("other/train")
    assert not _changed(name="train", namespace="ml").is_release("ml/load")
    # Without a namespace in the settings, `comp publish --namespace` gives one.
    assert _changed(name="train").is_release("other/train")
    assert not _changed().is_release("ml/")


def _meant(named: Named, use: Use | None = None) -> bool:
    index = Index(every=[_changed(name="train", namespace="ml")])
    assert index.of_release("ml/train") is index.every[0]
    assert index.of_release("ml/load") is None
    assert index.at(Path("train/component.yaml").resolve()) is index.every[0]
    return index.meant(named, use) == [*index.every]


def test_an_address_has_to_end_as_the_contract_does() -> None:
    for ending in ("", "?raw=true", "#l1"):
        assert _meant(Named(address=f"https://example.com/x/train/component.yaml{ending}"))
    assert not _meant(Named(address="https://example.com/x/load/component.yaml"))


def test_a_name_has_to_fit_and_so_have_the_inputs_of_a_compiled_step() -> None:
    assert _meant(Named(title="train"))
    assert not _meant(Named(title="trains"))
    assert not _meant(Named())
    assert _meant(Named(title="train"), _compiled("a"))
    assert not _meant(Named(title="train"), _compiled("a", "z"))


def test_what_changed_has_its_name_from_the_settings(tmp_path: Path) -> None:
    for folder, version in (("old", "1.0.0"), ("new", "2.0.0")):
        component = tmp_path / folder / "train"
        component.mkdir(parents=True)
        (component / "component.yaml").write_text(contract(version=version))
        settings = f'[project]\nname = "fit"\nversion = "{version}"\n[tool.comp]\ncommand = ["x"]\nnamespace = "ml"\n'
        (component / "pyproject.toml").write_text(settings)
    (tmp_path / "old" / "load").mkdir()
    (tmp_path / "old" / "load" / "component.yaml").write_text(contract())
    new = tmp_path / "new"
    earlier, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=new, registry=None)
    (new / "train" / "component.yaml").write_text(contract("{name: a}", version="2.0.0"))
    found = survey([new / "train" / "component.yaml"], earlier, category=Category.PIPELINE, folders=[new])
    train, load = changed_components(found, {})
    assert (train.namespace, train.name, train.title, str(train.version)) == ("ml", "fit", "Train", "2.0.0")
    assert train.old is not None
    assert train.may_break()
    assert (load.title, load.new, load.may_break()) == ("load", None, True)
