from datetime import timedelta

from alerts.memory import MemoryStore, SetClock
from alerts.policy import Policy
from alerts.remind import PAGE, remind_once
from alerts.steps import approve, assign
from tests.unit.alerts.alert_cast import MILLER, NO_MAIL, NOON, ZHAO, due_trigger

LEASE = timedelta(minutes=5)
BOTH = ("inbox", "email")


def run(store, staff=(ZHAO, MILLER), *, channels=BOTH, now=NOON, **policy):
    return remind_once(store, staff, channels, SetClock(now), Policy(**policy), label=lambda patient: "P-17")


def test_a_due_recall_is_told_by_every_channel_of_the_policy():
    store = MemoryStore()
    recall = store.open_recall(due_trigger(), NOON)
    done = run(store)
    messages = store.claim(NOON, LEASE, 10)
    assert (done.recalls, done.messages, done.muted) == (1, 2, {})
    assert {(m.channel, m.recipient, m.address) for m in messages} == {
        ("inbox", "zhao", "zhao"),
        ("email", "zhao", "zhao@clinic.example"),
    }
    assert messages[0].content["patient"] == "P-17"
    assert [event.action for event in store.events(recall.id)] == ["opened", "reminded"]


def test_the_same_reminder_is_not_put_in_twice():
    store = MemoryStore()
    store.open_recall(due_trigger(), NOON)
    assert [run(store).messages for _ in range(3)] == [2, 0, 0]


def test_the_overdue_reminder_follows_to_owner_and_coordinators():
    store = MemoryStore()
    recall = store.open_recall(due_trigger(), NOON)
    assert store.apply(assign(recall, "miller", by="miller", now=NOON))
    assert run(store).messages == 2
    assert run(store, now=NOON + timedelta(days=61)).messages == 4


def test_a_reminder_that_nobody_can_get_is_not_lost():
    store = MemoryStore()
    store.open_recall(due_trigger(), NOON)
    nobody = run(store, staff=())
    assert (nobody.recalls, nobody.muted) == (0, {"nobody_to_tell": 1})
    assert run(store).recalls == 1


def test_what_is_muted_is_counted_with_its_reason():
    store = MemoryStore()
    store.open_recall(due_trigger(), NOON)
    assert run(store, staff=(NO_MAIL,)).muted == {"no_address": 1}
    other = MemoryStore()
    other.open_recall(due_trigger(), NOON)
    assert run(other, channels=("inbox",)).muted == {"no_channel": 1}


def test_a_recall_that_waits_for_approval_is_told_after_it():
    store = MemoryStore()
    recall = store.open_recall(due_trigger(), NOON)
    assert run(store, needs_approval=True).muted == {"not_approved": 1}
    assert store.apply(approve(recall, by="miller", now=NOON))
    assert run(store, needs_approval=True).recalls == 1


def test_more_recalls_than_a_page_are_all_told_in_one_go():
    store = MemoryStore()
    for number in range(PAGE + 3):
        store.open_recall(due_trigger(patient_id=f"p{number}"), NOON)
    assert run(store, channels=("inbox",)).recalls == PAGE + 3


class LosingStore(MemoryStore):
    """A store in which somebody else always was faster."""

    def apply(self, step, messages=()):
        return False


def test_who_loses_the_race_reminds_nobody():
    store = LosingStore()
    store.open_recall(due_trigger(), NOON)
    assert run(store).recalls == 0
    assert not store.claim(NOON, LEASE, 10)
