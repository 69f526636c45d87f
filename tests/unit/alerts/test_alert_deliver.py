from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from alerts.channels.inbox import InboxChannel
from alerts.deliver import Delivered, DeliveryRule, deliver_once
from alerts.errors import ChannelError, OutcomeUnknown
from alerts.memory import MemoryStore, SetClock
from alerts.message import Receipt
from alerts.policy import Policy
from alerts.remind import remind_once
from alerts.steps import close_by_person
from tests.unit.alerts.alert_cast import NOON, ZHAO, due_trigger

RULE = DeliveryRule()


@dataclass
class Post:
    """A channel that does what a test tells it, before or after the hand-over, and keeps what it sent."""

    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    sent: list = field(default_factory=list)

    def send(self, message, *, now, hand_over):
        for act in self.before:
            act()
        hand_over()
        for act in self.after:
            act()
        self.sent.append(message.recall_id)
        return Receipt(text="250 ok")


def fail(error):
    def act():
        raise error

    return act


@pytest.fixture
def clock():
    return SetClock(NOON)


@pytest.fixture
def store(clock):
    store = MemoryStore()
    store.open_recall(due_trigger(), NOON)
    remind_once(store, [ZHAO], ["email"], clock, Policy(remind_by=("email",)))
    return store


def recall_of(store):
    (recall,) = store.live(due_trigger().patient_id)
    return recall


def deliver(store, post, clock, **rule):
    return deliver_once(store, store, {"email": post}, clock, DeliveryRule(**rule))


def test_a_message_is_sent_once(store, clock):
    post = Post()
    assert deliver(store, post, clock) == Delivered(sent=1)
    assert deliver(store, post, clock) == Delivered()
    assert len(post.sent) == 1


def test_a_message_of_a_closed_recall_is_set_aside(store, clock):
    recall = recall_of(store)
    message = store.claim(NOON, RULE.lease, 1)[0]
    assert store.hand_over(message, NOON, RULE.lease)
    assert store.failed(message, "DATA refused with 451", NOON, NOON)
    closed = close_by_person(recall, "declined", by="zhao", now=NOON).after
    store.recalls[recall.id] = closed  # closed without stopping the message, as if it had been put back a moment later
    post = Post()
    assert deliver(store, post, clock) == Delivered(stopped=1)
    assert post.sent == []


def test_a_recall_closed_while_its_mail_is_being_sent_gets_no_mail(store, clock):
    recall = recall_of(store)
    post = Post(before=[lambda: store.apply(close_by_person(recall, "declined", by="zhao", now=NOON))])
    assert deliver(store, post, clock) == Delivered(overtaken=1)
    assert post.sent == []


def test_a_failure_waits_longer_each_time(store, clock):
    post = Post(before=[fail(ChannelError("busy", permanent=False))])
    waits = []
    for _ in range(4):
        assert deliver(store, post, clock) == Delivered(retry=1)
        start = clock.time
        while deliver(store, Post(before=[fail(ChannelError("busy", permanent=False))]), clock) == Delivered():
            clock.time += timedelta(minutes=1)
        waits.append((clock.time - start).seconds // 60)
        clock.time += timedelta(hours=2)
    assert waits == sorted(waits)
    assert waits[0] == 1


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 1), (2, 2), (5, 16), (7, 60), (1000, 60)])
def test_the_wait_doubles_up_to_an_hour(attempt, minutes):
    assert RULE.wait(attempt) == timedelta(minutes=minutes)


def test_a_permanent_failure_is_raised_to_the_recipient_in_the_inbox(store, clock):
    post = Post(before=[fail(ChannelError("RCPT refused with 550", permanent=True))])
    assert deliver(store, post, clock) == Delivered(failed=1)
    assert [letter.kind for letter in store.inbox(["zhao"], 10)] == ["failed"]


def test_a_message_is_given_up_after_the_last_attempt(store, clock):
    post = Post(before=[fail(ChannelError("busy", permanent=False))])
    assert deliver(store, post, clock, attempts_max=2) == Delivered(retry=1)
    clock.time += timedelta(hours=1)
    assert deliver(store, post, clock, attempts_max=2) == Delivered(failed=1)


def test_a_message_that_brings_down_its_worker_each_time_is_given_up(store, clock):
    for _ in range(3):
        store.claim(clock.time, RULE.lease, 1)  # and the worker dies
        clock.time += RULE.lease
    post = Post()
    assert deliver(store, post, clock, attempts_max=3) == Delivered(failed=1)
    assert post.sent == []


def test_an_unknown_outcome_is_not_sent_again_and_is_raised_after_the_lease(store, clock):
    post = Post(after=[fail(OutcomeUnknown())])
    assert deliver(store, post, clock) == Delivered(unknown=1)
    clock.time += RULE.lease
    post = Post()
    assert deliver(store, post, clock) == Delivered(uncertain=1)
    assert post.sent == []
    assert [letter.kind for letter in store.inbox(["zhao"], 10)] == ["uncertain"]


def test_an_error_nobody_named_before_the_hand_over_is_tried_again(store, clock, caplog):
    assert deliver(store, Post(before=[fail(KeyError("P-17"))]), clock) == Delivered(retry=1)
    assert "email" in caplog.text


def test_an_error_nobody_named_after_the_hand_over_leaves_the_outcome_unknown(store, clock):
    assert deliver(store, Post(after=[fail(KeyError("x"))]), clock) == Delivered(unknown=1)


def test_a_channel_that_is_not_set_up_may_be_set_up_later(store, clock):
    assert deliver_once(store, store, {}, clock) == Delivered(retry=1)
    clock.time += timedelta(minutes=1)
    assert deliver(store, Post(), clock) == Delivered(sent=1)


def test_one_bad_message_does_not_hold_up_the_others(clock):
    store, post = MemoryStore(), Post()
    recalls = [store.open_recall(due_trigger(patient_id=f"p{n}"), NOON) for n in range(5)]
    remind_once(store, [ZHAO], ["email"], clock, Policy(remind_by=("email",)))
    bad = recalls[2].id

    class Choosy(Post):
        def send(self, message, *, now, hand_over):
            if message.recall_id == bad:
                raise ValueError("can't be written")
            return post.send(message, now=now, hand_over=hand_over)

    assert deliver(store, Choosy(), clock) == Delivered(sent=4, retry=1)
    assert set(post.sent) == {recall.id for recall in recalls} - {bad}


def test_no_more_than_the_limit_leave_at_once(clock):
    store, post = MemoryStore(), Post()
    for n in range(5):
        store.open_recall(due_trigger(patient_id=f"p{n}"), NOON)
    remind_once(store, [ZHAO], ["email"], clock, Policy(remind_by=("email",)))
    assert deliver_once(store, store, {"email": post}, clock, limit=3) == Delivered(sent=3)


def test_a_worker_whose_lease_ran_out_before_the_hand_over_sends_nothing(store, clock):
    def another_takes_over():
        clock.time += RULE.lease
        assert len(store.claim(clock.time, RULE.lease, 1)) == 1

    post = Post(before=[another_takes_over])
    assert deliver(store, post, clock) == Delivered(overtaken=1)
    assert post.sent == []


@pytest.mark.parametrize("error", [ChannelError("busy", permanent=False), ChannelError("no", permanent=True)])
def test_a_worker_whose_lease_ran_out_can_t_fail_the_message_either(store, clock, error):
    def another_takes_over():
        clock.time += RULE.lease
        assert len(store.claim(clock.time, RULE.lease, 1)) == 1
        raise error

    assert deliver(store, Post(before=[another_takes_over]), clock) == Delivered(overtaken=1)
    assert not store.inbox(["zhao"], 10)


def test_the_inbox_needs_no_hand_over(clock):
    store = MemoryStore()
    store.open_recall(due_trigger(), NOON)
    remind_once(store, [ZHAO], ["inbox"], clock, Policy())
    assert deliver_once(store, store, {"inbox": InboxChannel()}, clock) == Delivered(sent=1)
    (letter,) = store.inbox(["zhao"], 10)
    assert (letter.kind, letter.created_at) == ("due", NOON)
