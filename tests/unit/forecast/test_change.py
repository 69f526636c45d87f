import pytest

from twin.forecast.change import verdict, verdict_of_course
from twin.forecast.motion import motion


@pytest.mark.parametrize(
    ("key", "before", "after", "expected"),
    [
        ("creatinine", 80.0, 90.0, "no_real_change"),  # limit 13.6 %
        ("creatinine", 80.0, 92.0, "changed"),
        ("creatinine", 80.0, 68.0, "changed"),
        ("total_cholesterol", 5.0, 5.7, "no_real_change"),  # limit 14.6 %
        ("total_cholesterol", 5.0, 5.8, "changed"),
        ("bilirubin_total", 10.0, 18.0, "no_real_change"),  # log form: +86 %, -46 %
        ("bilirubin_total", 10.0, 19.0, "changed"),
        ("bilirubin_total", 10.0, 5.6, "no_real_change"),
        ("bilirubin_total", 10.0, 5.2, "changed"),
        ("sbp", 130.0, 150.0, "no_real_change"),  # single clinic readings wander 9 %
        ("sbp", 130.0, 165.0, "changed"),
    ],
)
def test_change_is_judged_by_the_reference_change_value(key: str, before: float, after: float, expected: str) -> None:
    assert verdict(motion(key), before, after) == expected


@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (-1.0, 1.0), (1.0, float("nan"))])
def test_what_has_no_ratio_can_not_be_told(before: float, after: float) -> None:
    assert verdict(motion("alt"), before, after) == "cannot_tell"


def test_unknown_variation_can_not_be_told() -> None:
    assert verdict(None, 1.0, 2.0) == "cannot_tell"


def test_course_is_judged_on_the_means_of_its_ends() -> None:
    rising = [1.9, 2.0, 1.9, 2.2, 2.4, 2.5, 2.5]
    assert verdict_of_course(rising, 0.25, 0.3) == "changed"
    assert verdict_of_course([rising[0], rising[-1]], 0.25, 0.3) == "no_real_change"


def test_course_whose_last_value_alone_is_high_has_not_really_changed() -> None:
    assert verdict_of_course([2.5, 2.4, 2.6, 1.9, 1.8, 2.6], 0.1, 0.1) == "no_real_change"


def test_course_without_known_noise_can_not_be_told() -> None:
    assert verdict_of_course([1.0, 2.0], 0.0, 0.0) == "cannot_tell"
