"""The CT view draws organs by the numbers that our own segmenter gives them."""

from imaging.segment.own import NUMBERS
from twin.web.dashboard.ct import ORGANS

NOT_DRAWN = {"body", "other_tissue"}


def test_each_organ_that_is_drawn_has_a_colour_and_none_has_two() -> None:
    coloured = [number for organ in ORGANS for number in organ.numbers]
    given = {number for name, numbers in NUMBERS.items() if name not in NOT_DRAWN for number in numbers}
    assert len(coloured) == len(set(coloured))
    assert set(coloured) == given
