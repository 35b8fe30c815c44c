"""Places of boxes and arrows: nothing overlaps, arrows lead down, groups hold what is in them."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.pipelines.layout import Arrow, Box, Placed, place


def boxes(count: int) -> tuple[Box, ...]:
    return tuple(Box(key=str(n), width=100, height=40 + 10 * (n % 3)) for n in range(count))


def overlap(one: Placed, other: Placed) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def check(placed: Placed) -> None:
    for one, other in combinations(placed.boxes, 2):
        assert not overlap(one, other)
    for box in placed.boxes:
        assert placed.x <= box.x
        assert box.x + box.width <= placed.x + placed.width + 0.01
        assert placed.y < box.y
        assert box.y + box.height < placed.y + placed.height
        check(box)
    places = {box.key: box for box in placed.boxes}
    for line in placed.lines:
        source, target = places[line.arrow.source], places[line.arrow.target]
        assert line.points[0][1] == source.y + source.height
        assert line.points[-1][1] == target.y
        assert source.x < line.points[0][0] < source.x + source.width
        assert target.x < line.points[-1][0] < target.x + target.width
        assert all(upper[1] <= lower[1] for upper, lower in pairwise(line.points))


def test_a_chain_goes_straight_down() -> None:
    arrows = tuple(Arrow(source=str(n), target=str(n + 1), lines=1) for n in range(4))
    placed = place(Box(key="", width=0, height=0, boxes=boxes(5), arrows=arrows))
    check(placed)
    assert len({round(box.x) for box in placed.boxes}) == 1
    assert [box.y for box in placed.boxes] == sorted(box.y for box in placed.boxes)


def test_many_boxes_stand_in_several_rows() -> None:
    placed = place(Box(key="", width=0, height=0, boxes=boxes(40)))
    check(placed)
    assert placed.width < 1300
    assert len({box.y for box in placed.boxes}) == 5


def test_groups_grow_with_what_is_in_them() -> None:
    inner = Box(key="inner", width=100, height=60, boxes=boxes(3))
    outer = Box(key="outer", width=900, height=60, boxes=(inner, Box(key="one", width=100, height=40)))
    placed = place(Box(key="", width=0, height=0, boxes=(outer,)))
    check(placed)
    assert placed.boxes[0].width == 900
    assert place(Box(key="", width=50, height=60)) == Placed(key="", x=0, y=0, width=50, height=60)


@st.composite
def graphs(draw: st.DrawFn) -> Box:
    count = draw(st.integers(1, 14))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=25)) if pairs else []
    arrows = tuple(Arrow(source=str(a), target=str(b), lines=(a + b) % 4) for a, b in chosen)
    return Box(key="", width=0, height=0, boxes=boxes(count), arrows=arrows)


@settings(max_examples=60, deadline=None)
@given(box=graphs())
def test_no_graph_has_boxes_that_overlap(box: Box) -> None:
    check(place(box))


def test_the_places_are_the_same_each_time() -> None:
    arrows = tuple(Arrow(source=str(a), target=str(b)) for b in range(12) for a in range(b) if (a * b) % 5 == 1)
    box = Box(key="", width=0, height=0, boxes=boxes(12), arrows=arrows)
    assert place(box) == place(box)
