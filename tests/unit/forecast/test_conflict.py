"""Which values of one moment contradict each other, and where that is said."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.policy import Policy
from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin import watch
from twin.forecast.conflict import Conflict, conflicts, is_contradicted
from twin.snapshot import build, to_json
from twin.web.dashboard.panels import all_values, organ_page

DAY = datetime(2026, 9, 1, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)


def two(key: str, first: float, second: float, at: datetime = NOON, **of_second: object) -> tuple[Conflict, ...]:
    return conflicts(key, timeline((fact(1, key, at, first), fact(2, key, at, second, **of_second))))


def test_values_further_apart_than_variation_explains_contradict_each_other() -> None:
    assert two("creatinine", 79.6, 150.0) == (Conflict(at=NOON, fact_ids=(1, 2), low=79.6, high=150.0),)
    assert two("creatinine", 150.0, 79.6)[0].low == 79.6


@pytest.mark.parametrize(
    ("key", "first", "second", "changes"),
    [
        ("creatinine", 79.6, 81.0, {}),
        ("creatinine", 80.0, 80.0, {}),
        ("creatinine", 79.6, 150.0, {"quality": "not_final"}),
        ("creatinine", 79.6, 150.0, {"device": "Jaffe"}),
        ("afp", 3.0, 30.0, {"device": "another analyser"}),
        ("nodule_mean_diameter", 4.0, 20.0, {}),
        ("visceral_fat_area", 40.0, 200.0, {}),
    ],
)
def test_what_agrees_is_unused_of_another_method_or_another_lesion_contradicts_nothing(
    key: str, first: float, second: float, changes: dict[str, object]
) -> None:
    assert two(key, first, second, **changes) == ()


def test_values_of_two_moments_contradict_nothing() -> None:
    assert conflicts("creatinine", timeline(table("months_ago 2 1\ncreatinine 80 150"))) == ()


def test_of_a_day_without_a_time_only_what_does_not_move_within_it_is_told() -> None:
    assert two("creatinine", 79.6, 150.0, DAY) and two("glucose", 5.0, 14.0)
    assert two("glucose", 5.0, 14.0, DAY) == ()


def test_of_three_values_the_ends_are_told() -> None:
    facts = (fact(number, "creatinine", NOON, value) for number, value in ((1, 80.0), (2, 82.0), (3, 150.0)))
    assert conflicts("creatinine", timeline(facts))[0].fact_ids == (1, 2, 3)


def test_a_fact_that_is_no_measurement_is_contradicted_by_nothing() -> None:
    (known,) = history_of("ckd")
    assert not is_contradicted(known, timeline((known,)))


def test_both_stay_in_use_and_the_panel_says_so() -> None:
    known = timeline((*table("months_ago 12 6\ncreatinine 80 81"), *(fact(20 + n, "creatinine", NOON, v) for n, v in
                                                                     enumerate((79.6, 150.0)))))  # fmt: skip
    body = to_json(build(known, now=NOW))["organs"][-1]
    panel = next(each for each in body["signals"] if each["key"] == "creatinine")
    assert [point["used"] for point in panel["points"]] == [True] * 4
    assert panel["conflicts"] == [{"at": NOON.isoformat(), "fact_ids": [20, 21], "low": 79.6, "high": 150.0}]
    shown = next(each for each in organ_page(body).panels if each.id == "signal-creatinine")
    assert [row.contradicted for row in shown.values] == [True, True, False, False]
    whole = all_values(body, "signal-creatinine")
    assert whole is not None and [row.contradicted for row in whole.values] == [True, True, False, False]


@pytest.mark.parametrize(("second", "says_so"), [(49.0, False), (210.0, True)])
def test_a_recall_on_contradicting_values_says_that_they_do(second: float, says_so: bool) -> None:
    facts = (*table(FALLING_PLATELETS), *history_of("fatty_liver"), fact(800, "ast", ago(1), second))
    taken = build(timeline(facts), now=NOW)
    (recall,) = (each for each in watch.decide(taken, Policy()).triggers if each.key == "liver/fib4>2.67")
    assert ("contradict each other" in recall.reason["en"]) is says_so
    assert ("相互矛盾" in recall.reason["zh_CN"]) is says_so
    on_fib4 = [each for each in taken.organs[0].crossings if each.on["key"] == "fib4"]
    assert {each.contradicted for each in on_fib4} == {says_so}
