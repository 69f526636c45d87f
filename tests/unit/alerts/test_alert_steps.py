import pytest

from alerts.errors import BadDecision
from alerts.recall import Reminder
from alerts.steps import (
    CLOSING_REASONS,
    STOP_REASONS,
    approve,
    assign,
    close_by_person,
    close_by_result,
    remind,
    reopen,
    snooze,
    stop,
    unsnooze,
)
from tests.unit.alerts.alert_cast import NOON, TODAY, a_recall, a_result, days

TOLD = {"reminded_due_for": days(-60), "reminded_overdue_for": days(-1)}


def test_approval_says_who_and_when():
    after = approve(a_recall(), by="miller", now=NOON).after
    assert (after.approved_by, after.approved_at) == ("miller", NOON)


def test_an_assignment_tells_from_whom_to_whom():
    done = assign(a_recall(owner="zhao"), "miller", by="zhao", now=NOON)
    assert done.after.owner == "miller"
    assert done.event.detail == {"from": "zhao", "to": "miller"}


def test_a_snooze_starts_the_reminders_anew():
    after = snooze(a_recall(**TOLD), by="zhao", now=NOON, until=days(14), note="on holiday").after
    assert (after.snoozed_until, after.snoozed_until_new_data) == (days(14), False)
    assert (after.reminded_due_for, after.reminded_overdue_for) == (None, None)


def test_a_snooze_until_new_data_ends_at_the_latest_after_half_a_year():
    after = snooze(a_recall(), by="zhao", now=NOON, until_new_data=True).after
    assert (after.snoozed_until, after.snoozed_until_new_data) == (days(180), True)


@pytest.mark.parametrize("until", [None, days(-1), TODAY, days(181)])
def test_a_snooze_without_an_end_in_sight_is_refused(until):
    with pytest.raises(BadDecision, match="a snooze"):
        snooze(a_recall(), by="zhao", now=NOON, until=until)


def test_a_person_wakes_a_recall():
    asleep = snooze(a_recall(), by="zhao", now=NOON, until_new_data=True).after
    after = unsnooze(asleep, by="zhao", now=NOON).after
    assert (after.snoozed_until, after.snoozed_until_new_data) == (None, False)


def test_each_kind_of_reminder_notes_its_own_date():
    due = remind(a_recall(), Reminder(kind="due", on=days(60)), now=NOON, messages=2)
    assert (due.after.reminded_due_for, due.after.reminded_overdue_for) == (days(60), None)
    overdue = remind(due.after, Reminder(kind="overdue", on=days(121)), now=NOON, messages=2)
    assert (overdue.after.reminded_due_for, overdue.after.reminded_overdue_for) == (days(60), days(121))
    assert overdue.event.detail == {"kind": "overdue", "on": str(days(121)), "messages": 2}


def test_a_closing_by_result_names_the_result():
    done = close_by_result(a_recall(), a_result(), now=NOON)
    assert (done.after.state, done.after.closed_at) == ("closed", NOON)
    assert (done.after.closing.result, done.after.closing.reason) == ("fact-9", "liver_stiffness")


@pytest.mark.parametrize("reason", sorted(CLOSING_REASONS))
def test_a_person_closes_for_any_coded_reason(reason):
    closing = close_by_person(a_recall(), reason, by="miller", now=NOON, note="a word").after.closing
    assert (closing.action, closing.reason, closing.by, closing.note) == (
        "closed_by_person",
        reason,
        "miller",
        "a word",
    )


@pytest.mark.parametrize(("reason", "note"), [("because", "a word"), ("", ""), ("other", ""), ("other", "  ")])
def test_a_person_does_not_close_without_a_reason(reason, note):
    with pytest.raises(BadDecision):
        close_by_person(a_recall(), reason, by="miller", now=NOON, note=note)


@pytest.mark.parametrize("reason", sorted(STOP_REASONS))
def test_a_stop_names_its_reason(reason):
    after = stop(a_recall(), reason, by="twin", now=NOON).after
    assert (after.state, after.closing.reason, after.closed_at) == ("stopped", reason, NOON)


def test_a_stop_for_an_unknown_reason_is_refused():
    with pytest.raises(BadDecision):
        stop(a_recall(), "tired", by="twin", now=NOON)


def test_an_undo_restores_the_recall_and_reminds_again():
    closed = close_by_person(a_recall(**TOLD), "declined", by="miller", now=NOON).after
    after = reopen(closed, "undo", by="miller", now=NOON).after
    assert (after.state, after.closing, after.closed_at) == ("open", None, None)
    assert (after.due_from, after.due_at, after.overdue_at) == (days(60), days(90), days(121))
    assert (after.reminded_due_for, after.reminded_overdue_for) == (None, None)


@pytest.mark.parametrize(("due_at", "expected"), [(days(90), (days(90), days(121))), (days(-40), (TODAY, days(10)))])
def test_an_inadequate_result_makes_the_examination_due_today_with_the_grace_it_had(due_at, expected):
    overdue_at = days(121) if due_at == days(90) else days(-30)
    closed = close_by_result(a_recall(due_from=days(-50), due_at=due_at, overdue_at=overdue_at), a_result(), now=NOON)
    after = reopen(closed.after, "inadequate_result", by="twin", now=NOON).after
    assert after.due_from == TODAY
    assert (after.due_at, after.overdue_at) == expected
