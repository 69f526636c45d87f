from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.errors import BadTransition
from alerts.recall import Closing, Reminder, closes, opened, reminder_due, reopens, standing, step
from alerts.steps import close_by_result, remind
from tests.unit.alerts.alert_cast import NOON, PATIENT, a_recall, a_result, a_trigger, days


def test_a_recall_takes_over_what_its_trigger_says():
    trigger = a_trigger()
    recall, event = opened(trigger, "r7", NOON, "twin")
    shared = set(vars(trigger)) - {"raised_at"}
    assert {name: getattr(recall, name) for name in shared} == {name: getattr(trigger, name) for name in shared}
    assert (recall.id, recall.state, recall.version, recall.opened_at) == ("r7", "open", 1, NOON)
    assert (event.action, event.recall_id, event.by, event.at) == ("opened", "r7", "twin", NOON)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(59, "upcoming"), (60, "due"), (90, "due"), (120, "due"), (121, "overdue")],
)
def test_standing_follows_from_the_dates(day, expected):
    assert standing(a_recall(), days(day)) == expected


def test_a_snoozed_recall_is_awake_on_the_day_its_snooze_names():
    asleep = a_recall(snoozed_until=days(70))
    assert [standing(asleep, days(day)) for day in (60, 69, 70)] == ["snoozed", "snoozed", "due"]


@pytest.mark.parametrize("state", ["closed", "stopped"])
def test_an_ended_recall_stands_where_it_ended_whatever_the_date(state):
    assert {standing(a_recall(state=state), days(day)) for day in (0, 60, 500)} == {state}


def test_reminders_come_once_when_due_and_once_when_overdue():
    # d: reminded as due, o: as overdue, one sign for each of the ten-day steps from today
    timeline = "......d.....O...".lower()
    recall, seen = replace(a_recall(), overdue_at=days(120)), ""
    for ten in range(len(timeline)):
        reminder = reminder_due(recall, days(10 * ten))
        seen += reminder.kind[0] if isinstance(reminder, Reminder) else "."
        if isinstance(reminder, Reminder):
            recall = remind(recall, reminder, now=NOON, messages=1).after
    assert seen == timeline


def test_a_recall_found_late_is_reminded_of_as_overdue_only():
    recall = a_recall()
    assert reminder_due(recall, days(200)) == Reminder(kind="overdue", on=days(121))
    told = remind(recall, Reminder(kind="overdue", on=days(121)), now=NOON, messages=1).after
    assert reminder_due(told, days(200)) == "already_reminded"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"due_from": days(1)}, "not_due_yet"),
        ({"due_from": days(0), "reminded_due_for": days(0)}, "already_reminded"),
        ({"due_from": days(-9), "reminded_due_for": days(0)}, "already_reminded"),
        ({"due_from": days(0), "snoozed_until": days(1)}, "snoozed"),
        ({"due_from": days(0), "state": "closed"}, "closed"),
        ({"due_from": days(0), "state": "stopped"}, "stopped"),
    ],
)
def test_a_reminder_that_does_not_go_out_has_a_named_reason(changes, why):
    assert reminder_due(a_recall(**changes), days(0)) == why


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "alt"},
        {"patient_id": "somebody else"},
        {"observed_at": NOON},
        {"observed_at": NOON - timedelta(days=1)},
        {"is_final": False},
        {"is_usable": False},
    ],
)
def test_a_result_that_does_not_match_closes_nothing(changes):
    assert closes(a_recall(), [a_result(**changes)]) is None


def test_the_earliest_matching_result_closes_a_recall():
    later = a_result(ref="fact-1", observed_at=NOON + timedelta(days=5))
    assert closes(a_recall(), [later, a_result()]) == a_result()
    assert a_result().patient_id == PATIENT


def test_no_result_closes_a_recall_that_has_ended():
    assert closes(a_recall(state="closed"), [a_result()]) is None


def test_a_result_that_turns_out_inadequate_reopens_the_recall_it_closed():
    closed = close_by_result(a_recall(), a_result(), now=NOON).after
    inadequate = a_result(is_usable=False)
    assert reopens(closed, [a_result(ref="another", is_usable=False), inadequate]) == inadequate
    assert reopens(closed, [a_result()]) is None
    assert reopens(closed, []) is None


def test_a_recall_that_no_result_closed_is_reopened_by_none():
    by_person = Closing(action="closed_by_person", reason="declined", by="miller")
    assert reopens(a_recall(), [a_result(is_final=False)]) is None
    assert reopens(a_recall(state="closed"), [a_result(is_final=False)]) is None
    assert reopens(a_recall(state="closed", closing=by_person), [a_result(is_final=False)]) is None


def test_each_step_makes_the_next_version_and_leaves_the_old_recall_as_it_was():
    before = a_recall()
    done = step(before, "assigned", now=NOON, by="zhao", owner="zhao")
    assert (done.before, done.after) == (before, replace(before, version=2, owner="zhao"))
    assert before.owner is None


def test_a_step_the_table_does_not_have_is_refused():
    with pytest.raises(BadTransition):
        step(a_recall(state="closed"), "snoozed", now=NOON, by="zhao")
