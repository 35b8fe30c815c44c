import json

from tests.versions_of_contracts import compared, contract, document, rules
from toolkit.breaking.whole import refused_by_kfp2


def _asking(**resources: object) -> str:
    text = json.dumps(json.dumps(resources))
    return contract(more=f"metadata: {{annotations: {{comp.resources: {text}}}}}\n")


def test_a_name_is_an_identity() -> None:
    assert rules(contract(name="Train"), contract(name="Fit")) == ["B301"]


def test_another_spelling_of_a_name_is_cosmetic() -> None:
    assert rules(contract(name="Model-deploy"), contract(name="model_deploy")) == ["B103"]


def test_a_declared_alias_is_the_same_component() -> None:
    for alias in ('"[\\"Train\\", \\"Fit it\\"]"', "Train"):
        new = contract(name="Fit", more=f"metadata: {{annotations: {{aliases: {alias}}}}}\n")
        assert rules(contract(), new) == ["N503"]
    assert rules(contract(), new.replace("aliases: Train", "aliases: Tra")) == ["B301", "N503"]
    (change,) = compared(contract(name="It's"), contract(name="Fit")).changes
    assert change.help == """to say that it is the same one: annotations: {aliases: '["It''s"]'}"""


def test_more_of_the_cluster_is_a_change() -> None:
    (change,) = compared(_asking(memory="1Gi"), _asking(memory="16Gi")).changes
    assert (change.rule.id, change.message) == ("B303", "the component asks for memory 16Gi, and asked for 1Gi")
    assert rules(contract(), _asking(cpu="2")) == ["B303"]
    assert rules(_asking(memory="1Gi"), _asking(memory="1024Mi")) == ["N504"]
    assert rules(_asking(memory="2Gi"), _asking(memory="1Gi")) == ["N504"]


def test_an_accelerator_is_more() -> None:
    gpu = {"type": "nvidia.com/gpu", "count": 1}
    (change,) = compared(contract(), _asking(accelerator=gpu)).changes
    assert change.message == "the component asks for 1 of nvidia.com/gpu"
    assert rules(_asking(accelerator=gpu), _asking(accelerator=gpu)) == []


def test_a_contract_that_kfp_2_refuses() -> None:
    sound = contract("{name: a, type: Model}", args="{inputPath: a}")
    broken = contract("{name: a, type: Model}", args="{inputValue: a}")
    assert refused_by_kfp2(document(sound).spec) == ""
    assert refused_by_kfp2(document(broken).spec) == "it does not take inputValue of 'a', of type Model"
    assert rules(sound, broken) == ["B304", "B112"]
    # What was refused before breaks no pipeline there.
    assert rules(broken, broken.replace("Model", "CSV")) == ["B110"]
    # A first type of a value breaks those who compare names alone.
    untyped = contract("{name: a}", "{name: b}", args="{inputValue: a}")
    typed = contract("{name: a, type: String}", "{name: b, type: String}", args="{inputValue: a}")
    assert [(change.rule.id, set(change.lines)) for change in compared(untyped, typed).changes] == [
        ("B116", {"1.8"}),
        ("B116", {"1.8"}),
    ]
    assert all("2" not in change.lines for change in compared(broken, contract()).changes)


def test_the_implementation_and_the_words() -> None:
    assert rules(contract(), contract().replace("image: i", "image: j")) == ["N501"]
    assert [change.rule.id for change in compared(contract(), contract(args="x")).changes] == ["N502"]
    assert rules(contract(), contract(more="description: Train\n")) == ["N503"]
    assert rules(contract(), f"# A comment\n{contract()}") == ["N504"]
    assert rules(contract(), contract().replace("\n", "\r\n")) == []
    assert rules(contract(version="1.0.0"), contract(version="1.0.1")) == []
