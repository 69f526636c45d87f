from datetime import timedelta

import pytest

from alerts.judge import judge
from alerts.policy import Policy
from alerts.steps import close_by_person, close_by_result, snooze, stop
from tests.unit.alerts.alert_cast import NOON, a_recall, a_result, a_trigger, days

NEW = {"facts": ["f1", "f2", "f3"], "fib4": 2.5}
LATER = NOON + timedelta(days=70)  # the recall is due by then


def said(decision):
    return decision.verb, decision.reason


def test_nothing_open_and_nothing_raised_is_kept_so():
    assert said(judge(None, None, NOON)) == ("keep", "nothing_open")


def test_a_first_trigger_opens():
    assert said(judge(None, a_trigger(), NOON)) == ("open", "new")


def test_the_same_judgement_again_changes_nothing_even_if_its_dates_slide():
    slid = a_trigger(probability=0.33, raised_at=LATER, due_from=days(64), due_at=days(95), overdue_at=days(126))
    assert said(judge(a_recall(), slid, NOON)) == ("keep", "unchanged")
    earlier_within_jitter = a_trigger(due_at=days(83))
    assert said(judge(a_recall(), earlier_within_jitter, NOON)) == ("keep", "unchanged")


def test_new_data_move_the_dates_of_a_recall_that_is_not_due_yet_either_way():
    later = a_trigger(evidence=NEW, probability=0.22, due_from=days(90), due_at=days(120), overdue_at=days(151))
    decision = judge(a_recall(), later, NOON)
    assert said(decision) == ("update", "new_data")
    after = decision.step.after
    assert (after.due_from, after.due_at, after.overdue_at) == (days(90), days(120), days(151))
    assert (after.evidence, after.probability, after.version) == (NEW, 0.22, 2)
    assert decision.step.event.detail["moved"] == {
        "due_from": str(days(90)), "due_at": str(days(120)), "overdue_at": str(days(151)),
    }  # fmt: skip


def test_a_recall_that_has_come_due_is_never_moved_later():
    later = a_trigger(evidence=NEW, due_from=days(160), due_at=days(190), overdue_at=days(221))
    after = judge(a_recall(), later, LATER).step.after
    assert (after.due_from, after.due_at, after.overdue_at) == (days(60), days(90), days(121))


def test_a_recall_that_has_come_due_may_be_moved_earlier_but_not_to_overdue_at_once():
    sooner = a_trigger(evidence=NEW, due_from=days(50), due_at=days(55), overdue_at=days(60), priority="urgent")
    after = judge(a_recall(), sooner, LATER).step.after
    assert (after.due_from, after.due_at, after.overdue_at) == (days(50), days(55), days(71))


def test_a_more_urgent_judgement_updates_without_new_data():
    assert said(judge(a_recall(), a_trigger(priority="soon"), NOON)) == ("update", "more_pressing")


def test_the_same_urgency_more_than_a_week_sooner_updates_without_new_data():
    assert said(judge(a_recall(), a_trigger(due_from=days(20), due_at=days(82)), NOON)) == ("update", "more_pressing")


def test_a_new_edition_or_model_updates():
    for change in ({"edition": "2026"}, {"model_version": "state-2"}):
        assert said(judge(a_recall(), a_trigger(**change), NOON)) == ("update", "rule_or_model_changed")


def test_a_second_rule_on_the_same_matter_takes_over_only_when_more_pressing():
    other = {"rule_id": "liver.other", "evidence": NEW}
    assert said(judge(a_recall(), a_trigger(**other), NOON)) == ("keep", "already_open")
    less_urgent_but_sooner = a_trigger(**other, due_from=days(5), due_at=days(10))
    assert said(judge(a_recall(priority="soon"), less_urgent_but_sooner, NOON)) == ("keep", "already_open")
    decision = judge(a_recall(), a_trigger(**other, priority="urgent"), NOON)
    assert said(decision) == ("update", "more_pressing")
    assert decision.step.after.rule_id == "liver.other"


def test_two_rules_on_the_same_matter_do_not_take_turns():
    urgent, sooner = a_trigger(priority="urgent"), a_trigger(rule_id="liver.other", due_from=days(5), due_at=days(10))
    recall = a_recall()
    verbs = []
    for trigger in (urgent, sooner, urgent, sooner):
        decision = judge(recall, trigger, NOON)
        verbs.append(decision.verb)
        recall = decision.step.after if decision.step else recall
    assert verbs == ["update", "keep", "keep", "keep"]


def test_a_snooze_until_a_date_is_kept_through_new_data():
    asleep = snooze(a_recall(), by="miller", now=NOON, until=days(80)).after
    assert said(judge(asleep, a_trigger(), NOON)) == ("keep", "snoozed")
    decision = judge(asleep, a_trigger(evidence=NEW), NOON)
    assert said(decision) == ("update", "new_data")
    assert decision.step.after.snoozed_until == days(80)


def test_a_snooze_until_new_data_ends_with_new_data():
    asleep = snooze(a_recall(), by="miller", now=NOON, until_new_data=True).after
    woken = judge(asleep, a_trigger(evidence=NEW), NOON).step
    assert (woken.after.snoozed_until, woken.after.snoozed_until_new_data) == (None, False)
    assert woken.event.detail["woken"] is True


def test_a_more_urgent_judgement_ends_any_snooze():
    asleep = snooze(a_recall(), by="miller", now=NOON, until=days(80)).after
    assert judge(asleep, a_trigger(priority="urgent"), NOON).step.after.snoozed_until is None


@pytest.mark.parametrize(("probability", "reason"), [(0.31, "forecast_fell"), (None, "rule_silent")])
def test_a_recall_outlives_the_judgement_that_raised_it(probability, reason):
    assert said(judge(a_recall(probability=probability), None, NOON)) == ("keep", reason)


def test_a_recall_opened_on_a_fact_since_corrected_is_withdrawn():
    decision = judge(a_recall(), None, NOON, corrected=True)
    assert said(decision) == ("withdraw", "evidence_corrected")
    after = decision.step.after
    assert (after.state, after.closing.action, after.closed_at) == ("stopped", "withdrawn", NOON)


def test_a_correction_after_which_the_rule_still_fires_updates():
    assert said(judge(a_recall(), a_trigger(evidence=NEW), NOON, corrected=True)) == ("update", "new_data")


def test_a_withdrawn_recall_makes_way_for_one_on_the_corrected_evidence():
    withdrawn = judge(a_recall(), None, NOON, corrected=True).step.after
    assert said(judge(withdrawn, a_trigger(), NOON)) == ("keep", "ended_on_this_evidence")
    assert said(judge(withdrawn, a_trigger(evidence=NEW), NOON)) == ("open", "new_data")


def test_a_stopped_recall_stays_stopped_until_a_person_reopens_it():
    stopped = stop(a_recall(), "pregnant", by="miller", now=NOON).after
    assert said(judge(stopped, a_trigger(evidence=NEW, priority="immediate"), LATER)) == ("keep", "stopped")
    assert said(judge(stopped, None, LATER)) == ("keep", "stopped")
    assert said(judge(a_recall(state="stopped"), a_trigger(evidence=NEW), LATER)) == ("keep", "stopped")


def test_a_closed_recall_is_not_reopened_by_what_was_known_when_it_was_closed():
    closed = close_by_person(a_recall(), "declined", by="miller", now=NOON).after
    much_later = NOON + timedelta(days=400)
    assert said(judge(closed, a_trigger(priority="urgent"), much_later)) == ("keep", "ended_on_this_evidence")
    assert said(judge(closed, None, much_later)) == ("keep", "closed")


def test_after_a_closing_new_data_open_a_new_recall_only_when_the_quiet_days_are_over():
    closed = close_by_result(a_recall(), a_result(), now=NOON).after
    policy = Policy(quiet_days=30)
    again = a_trigger(evidence=NEW)
    on_day = {day: said(judge(closed, again, NOON + timedelta(days=day), policy=policy)) for day in (29, 30)}
    assert on_day == {29: ("keep", "recently_closed"), 30: ("open", "new_data")}


def test_a_more_urgent_judgement_breaks_the_quiet_after_a_closing():
    closed = close_by_result(a_recall(), a_result(), now=NOON).after
    assert said(judge(closed, a_trigger(evidence=NEW, priority="urgent"), NOON)) == ("open", "new_data")


def test_a_closed_recall_without_a_date_counts_from_its_opening():
    closed = a_recall(state="closed")
    assert said(judge(closed, a_trigger(evidence=NEW), NOON + timedelta(days=89))) == ("keep", "recently_closed")
