from toolkit.registry.ability import ability


def test_an_ability_has_three_states() -> None:
    states = [ability("locks", "tried", "turns", able=able).state for able in (True, False, None)]
    assert states == ["yes", "no", "unknown"]
    assert not ability("locks", "tried", "turns", able=True).needed
