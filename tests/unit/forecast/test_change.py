"""A value against the patient's own recent level; what is expected is worked out by hand from CVi and CVa."""

from datetime import timedelta
from math import exp, log, sqrt

import pytest

from tests.unit.forecast.timelines import NOW
from twin.forecast.change import Judged, Reading, judge, odd, verdict_of_course
from twin.forecast.change_limit import Limit, limits

QUARTER = timedelta(days=91)


def course(*values: float, **changes: object) -> list[Reading]:
    """Readings a quarter apart, oldest first."""
    return [Reading(at=NOW + i * QUARTER, value=value, **changes) for i, value in enumerate(values)]  # type: ignore[arg-type]


def last(key: str, *values: float) -> Judged:
    found = judge(course(*values), limits()[key])[-1]
    assert found is not None
    return found


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
        ("aorta_ascending_diameter", 42.0, 44.9, "no_real_change"),  # 3 mm
        ("aorta_ascending_diameter", 42.0, 45.1, "changed"),
        ("nodule_mean_diameter", 6.0, 7.4, "no_real_change"),  # 1.5 mm
        ("nodule_mean_diameter", 6.0, 7.6, "changed"),
        ("nodule_volume", 100.0, 124.0, "no_real_change"),  # 25 %
        ("nodule_volume", 100.0, 126.0, "changed"),
        ("liver_hu", 60.0, 52.0, "no_real_change"),  # 8.3 HU
        ("liver_hu", 60.0, 51.0, "changed"),
    ],
)
def test_second_value_is_judged_by_the_reference_change_value(
    key: str, before: float, after: float, expected: str
) -> None:
    assert last(key, before, after).verdict == expected


def test_first_value_has_nothing_to_be_judged_against() -> None:
    assert judge(course(80.0), limits()["creatinine"]) == (None,)


def test_mean_of_four_values_narrows_the_limit() -> None:
    """sqrt(2) of one value becomes sqrt(1 + 1/4): 13.6 % becomes 10.8 % (CVi 4.4, CVa 2.2)."""
    told = last("creatinine", 80, 81, 79, 80, 89)
    assert (told.verdict, told.count, told.level) == ("changed", 4, 80.0)
    assert told.high == pytest.approx(80 * (1 + 1.96 * sqrt(0.044**2 + 0.022**2) * sqrt(1.25)))


@pytest.mark.parametrize(
    ("key", "level", "short", "beyond"),
    [
        ("nodule_mean_diameter", 6.0, 7.4, 7.6),  # more than 1.5 mm
        ("nodule_volume", 100.0, 124.0, 126.0),  # more than 25 %
        ("aorta_ascending_diameter", 40.0, 42.9, 43.1),  # 3 mm
    ],
)
def test_defined_change_is_not_shrunk_by_a_longer_level(key: str, level: float, short: float, beyond: float) -> None:
    own = (level,) * 4
    assert last(key, *own, short).verdict == "no_real_change"
    assert last(key, *own, beyond).verdict == "changed"


def test_repeat_limit_of_the_liver_is_narrowed_by_a_longer_level() -> None:
    """1.96 sqrt(1 + 1/4) 3 HU = 6.6 HU: noise, and no definition of a change."""
    assert last("liver_hu", 60, 60, 60, 60, 53).verdict == "changed"


def test_value_of_an_unstated_protocol_is_compared_with_nothing() -> None:
    readings = course(6.0, 9.0, 9.1, unstated=("kernel",))
    verdicts = [
        None if one is None else (one.verdict, one.because) for one in judge(readings, limits()["nodule_volume"])
    ]
    assert verdicts == [None, *[("cannot_tell", "unstated_protocol")] * 2]


def test_log_form_compares_with_the_geometric_mean() -> None:
    told = last("triglycerides", 1.0, 1.3, 1.4, 1.5)
    assert told.level == pytest.approx(exp((log(1.0) + log(1.3) + log(1.4)) / 3))
    assert told.level is not None and told.low is not None and told.high is not None
    assert told.low * told.high == pytest.approx(told.level**2)


def test_one_odd_value_makes_no_new_level() -> None:
    verdicts = [
        None if each is None else each.verdict for each in judge(course(80, 81, 120, 80), limits()["creatinine"])
    ]
    assert verdicts == [None, "no_real_change", "changed", "no_real_change"]


def test_second_value_on_the_same_side_founds_a_new_level() -> None:
    told = judge(course(80, 81, 119, 121, 120), limits()["creatinine"])[-1]
    assert told is not None
    assert (told.verdict, told.level, told.count) == ("no_real_change", 120.0, 2)


def test_two_odd_values_that_differ_from_each_other_found_none() -> None:
    told = judge(course(80, 81, 120, 200, 80), limits()["creatinine"])[-1]
    assert told is not None and told.verdict == "no_real_change"


def test_slow_drift_does_not_take_its_own_level_along() -> None:
    drifting = [80 * 1.02**i for i in range(13)]  # 2 % a quarter: no step is beyond 13.6 %, nor its last four
    assert "changed" in {each.verdict for each in judge(course(*drifting), limits()["creatinine"]) if each}


def test_level_is_of_the_last_three_years() -> None:
    old = [Reading(at=NOW - timedelta(days=5 * 365 - i), value=80.0) for i in range(4)]
    told = judge([*old, Reading(at=NOW, value=80.0)], limits()["creatinine"])[-1]
    assert told is not None and told.count == 1 and told.until == old[-1].at


@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0)])
def test_what_has_no_ratio_can_not_be_told(before: float, after: float) -> None:
    told = last("alt", before, after)
    assert (told.verdict, told.because) == ("cannot_tell", "no_ratio")


def test_unknown_variation_can_not_be_told() -> None:
    told = judge(course(1.0, 2.0), Limit(key="x", form="stated"))[-1]
    assert told is not None
    assert (told.verdict, told.because) == ("cannot_tell", "unknown_variation")


def test_stated_uncertainty_is_the_limit_where_nothing_else_is_known() -> None:
    limit = Limit(key="x", form="stated")
    within, beyond = (
        judge(course(100.0, value, sd=4.0), limit)[-1] for value in (111.0, 112.0)
    )  # 1.96 sqrt(2) 4 = 11.09
    assert within is not None and beyond is not None
    assert (within.verdict, beyond.verdict) == ("no_real_change", "changed")


def test_stated_uncertainty_replaces_the_analytical_variation() -> None:
    vague = judge(course(80.0, 95.0, sd=10.0), limits()["creatinine"])[-1]
    assert vague is not None and vague.verdict == "no_real_change"
    assert last("creatinine", 80.0, 95.0).verdict == "changed"


class TestCoronaryCalcium:
    """Repeat limit 0.17 A + 4.89 sqrt(A) + 0.44 BMI - 10.84, A the mean of the two: at 110 and BMI 25, 70.2."""

    def told(self, before: float, after: float, scanners: tuple[str, str] = ("a", "a"), mass: float = 25.0) -> str:
        pairs = zip((before, after), scanners, strict=True)
        found = judge(
            [Reading(at=NOW + i * QUARTER, value=value, scanner=name) for i, (value, name) in enumerate(pairs)],
            limits()["agatston"],
            mass,
        )[-1]
        assert found is not None
        return found.verdict

    def test_within_the_repeat_limit_is_no_change(self) -> None:
        assert self.told(75.0, 145.0) == "no_real_change"
        assert self.told(74.0, 146.0) == "changed"

    def test_none_then_a_speck_is_no_change_and_more_is(self) -> None:
        assert self.told(0.0, 5.0) == "no_real_change"
        assert self.told(0.0, 30.0) == "changed"
        assert self.told(0.0, 0.0) == "no_real_change"

    def test_heavier_people_need_more(self) -> None:
        assert self.told(74.0, 146.0, mass=40.0) == "no_real_change"

    def test_another_scanner_needs_more(self) -> None:
        assert self.told(74.0, 146.0, ("a", "b")) == "no_real_change"


def test_another_method_can_not_be_told_and_starts_its_own_level() -> None:
    made = [("calculated", 3.0), ("calculated", 3.1), ("direct", 4.5), ("calculated", 3.0), ("direct", 4.4)]
    readings = [Reading(at=NOW + i * QUARTER, value=value, method=(name,)) for i, (name, value) in enumerate(made)]
    found = judge(readings, limits()["ldl_c"])
    assert found[2] is not None and found[4] is not None
    assert (found[2].verdict, found[2].because) == ("cannot_tell", "other_method")
    assert found[2].differs == (("calculated", "direct"),)
    assert [each.verdict for each in found[3:] if each] == ["no_real_change"] * 2
    assert found[4].level == 4.5


def test_course_is_judged_on_the_means_of_its_ends() -> None:
    rising = [1.9, 2.0, 1.9, 2.2, 2.4, 2.5, 2.5]
    assert verdict_of_course(rising, 0.25, 0.3) == "changed"
    assert verdict_of_course([rising[0], rising[-1]], 0.25, 0.3) == "no_real_change"


def test_course_whose_last_value_alone_is_high_has_not_really_changed() -> None:
    assert verdict_of_course([2.5, 2.4, 2.6, 1.9, 1.8, 2.6], 0.1, 0.1) == "no_real_change"


def test_course_without_known_noise_can_not_be_told() -> None:
    assert verdict_of_course([1.0, 2.0], 0.0, 0.0) == "cannot_tell"


def test_a_value_that_nothing_after_it_confirms_stands_alone() -> None:
    assert odd([None, "no_real_change", "changed", "no_real_change"]) == (False, False, True, False)
    assert odd([None, "changed", "changed", "no_real_change"]) == (False, False, False, False)  # a new level
    assert odd([None, "changed"]) == (False, False)  # of the newest nobody knows yet
    assert odd([None, "changed", "cannot_tell"]) == (False, False, False)
    assert odd([]) == ()
