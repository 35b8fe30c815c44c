from toolkit.cache.tally import Tally


def test_nothing_was_asked() -> None:
    assert (str(Tally()), Tally().counts()) == ("the cache was not asked", {})


def test_each_thing_counts_once_as_it_was_the_first_time() -> None:
    tally = Tally()
    tally.note("wheels", 1, hit=False)
    tally.note("wheels", 1, hit=True)
    tally.note("wheels", 2, hit=True)
    tally.note("layers", 1, hit=True)
    assert tally.counts() == {"layers": {"hits": 1, "misses": 0}, "wheels": {"hits": 1, "misses": 1}}
    assert str(tally) == "the cache had: layers 1 of 1, wheels 1 of 2"
