from dataclasses import replace
from datetime import date

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, timeline
from twin.organs import organ
from twin.organs.applies import DIED, outside, why_not
from twin.organs.base import Need, Population, Text

FIB4, MELD = (next(line for line in organ("liver").thresholds if line.key == key) for key in ("fib4>2.67", "meld3>=15"))
LABEL = Text("x", "某")


def test_rule_is_for_those_at_risk_by_any_of_its_signs() -> None:
    assert why_not(FIB4, timeline(history_of("fatty_liver"))) is None
    assert why_not(FIB4, timeline([fact(1, "alt", ago(1), 41.0)])) is None
    assert why_not(FIB4, timeline([fact(1, "liver_hu", ago(1), 40.0)])) is None
    assert why_not(FIB4, timeline([fact(1, "alt", ago(1), 40.0)])) is not None


def test_newest_value_decides() -> None:
    values = [fact(1, "alt", ago(9), 90.0), fact(2, "alt", ago(1), 30.0)]
    assert why_not(FIB4, timeline(values)) is not None


def test_reference_limit_of_an_unknown_sex_is_not_guessed() -> None:
    assert why_not(FIB4, timeline([fact(1, "alt", ago(1), 90.0)], sex="unknown")) is not None


def test_rule_with_an_age_is_not_for_younger_people_nor_for_unknown_age() -> None:
    young = why_not(FIB4, timeline(history_of("fatty_liver"), born=date(1995, 1, 1)))
    assert young is not None
    assert young.zh_CN == "年龄小于 35 岁。"
    unknown = why_not(FIB4, timeline(history_of("fatty_liver"), born=None))
    assert unknown is not None
    assert "birth date" in unknown.en


def test_needed_and_excluding_concepts_are_named() -> None:
    without = why_not(MELD, timeline())
    assert without is not None
    assert without.en == "Not on record: cirrhosis."
    grafted = why_not(MELD, timeline(history_of("cirrhosis", "liver_transplant")))
    assert grafted is not None
    assert grafted.en == "Excluded by: liver transplant."
    assert why_not(MELD, timeline(history_of("cirrhosis"))) is None


def test_no_rule_is_for_the_dead() -> None:
    assert why_not(MELD, timeline([fact(1, "death", ago(1), kind="death", signal=None)])) is DIED


@pytest.mark.parametrize(("months", "ended", "holds"), [(5, 1, True), (5, None, True), (20, 10, False)])
def test_pregnancy_holds_while_it_lasts(months: float, ended: float | None, holds: bool) -> None:
    until = None if ended is None else ago(-ended if holds else ended)
    known = timeline([fact(1, "pregnancy", ago(months), kind="condition", ended_at=until)])
    found = outside(Population(none_of=(Need(label=LABEL, concept="pregnancy"),)), known, NOW)
    assert (found is not None) is holds


def test_resolved_heart_attack_is_still_one_in_the_record() -> None:
    known = timeline([fact(1, "ascvd", ago(100), kind="condition", ended_at=ago(90))])
    assert outside(Population(all_of=(Need(label=LABEL, concept="ascvd"),)), known, NOW) is None


def test_population_without_conditions_is_everybody() -> None:
    known = timeline()
    assert outside(Population(), replace(known), NOW) is None
