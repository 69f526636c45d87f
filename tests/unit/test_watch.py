"""What is raised, by when, and what is held back: decisions on whole snapshots."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from alerts.policy import Policy
from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin.forecast.crossing import CrossingDate, Probability
from twin.record.fact import Absent, Fact
from twin.record.timeline import Timeline
from twin.snapshot import ForecastSettings, Snapshot, build
from twin.watch import decide, facts_cited

TODAY = NOW.date()
FATTY = timeline((*table(FALLING_PLATELETS), *history_of("fatty_liver")))


def _decide(known: Timeline, **settings: object) -> tuple[dict, tuple]:
    decided = decide(build(known, now=NOW, settings=ForecastSettings(**settings)), Policy())  # type: ignore[arg-type]
    return {trigger.key: trigger for trigger in decided.triggers}, decided.quiet


def _with_crossing(known: Timeline, **changes: object) -> Snapshot:
    """The snapshot with its crossing of FIB-4 2.67 changed, and no other in it."""
    taken = build(known, now=NOW)
    liver = taken.organs[0]
    crossing = replace(liver.crossings[0], **changes)  # type: ignore[arg-type]
    return replace(taken, organs=(replace(liver, crossings=(crossing,)),))


def _foreseen(p: float, reaches: date, median: date | None) -> Snapshot:
    dated = CrossingDate(median=median, low80=None, high80=None) if median else Absent(reason="beyond_forecast")
    chance = Probability(months=12, p=p, low=p, high=p)
    changes: dict = {"already_past": False, "probabilities": (chance,), "reaches_level_on": reaches}
    return _with_crossing(FATTY, **changes, crossing=dated)


def test_rising_fib4_opens_a_recall_months_before_the_line() -> None:
    triggers, quiet = _decide(FATTY)
    trigger = triggers["liver/fib4>2.67"]
    assert trigger.probability is not None
    assert trigger.probability >= 0.2
    assert trigger.priority == "routine"
    assert trigger.due_at >= TODAY + timedelta(days=30)
    assert trigger.examination == {"en": "elastography", "zh_CN": "肝脏弹性成像"}
    assert trigger.rule_id == "FIB4-VHI"
    assert trigger.verification == "verified"
    assert "dynamics" in trigger.model_version
    assert quiet == ()


def test_reason_names_no_patient() -> None:
    trigger = _decide(FATTY)[0]["liver/fib4>2.67"]
    assert not any(word in text for text in trigger.reason.values() for word in ("Frieda", "Prüfung", "1962"))


def test_evidence_is_plain_and_cites_its_facts() -> None:
    trigger = _decide(FATTY)[0]["liver/fib4>2.67"]
    assert json.loads(json.dumps(trigger.evidence)) == trigger.evidence
    assert facts_cited(trigger.evidence) == (27, 18, 9)  # the newest ast, alt and platelets


def test_evidence_does_not_drift_with_the_clock() -> None:
    later = replace(FATTY, as_of=NOW + timedelta(days=20))
    before = decide(build(FATTY, now=NOW), Policy()).triggers[0]
    after = decide(build(later, now=later.as_of), Policy()).triggers[0]
    assert before.evidence == after.evidence
    assert before.probability != after.probability


def test_stable_patient_is_left_alone() -> None:
    steady = table(
        "months_ago 36 24 12 1\nplatelets 290 292 288 291\nalt 30 31 29 30\nast 25 26 25 24\nhba1c 5.2 5.3 5.2 5.2"
    )
    assert _decide(timeline((*steady, *history_of("fatty_liver")))) == ({}, ())


def test_line_already_passed_is_due_within_the_interval_of_its_result() -> None:
    past = "months_ago 18 12 6 0\nplatelets 120 118 115 110\nalt 40 42 41 40\nast 60 62 61 64"
    trigger = _decide(timeline((*table(past), *history_of("fatty_liver"))))[0]["liver/fib4>2.67"]
    assert trigger.probability is None
    assert trigger.priority == "soon"
    assert trigger.due_at == TODAY + timedelta(days=91)  # three months
    assert "past 2.67 since" in trigger.reason["en"]


def test_old_result_past_the_line_is_due_as_soon_as_it_can_be_booked() -> None:
    past = "months_ago 30 24 18 12\nplatelets 120 118 115 110\nalt 40 42 41 40\nast 60 62 61 64"
    trigger = _decide(timeline((*table(past), *history_of("fatty_liver"))))[0]["liver/fib4>2.67"]
    assert trigger.due_at == TODAY + timedelta(days=30)


def test_forecast_is_due_when_the_chance_reaches_the_recall_level() -> None:
    reaches = TODAY + timedelta(days=200)
    trigger = decide(_foreseen(0.3, reaches, None), Policy()).triggers[0]
    assert trigger.due_at == reaches
    assert trigger.due_from == reaches - timedelta(days=Policy().window_days)
    assert trigger.overdue_at > reaches


def test_forecast_that_is_certain_soon_is_due_a_quarter_before_its_median() -> None:
    trigger = decide(_foreseen(0.9, TODAY + timedelta(days=20), TODAY + timedelta(days=150)), Policy()).triggers[0]
    assert trigger.due_at == TODAY + timedelta(days=60)


def test_forecast_is_never_due_before_it_can_be_booked() -> None:
    trigger = decide(_foreseen(0.9, TODAY, TODAY + timedelta(days=40)), Policy()).triggers[0]
    assert trigger.due_at == TODAY + timedelta(days=30)
    assert trigger.due_from == TODAY


def test_chance_below_the_recall_level_raises_nothing() -> None:
    assert decide(_foreseen(0.19, TODAY, None), Policy()).triggers == ()


def test_level_is_the_sites() -> None:
    assert len(decide(_foreseen(0.19, TODAY, None), Policy(recall_level=0.1)).triggers) == 1


def test_unverified_rule_is_named_as_held_back_until_it_is_switched_on() -> None:
    high = timeline(table("months_ago 12 6 1\nsbp 150 155 158"))
    assert _decide(high) == ({}, (("vascular/sbp>=140", "off_unverified"),))
    assert "vascular/sbp>=140" in _decide(high, enabled_rules=frozenset({"BP-2"}))[0]


def test_no_recall_rests_on_results_older_than_three_years() -> None:
    old = "months_ago 54 48 42 37\nplatelets 120 118 115 110\nalt 40 42 41 40\nast 60 62 61 64"
    assert _decide(timeline((*table(old), *history_of("fatty_liver")))) == (
        {},
        (("liver/fib4>2.67", "evidence_too_old"),),
    )


@pytest.mark.parametrize(("months", "held_back"), [(2, True), (14, False)])
def test_examination_of_the_last_year_answers(months: float, held_back: bool) -> None:
    done = fact(700, "liver_stiffness", ago(months), 6.0)
    triggers, quiet = _decide(timeline((*FATTY.facts, done)))
    assert (("liver/fib4>2.67", "answered") in quiet) is held_back
    assert ("liver/fib4>2.67" in triggers) is not held_back


def test_unusable_result_answers_nothing() -> None:
    refused = fact(700, "liver_stiffness", ago(2), None, quality="bad_unit")
    assert "liver/fib4>2.67" in _decide(timeline((*FATTY.facts, refused)))[0]


def test_signal_that_crosses_is_no_answer_to_itself() -> None:
    known = timeline((*table("months_ago 12 6 1\nldl_c 3.1 3.0 3.2"), *history_of("ascvd")))
    trigger = _decide(known)[0]["vascular/ldl_c>=1.4"]
    assert trigger.closes_with == ("ldl_c",)
    assert facts_cited(trigger.evidence) == (3,)


def test_nothing_is_raised_for_the_dead() -> None:
    death: Fact = fact(950, "death", ago(0.5), kind="death", signal=None, quality="no_signal")
    assert _decide(timeline((*FATTY.facts, death))) == ({}, ())


@pytest.mark.parametrize("evidence", [{}, {"inputs": 3}, {"inputs": ["x", {"fact_id": None}]}])
def test_evidence_without_facts_cites_none(evidence: dict) -> None:
    assert facts_cited(evidence) == ()


def test_crossing_without_evidence_is_held_back() -> None:
    chance = Probability(months=12, p=0.9, low=0.9, high=0.9)
    bare = _with_crossing(FATTY, evidence_at=None, probabilities=(chance,))
    assert ("liver/fib4>2.67", "evidence_too_old") in decide(bare, Policy()).quiet


def test_trigger_without_a_trend_or_interval_is_still_one() -> None:
    taken = _foreseen(0.3, TODAY, None)
    crossing = taken.organs[0].crossings[0]
    bare = replace(crossing, trend=None, rule=replace(crossing.rule, interval_max_months=None))
    liver = replace(taken.organs[0], crossings=(bare,))
    trigger = decide(replace(taken, organs=(liver,)), Policy()).triggers[0]
    assert trigger.evidence["trend"] is None
    assert trigger.due_at == TODAY
    assert isinstance(trigger.raised_at, datetime)
