from dataclasses import replace

import pytest

from alerts import mute
from alerts.policy import Policy
from alerts.recall import Reminder
from tests.unit.alerts.alert_cast import MILLER, NO_MAIL, TODAY, ZHAO, a_recall, days

DUE = Reminder(kind="due", on=TODAY)
OVERDUE = Reminder(kind="overdue", on=TODAY)
STAFF = (ZHAO, MILLER, NO_MAIL)


def due_recall(**changes):
    return a_recall(due_from=TODAY, **changes)


def test_a_due_recall_is_reminded_of():
    assert mute.of_recall(due_recall(), TODAY, Policy()) == DUE


def test_a_recall_that_is_not_due_keeps_its_own_reason():
    assert mute.of_recall(a_recall(), TODAY, Policy()) == "not_due_yet"


def test_where_approval_is_needed_a_reminder_waits_for_it():
    policy = Policy(needs_approval=True)
    assert mute.of_recall(due_recall(), TODAY, policy) == "not_approved"
    assert mute.of_recall(due_recall(approved_at=a_recall().opened_at), TODAY, policy) == DUE


def test_nothing_immediate_waits_for_approval():
    assert mute.of_recall(due_recall(priority="immediate"), TODAY, Policy(needs_approval=True)) == DUE


def test_a_recipient_without_an_address_or_an_open_channel_is_named_as_such():
    assert mute.of_recipient(MILLER, "email", {"inbox", "email"}) is None
    assert mute.of_recipient(NO_MAIL, "email", {"inbox", "email"}) == "no_address"
    assert mute.of_recipient(MILLER, "email", {"inbox"}) == "no_channel"
    assert mute.of_recipient(replace(MILLER, addresses={"email": ""}), "email", {"email"}) == "no_address"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "closed"}, "closed"),
        ({"state": "stopped"}, "stopped"),
        ({"snoozed_until": days(1)}, "snoozed"),
        ({}, None),
    ],
)
def test_a_waiting_message_is_asked_about_again_before_it_leaves(changes, why):
    assert mute.of_leaving(due_recall(**changes), TODAY) == why


def test_a_message_about_no_recall_does_not_leave():
    assert mute.of_leaving(None, TODAY) == "no_recall"


def test_a_due_reminder_goes_to_the_owner_alone():
    assert mute.audience(due_recall(owner="miller"), DUE, STAFF) == (MILLER,)


def test_a_recall_nobody_owns_is_told_to_the_coordinators():
    assert mute.audience(due_recall(), DUE, STAFF) == (ZHAO, NO_MAIL)
    assert mute.audience(due_recall(owner="left the clinic"), DUE, STAFF) == (ZHAO, NO_MAIL)


def test_an_overdue_recall_is_told_to_the_owner_and_the_coordinators_once_each():
    assert mute.audience(due_recall(owner="miller"), OVERDUE, STAFF) == (MILLER, ZHAO, NO_MAIL)
    assert mute.audience(due_recall(owner="zhao"), OVERDUE, STAFF) == (ZHAO, NO_MAIL)
