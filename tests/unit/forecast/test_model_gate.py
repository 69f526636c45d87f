from datetime import date
from typing import Any

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, timeline
from twin.forecast.gate import NO_MODEL, BadCriteria, read, serving
from twin.record.fact import Absent, Fact

ADULTS: dict[str, Any] = {
    "min_age": 18,
    "max_age": 90,
    "all_of": [{"concept": "fatty_liver", "en": "fatty liver", "zh_CN": "脂肪肝"}],
    "none_of": [
        {"concept": "liver_transplant", "en": "liver transplant", "zh_CN": "肝移植"},
        {"concept": "pregnancy", "en": "pregnancy", "zh_CN": "妊娠"},
        {"concept": "dialysis", "en": "dialysis", "zh_CN": "透析"},
    ],
}
LIVER = history_of("fatty_liver")


def why(facts: tuple[Fact, ...] = LIVER, criteria: dict[str, Any] | None = None, **person: Any) -> Absent | None:
    return serving({"serves": ADULTS if criteria is None else criteria}, timeline(facts, **person), NOW)


def test_whoever_meets_the_population_is_served() -> None:
    assert why() is None


@pytest.mark.parametrize(
    ("facts", "person", "detail"),
    [
        ((), {}, "Not on record: fatty liver."),
        (LIVER, {"born": date(2012, 1, 1)}, "Younger than 18 years."),
        (LIVER, {"born": date(1930, 1, 1)}, "90 years or older."),
        (LIVER, {"born": None}, "The birth date is not known."),
        ((*LIVER, *history_of("liver_transplant", start=50)), {}, "Excluded by: liver transplant."),
        ((*LIVER, *history_of("dialysis", start=50)), {}, "Excluded by: dialysis."),
        ((*LIVER, *history_of("pregnancy", months=3, start=50)), {}, "Excluded by: pregnancy."),
        ((*LIVER, fact(7, "death", ago(1), kind="death", signal=None)), {}, "The patient has died."),
    ],
    ids=["disease not on record", "child", "very old", "age unknown", "transplant", "dialysis", "pregnant", "dead"],
)
def test_anyone_else_is_told_why_there_is_no_model(
    facts: tuple[Fact, ...], person: dict[str, Any], detail: str
) -> None:
    assert why(facts, **person) == Absent(reason=NO_MODEL, detail=detail)


def test_a_disease_that_began_later_than_the_moment_asked_about_does_not_count() -> None:
    known = timeline(history_of("fatty_liver", months=6))
    assert serving({"serves": ADULTS}, known, NOW) is None
    assert serving({"serves": ADULTS}, known, ago(12)) is not None


@pytest.mark.parametrize(
    ("sex", "detail"), [("male", "Not for men."), ("unknown", "The sex is not known."), ("female", None)]
)
def test_a_model_of_women_serves_women(sex: str, detail: str | None) -> None:
    absent = why(criteria={"min_age": 18, "max_age": 90, "sexes": ["female"]}, sex=sex)
    assert (absent.detail if absent is not None else None) == detail


def test_a_signal_past_a_value_can_be_needed() -> None:
    criteria = {"min_age": 18, "max_age": 90, "any_of": [{"signal": "egfr", "comparison": "<", "value": 60}]}
    assert why((fact(1, "egfr", ago(1), 45.0),), criteria) is None
    assert why((fact(1, "egfr", ago(1), 75.0),), criteria) is not None
    assert why((), criteria) is not None


@pytest.mark.parametrize("card", [{}, {"serves": {}}, {"serves": None}])
def test_a_model_that_names_no_population_serves_nobody(card: dict[str, Any]) -> None:
    absent = serving(card, timeline(LIVER), NOW)
    assert absent == Absent(reason=NO_MODEL, detail="The model's card names no population.")


@pytest.mark.parametrize(
    "change",
    [
        {"min_age": None},
        {"min_age": 50, "max_age": 40},
        {"min_age": True},
        {"sexes": []},
        {"sexes": ["unknown"]},
        {"country": "CN"},
        {"all_of": [{"concept": "no_such_disease"}]},
        {"all_of": [{"concept": "ckd", "signal": "egfr"}]},
        {"all_of": [{}]},
        {"any_of": [{"signal": "egfr", "comparison": "about", "value": 60}]},
        {"any_of": [{"signal": "egfr", "comparison": "<"}]},
    ],
)
def test_criteria_that_can_not_be_judged_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadCriteria):
        read(ADULTS | change)
