"""What holds at a moment: medicines while taken, most diagnoses for good, pregnancy and dialysis for their time."""

from datetime import datetime, timedelta

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin.record.fact import Fact
from twin.record.holding import AFTER_DIALYSIS, LONGEST_PREGNANCY, holding, since, spells, weekly

DAY = timedelta(days=1)


def session(number: int, at: datetime, ended: datetime | None = None) -> Fact:
    return fact(number, "dialysis", at, kind="procedure", ended_at=ended)


def is_weekly(*facts: Fact, at: datetime = NOW) -> bool:
    return any(spell.covers(at) for spell in weekly(timeline(facts), "dialysis"))


def test_a_diagnosis_holds_for_good_and_a_medicine_while_it_is_taken() -> None:
    attack = fact(1, "myocardial_infarction", ago(40), kind="condition", ended_at=ago(39))
    statin = fact(2, "statin", ago(40), kind="medication", ended_at=ago(20))
    known = timeline((attack, statin))
    assert holding(known, "myocardial_infarction", NOW) is attack
    assert holding(known, "statin", ago(21)) is statin
    assert holding(known, "statin", NOW) is None
    assert holding(known, "myocardial_infarction", ago(41)) is None


def test_a_session_of_dialysis_long_ago_says_nothing_of_today() -> None:
    known = timeline((session(1, ago(100)),))
    assert holding(known, "dialysis", ago(100) + AFTER_DIALYSIS - DAY) is not None
    assert holding(known, "dialysis", ago(100) + AFTER_DIALYSIS) is None


def test_dependence_on_dialysis_holds_until_it_ends_or_a_kidney_is_grafted() -> None:
    dependence = fact(1, "dialysis", ago(60), kind="condition")
    graft = fact(2, "kidney_transplant", ago(30), kind="procedure")
    ended = fact(3, "dialysis", ago(60), kind="condition", ended_at=ago(40))
    assert holding(timeline((dependence,)), "dialysis", NOW) is dependence
    assert holding(timeline((dependence, graft)), "dialysis", NOW) is None
    assert holding(timeline((dependence, graft)), "dialysis", ago(31)) is dependence
    assert holding(timeline((ended,)), "dialysis", NOW) is None


def test_dialysis_after_a_graft_has_failed_holds_though_the_graft_is_coded_again() -> None:
    first, again = (
        fact(number, "kidney_transplant", ago(months), kind="condition") for number, months in ((1, 80), (4, 5))
    )
    failed = fact(3, "dialysis", ago(10), kind="condition")
    assert holding(timeline((first, failed, again)), "dialysis", NOW) is failed


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((session(1, NOW - 2 * DAY),), False),
        ((session(1, NOW - 5 * DAY), session(2, NOW - 2 * DAY)), True),
        ((session(1, NOW - 9 * DAY), session(2, NOW - 1 * DAY)), False),
        ((session(1, NOW - 9 * DAY), session(2, NOW - 7 * DAY)), False),  # neither lies in the last seven days
        ((session(1, NOW - 3 * DAY), session(2, NOW - 3 * DAY)), False),  # one session, told twice
        ((session(1, NOW - 3 * DAY), session(2, NOW - 3 * DAY), session(3, NOW - DAY)), True),
        ((session(1, NOW - 3 * DAY, NOW - 2 * DAY),), True),  # 24 hours without a break
        ((session(1, NOW - 3 * DAY, NOW - 3 * DAY + timedelta(hours=4)),), False),
        ((fact(1, "dialysis", ago(9), kind="condition"),), True),
        ((fact(1, "dialysis_session", ago(9), kind="condition"),), False),
    ],
)
def test_twice_a_week_is_counted_as_meld_counts_it(facts: tuple[Fact, ...], expected: bool) -> None:
    assert is_weekly(*facts) is expected


def test_an_answer_that_somebody_is_not_pregnant_ends_a_pregnancy() -> None:
    pregnant = fact(1, "pregnancy_status", ago(5), code="pregnant")
    denied = fact(2, "pregnancy_status", ago(1), code="not_pregnant")
    assert holding(timeline((pregnant,)), "pregnancy", NOW) is pregnant
    assert holding(timeline((pregnant, denied)), "pregnancy", NOW) is None
    assert holding(timeline((pregnant, denied)), "pregnancy", ago(2)) is pregnant
    assert spells(timeline((denied,)), "pregnancy") == ()


def test_a_pregnancy_nobody_ended_lasts_no_longer_than_the_longest() -> None:
    pregnant = fact(1, "pregnancy", ago(24), kind="condition")
    known = timeline((pregnant,))
    assert holding(known, "pregnancy", ago(24) + LONGEST_PREGNANCY - DAY) is pregnant
    assert holding(known, "pregnancy", ago(24) + LONGEST_PREGNANCY) is None


def test_a_graft_that_fails_ends_no_dialysis() -> None:
    dependence = fact(1, "dialysis", ago(12), kind="condition")
    failed = fact(2, "kidney_graft_complication", ago(2), kind="condition")
    assert holding(timeline((dependence, failed)), "dialysis", NOW) is dependence
    assert holding(timeline((dependence, failed)), "kidney_transplant", NOW) is failed


def test_many_visits_of_one_pregnancy_make_it_no_longer() -> None:
    visits = [fact(n, "pregnancy", ago(14) + n * timedelta(weeks=4), kind="condition") for n in range(8)]
    known = timeline(visits)
    assert holding(known, "pregnancy", ago(14) + LONGEST_PREGNANCY - DAY) is visits[-1]
    assert holding(known, "pregnancy", ago(14) + LONGEST_PREGNANCY) is None
    again = fact(20, "pregnancy", ago(2), kind="condition")
    assert holding(timeline((*visits, again)), "pregnancy", NOW) is again


def test_an_end_years_later_makes_no_pregnancy_of_years() -> None:
    mistaken = fact(1, "pregnancy", ago(30), kind="condition", ended_at=ago(1))
    assert holding(timeline((mistaken,)), "pregnancy", ago(2)) is None


def test_a_concept_is_there_since_it_first_held() -> None:
    denied = fact(1, "pregnancy_status", ago(9), code="not_pregnant")
    pregnant = fact(2, "pregnancy_status", ago(5), code="pregnant")
    assert since(timeline((denied, pregnant)), "pregnancy") == ago(5)
    assert since(timeline((denied,)), "pregnancy") is None
