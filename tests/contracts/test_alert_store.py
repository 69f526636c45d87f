"""What every store of recalls and messages owes. The memory store and the PostgreSQL one pass this same file."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

import pytest
from sqlalchemy import insert

from alerts.channels.inbox import InboxChannel
from alerts.joining import withdrawn
from alerts.memory import MemoryStore
from alerts.message import Receipt, addressed, note
from alerts.ports import Inbox, Outbox, RecallStore
from alerts.recall import Reminder
from alerts.steps import approve, assign, close_by_person, close_by_result, remind, reopen, snooze, stop
from alerts.text import notice
from tests.unit.alerts.alert_cast import MILLER, NOON, TODAY, ZHAO, a_result, a_trigger, days, due_trigger
from twin.store import tables
from twin.store.alerts import PostgresAlerts

LEASE = timedelta(minutes=5)
SOON = NOON + timedelta(minutes=1)
LONG_AFTER = NOON + timedelta(minutes=6)  # a lease taken at noon is over
RECEIPT = Receipt(text="250 ok")
NOTE = {"patient": "P-17", "title": "CT: P-17", "body": "Please look.", "subject": "A CT to read", "path": "/reading"}


class Store(RecallStore, Outbox, Inbox, Protocol):
    """All three ports, because they share transactions."""


@pytest.fixture(params=["memory", "postgres"])
def store(request) -> Store:
    return MemoryStore() if request.param == "memory" else PostgresAlerts(request.getfixturevalue("engine"))


@pytest.fixture
def patient(store, request) -> Callable[[], str]:
    """How to get the id of a patient nobody has met yet."""

    def new() -> str:
        patient_id = str(uuid4())
        if isinstance(store, PostgresAlerts):
            with request.getfixturevalue("engine").begin() as connection:
                connection.execute(insert(tables.patient).values(id=patient_id, name="A Patient", sex="female"))
        return patient_id

    return new


@pytest.fixture
def recall(store, patient):
    return store.open_recall(due_trigger(patient_id=patient()), NOON)


def say(store, recall, *, channel="email", recipient=MILLER):
    """Put one reminder into the outbox; return the recall after it."""
    reminder = Reminder(kind="due", on=recall.due_from)
    message = addressed(recall, reminder, recipient, channel, patient="P-17", now=NOON)
    done = remind(recall, reminder, now=NOON, messages=1)
    assert store.apply(done, [message])
    return done.after


def uncertain_notice(message):
    return notice(message, "uncertain", NOON)


def take(store, now=NOON):
    (message,) = store.claim(now, LEASE, 10)
    return message


# --- recalls ---


def test_an_opened_recall_is_read_back_as_it_was_opened(store, patient):
    trigger = a_trigger(patient_id=patient())
    recall = store.open_recall(trigger, NOON)
    assert store.get(recall.id) == recall
    assert (recall.key, recall.evidence, recall.closes_with) == (trigger.key, trigger.evidence, trigger.closes_with)
    assert [event.action for event in store.events(recall.id)] == ["opened"]


def test_an_unknown_recall_is_none_and_has_no_events(store):
    assert store.get(str(uuid4())) is None
    assert store.events(str(uuid4())) == ()


def test_one_patient_and_key_has_one_live_recall(store, patient):
    trigger = a_trigger(patient_id=patient())
    assert store.open_recall(trigger, NOON) is not None
    assert store.open_recall(replace(trigger, rule_id="another"), NOON) is None
    assert store.open_recall(replace(trigger, key="liver/meld"), NOON) is not None
    assert store.open_recall(replace(trigger, patient_id=patient()), NOON) is not None
    assert {recall.key for recall in store.live(trigger.patient_id)} == {trigger.key, "liver/meld"}


def test_of_many_at_once_one_opens_the_recall(store, patient):
    trigger = a_trigger(patient_id=patient())
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: store.open_recall(trigger, NOON), range(16)))
    assert len([recall for recall in opened if recall]) == 1


def test_live_recalls_come_earliest_due_first(store, patient):
    who = patient()
    for key, due in (("b", 40), ("a", 90), ("c", 35)):
        store.open_recall(due_trigger(patient_id=who, key=key, due_at=days(due), overdue_at=days(99)), NOON)
    assert [recall.key for recall in store.live(who)] == ["c", "b", "a"]


def test_a_closed_recall_is_no_longer_live_and_another_may_open(store, recall):
    closed = close_by_person(recall, "declined", by="miller", now=NOON, note="knows the risk")
    assert store.apply(closed)
    assert not store.live(recall.patient_id)
    assert store.get(recall.id) == closed.after
    assert store.open_recall(due_trigger(patient_id=recall.patient_id), SOON) is not None


def test_a_step_is_written_with_its_event(store, recall):
    assert store.apply(assign(recall, "zhao", by="miller", now=SOON))
    assert store.get(recall.id) == replace(recall, owner="zhao", version=2)
    last = store.events(recall.id)[-1]
    assert (last.action, last.by, last.at, dict(last.detail)) == (
        "assigned",
        "miller",
        SOON,
        {"from": None, "to": "zhao"},
    )


def test_every_field_a_step_can_change_is_read_back(store, recall):
    asleep = snooze(recall, by="zhao", now=NOON, until_new_data=True)
    assert store.apply(asleep)
    approved = approve(asleep.after, by="miller", now=SOON)
    assert store.apply(approved)
    closed = close_by_result(approved.after, a_result(patient_id=recall.patient_id), now=SOON)
    assert store.apply(closed)
    assert store.get(recall.id) == closed.after


def test_who_acts_on_an_old_version_changes_nothing(store, recall):
    assert store.apply(assign(recall, "zhao", by="zhao", now=NOON))
    assert not store.apply(assign(recall, "miller", by="miller", now=NOON))
    assert store.get(recall.id).owner == "zhao"
    assert [event.action for event in store.events(recall.id)] == ["opened", "assigned"]


def test_of_many_closing_at_once_one_wins(store, recall):
    with ThreadPoolExecutor(8) as pool:
        won = list(
            pool.map(lambda n: store.apply(close_by_person(recall, "declined", by=f"u{n}", now=NOON)), range(16))
        )
    assert won.count(True) == 1
    assert len(store.events(recall.id)) == 2


def test_a_step_that_lost_puts_no_message_into_the_outbox(store, recall):
    assert store.apply(assign(recall, "zhao", by="zhao", now=NOON))
    reminder = Reminder(kind="due", on=recall.due_from)
    message = addressed(recall, reminder, MILLER, "email", patient="P-17", now=NOON)
    assert not store.apply(remind(recall, reminder, now=NOON, messages=1), [message])
    assert not store.claim(SOON, LEASE, 10)


def test_a_recall_is_not_reopened_beside_a_live_one(store, recall):
    closed = close_by_person(recall, "declined", by="miller", now=NOON)
    assert store.apply(closed)
    assert store.open_recall(due_trigger(patient_id=recall.patient_id), SOON)
    assert not store.apply(reopen(closed.after, "undo", by="miller", now=SOON))
    assert store.get(recall.id) == closed.after


def test_a_recall_is_reopened_where_none_is_live(store, recall):
    closed = close_by_person(recall, "declined", by="miller", now=NOON)
    undone = reopen(closed.after, "undo", by="miller", now=SOON)
    assert store.apply(closed)
    assert store.apply(undone)
    assert store.live(recall.patient_id)[0] == undone.after


def test_latest_gives_the_live_recall_else_the_last_one_opened(store, patient):
    one, two, three = patient(), patient(), patient()
    first = store.open_recall(due_trigger(patient_id=one), NOON)
    ended = stop(first, "died", by="twin", now=NOON)
    assert store.apply(ended)
    second = store.open_recall(due_trigger(patient_id=one), SOON)
    ended_again = close_by_person(second, "declined", by="miller", now=SOON)
    assert store.apply(ended_again)
    live = store.open_recall(due_trigger(patient_id=two), NOON)
    assert store.latest([one, two, three]) == {(one, first.key): ended_again.after, (two, live.key): live}
    assert store.apply(reopen(ended.after, "undo", by="miller", now=SOON))
    assert store.latest([one])[(one, first.key)].id == first.id
    assert store.latest([]) == {}


def test_a_recall_withdrawn_with_a_merge_is_not_the_latest(store, patient):
    whose = patient()
    first = close_by_person(store.open_recall(due_trigger(patient_id=whose), NOON), "declined", by="miller", now=NOON)
    assert store.apply(first)
    second = store.open_recall(due_trigger(patient_id=whose), SOON)
    assert store.apply(withdrawn(second, now=SOON))
    assert store.latest([whose]) == {(whose, first.after.key): first.after}


def test_due_for_reminder_finds_what_the_pure_decision_finds(store, patient):
    def open_one(key, **changes):
        return store.open_recall(due_trigger(patient_id=who, key=key, **changes), NOON)

    who = patient()
    plain, tomorrow, told, asleep, over = (open_one(key) for key in ("plain", "tomorrow", "told", "asleep", "over"))
    overdue_once = open_one("late", due_from=days(-90), due_at=days(-60), overdue_at=days(-30))
    woken = open_one("woken", due_from=days(-1))
    assert store.apply(remind(told, Reminder(kind="due", on=told.due_from), now=NOON, messages=0))
    assert store.apply(snooze(asleep, by="zhao", now=NOON, until=days(1)))
    assert store.apply(close_by_person(over, "declined", by="zhao", now=NOON))
    yesterday = NOON - timedelta(days=2)
    assert store.apply(snooze(woken, by="zhao", now=yesterday, until=TODAY))
    keys = [found.key for found in store.due_for_reminder(TODAY, 10)]
    assert set(keys) == {"plain", "tomorrow", "late", "woken"}
    assert keys[:2] == ["late", "woken"]
    late = store.get(overdue_once.id)
    assert store.apply(remind(late, Reminder(kind="overdue", on=late.overdue_at), now=NOON, messages=0))
    assert plain.due_from == tomorrow.due_from
    assert "late" not in [found.key for found in store.due_for_reminder(TODAY, 10)]
    assert "told" in [found.key for found in store.due_for_reminder(days(61), 10)]


def test_due_recalls_come_page_by_page(store, patient):
    for number in range(5):
        store.open_recall(due_trigger(patient_id=patient(), due_from=days(-number % 3)), NOON)
    seen, after = [], None
    while page := store.due_for_reminder(days(3), 2, after=after):
        seen += [(recall.due_from, recall.id) for recall in page]
        after = page[-1]
    assert len(seen) == 5
    assert seen == sorted(set(seen))


# --- outbox ---


def test_a_message_is_claimed_as_it_was_put_in(store, recall):
    reminder = Reminder(kind="due", on=recall.due_from)
    message = addressed(recall, reminder, ZHAO, "email", patient="P-17", now=NOON)
    assert store.apply(remind(recall, reminder, now=NOON, messages=1), [message])
    assert list(store.claim(NOON, LEASE, 10)) == [replace(message, attempt=1)]


def test_a_note_is_claimed_as_it_was_put_in_and_only_once(store, patient):
    about = note("study/7", ZHAO, "email", patient_id=patient(), content=NOTE, now=NOON)
    store.put([about])
    store.put([about])
    assert list(store.claim(NOON, LEASE, 10)) == [replace(about, attempt=1)]


def test_a_note_reaches_the_inbox_without_a_recall(store, patient):
    store.put([note("study/7", ZHAO, "inbox", patient_id=patient(), content=NOTE, now=NOON)])
    (message,) = store.claim(NOON, LEASE, 10)
    assert store.sent(message, InboxChannel().send(message, now=SOON, hand_over=lambda: None), SOON)
    (letter,) = store.inbox([ZHAO.id], 10)
    assert (letter.kind, letter.title, letter.recall_id) == ("note", NOTE["title"], None)


def test_a_claimed_message_is_not_claimed_again_before_its_lease_is_over(store, recall):
    say(store, recall)
    assert take(store).attempt == 1
    assert not store.claim(SOON, LEASE, 10)
    assert take(store, LONG_AFTER).attempt == 2


def test_no_two_workers_claim_the_same_message(store, patient):
    for _ in range(20):
        say(store, store.open_recall(due_trigger(patient_id=patient()), NOON))
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: store.claim(NOON, LEASE, 4), range(16)))
    taken = [message.id for claim in claims for message in claim]
    assert len(taken) == len(set(taken)) == 20


def test_the_same_message_put_in_twice_is_there_once(store, recall):
    reminder = Reminder(kind="due", on=recall.due_from)
    message = addressed(recall, reminder, MILLER, "email", patient="P-17", now=NOON)
    assert store.apply(remind(recall, reminder, now=NOON, messages=1), [message, message])
    assert len(store.claim(NOON, LEASE, 10)) == 1


def test_a_sent_message_is_gone(store, recall):
    say(store, recall)
    message = take(store)
    assert store.hand_over(message, NOON, LEASE)
    assert store.sent(message, RECEIPT, SOON)
    assert not store.claim(LONG_AFTER, LEASE, 10)
    assert not store.uncertain(LONG_AFTER, 10, uncertain_notice)


def test_a_message_handed_over_is_never_claimed_again(store, recall):
    say(store, recall)
    assert store.hand_over(take(store), NOON, LEASE)
    assert not store.claim(LONG_AFTER, LEASE, 10)


def test_a_message_is_handed_over_once(store, recall):
    say(store, recall)
    message = take(store)
    assert store.hand_over(message, NOON, LEASE)
    assert not store.hand_over(message, NOON, LEASE)


def test_who_lost_the_lease_can_do_nothing_with_the_message(store, recall):
    say(store, recall)
    slow = take(store)
    quick = take(store, LONG_AFTER)
    assert not store.hand_over(slow, LONG_AFTER, LEASE)
    assert not store.sent(slow, RECEIPT, LONG_AFTER)
    assert not store.failed(slow, "late", None, LONG_AFTER, notice(slow, "failed", NOON))
    assert not store.set_aside(slow, "closed", LONG_AFTER)
    assert not store.inbox([MILLER.id], 10)
    assert store.hand_over(quick, LONG_AFTER, LEASE)


def test_a_message_that_failed_waits_for_its_time(store, recall):
    say(store, recall)
    assert store.failed(take(store), "RCPT refused with 450", LONG_AFTER, NOON)
    assert not store.claim(SOON, LEASE, 10)
    assert take(store, LONG_AFTER).attempt == 2


def test_a_message_refused_after_the_hand_over_waits_too(store, recall):
    say(store, recall)
    message = take(store)
    assert store.hand_over(message, NOON, LEASE)
    assert store.failed(message, "DATA refused with 451", LONG_AFTER, NOON)
    assert take(store, LONG_AFTER).attempt == 2


def test_a_message_that_failed_for_good_is_raised_to_a_person(store, recall):
    say(store, recall)
    message = take(store)
    assert store.failed(message, "RCPT refused with 550", None, NOON, notice(message, "failed", NOON))
    assert not store.claim(LONG_AFTER, LEASE, 10)
    assert [letter.kind for letter in store.inbox([MILLER.id], 10)] == ["failed"]


def test_a_message_set_aside_never_leaves(store, recall):
    say(store, recall)
    message = take(store)
    assert store.set_aside(message, "closed", NOON)
    assert not store.claim(LONG_AFTER, LEASE, 10)
    assert not store.hand_over(message, NOON, LEASE)


ENDINGS = {
    "closed by a result": lambda recall: close_by_result(recall, a_result(patient_id=recall.patient_id), now=NOON),
    "closed by a person": lambda recall: close_by_person(recall, "declined", by="miller", now=NOON),
    "stopped": lambda recall: stop(recall, "died", by="twin", now=NOON),
    "snoozed": lambda recall: snooze(recall, by="zhao", now=NOON, until=days(9)),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_a_waiting_message_does_not_outlive_its_recall(store, recall, end):
    told = say(store, recall)
    assert store.apply(end(told))
    assert not store.claim(LONG_AFTER, LEASE, 10)


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_a_claimed_message_does_not_outlive_its_recall(store, recall, end):
    told = say(store, recall)
    message = take(store)
    assert store.apply(end(told))
    assert not store.hand_over(message, NOON, LEASE)
    assert not store.sent(message, RECEIPT, NOON)


def test_ending_one_recall_leaves_the_messages_of_another(store, recall, patient):
    told = say(store, recall)
    other = say(store, store.open_recall(due_trigger(patient_id=patient()), NOON))
    assert store.apply(stop(told, "died", by="twin", now=NOON))
    assert take(store).recall_id == other.id


def test_stop_for_says_how_many_it_stopped(store, recall):
    say(store, recall)
    assert (store.stop_for(recall.id, NOON), store.stop_for(recall.id, NOON)) == (1, 0)


def test_a_message_whose_outcome_stays_unknown_is_raised_to_a_person_once(store, recall):
    say(store, recall)
    message = take(store)
    assert store.hand_over(message, NOON, LEASE)
    assert not store.uncertain(SOON, 10, uncertain_notice)
    assert [m.id for m in store.uncertain(LONG_AFTER, 10, uncertain_notice)] == [message.id]
    assert not store.uncertain(LONG_AFTER, 10, uncertain_notice)
    assert [letter.kind for letter in store.inbox([MILLER.id], 10)] == ["uncertain"]
    assert not store.claim(LONG_AFTER, LEASE, 10)


def test_a_late_answer_settles_an_uncertain_message(store, recall):
    say(store, recall)
    message = take(store)
    assert store.hand_over(message, NOON, LEASE)
    assert store.uncertain(LONG_AFTER, 10, uncertain_notice)
    assert store.sent(message, RECEIPT, LONG_AFTER)
    assert not store.sent(message, RECEIPT, LONG_AFTER)


# --- inbox ---


def in_inbox(store, recall, recipient=MILLER):
    say(store, recall, channel="inbox", recipient=recipient)
    message = take(store)
    receipt = InboxChannel().send(message, now=SOON, hand_over=lambda: None)
    assert store.sent(message, receipt, SOON)
    return message, receipt


def test_an_inbox_message_appears_with_the_mark_that_it_was_sent(store, recall):
    message, receipt = in_inbox(store, recall)
    assert list(store.inbox([MILLER.id], 10)) == [receipt.inbox]
    assert not store.sent(message, receipt, SOON)
    assert len(store.inbox([MILLER.id], 10)) == 1


def test_an_inbox_shows_its_owner_s_messages_newest_first(store, recall, patient):
    first, _ = in_inbox(store, recall)
    say(store, store.open_recall(due_trigger(patient_id=patient()), NOON))
    second = take(store)
    assert store.failed(second, "no", None, LONG_AFTER, notice(second, "failed", LONG_AFTER))
    in_inbox(store, store.open_recall(due_trigger(patient_id=patient()), NOON), recipient=ZHAO)
    assert [letter.id for letter in store.inbox([MILLER.id], 10)] == [second.id, first.id]
    assert [letter.id for letter in store.inbox([MILLER.id], 1)] == [second.id]
    assert len(store.inbox([MILLER.id, ZHAO.id], 10)) == 3
    assert not store.inbox([], 10)


def test_a_message_is_read_once(store, recall):
    message, _ = in_inbox(store, recall)
    assert store.read(message.id, LONG_AFTER)
    assert not store.read(message.id, LONG_AFTER)
    assert not store.read(str(uuid4()), LONG_AFTER)
    assert store.inbox([MILLER.id], 10)[0].read_at == LONG_AFTER
