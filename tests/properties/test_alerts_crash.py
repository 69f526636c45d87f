"""A worker killed at any point, any number of times: no reminder is lost, none arrives twice, none outlives its recall.

The store and the workers are real but for one thing: a process dies (`Crash`), or stands still while another one
works, just before or just after a call that crosses a port, as often as hypothesis likes.
"""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.inbox import InboxChannel
from alerts.deliver import DeliveryRule, deliver_once
from alerts.errors import ChannelError, OutcomeUnknown
from alerts.memory import MemoryStore, SetClock
from alerts.message import Receipt
from alerts.policy import Policy
from alerts.remind import remind_once
from alerts.steps import close_by_person
from tests.unit.alerts.alert_cast import NO_MAIL, NOON, ZHAO, due_trigger

RULE = DeliveryRule(attempts_max=1000)  # crashes are what is tested here, not giving up
POLICY = Policy()


class Crash(BaseException):
    """The process dies here. Not an Exception: no code may survive it."""


class Fate:
    """Says what happens at which crossing of a port: a list of (calls to live through, what happens then).

    "dies before" and "dies after" are about the call's effect; "stalls" and "acts" let the others of the site do
    something while this process stands still just before the call.
    """

    def __init__(self, strokes):
        self.strokes, self.lived, self.meanwhile = list(strokes), 0, {}

    def cross(self, call):
        if not self.strokes or self.lived < self.strokes[0][0]:
            self.lived += 1
            return call()
        _, stroke = self.strokes.pop(0)
        self.lived = 0
        if stroke in self.meanwhile:
            self.meanwhile[stroke]()
            return call()
        if stroke == "dies after":
            call()
        raise Crash


class MortalStore:
    """The memory store, seen by a process that may die around each call."""

    def __init__(self, store, fate):
        self._store, self._fate = store, fate

    def __getattr__(self, name):
        call = getattr(self._store, name)
        return lambda *args, **kwargs: self._fate.cross(lambda: call(*args, **kwargs))


class Post:
    """The world outside: what arrived can't be taken back. Its answers: "" is fine, the others are troubles."""

    def __init__(self, fate, answers):
        self.fate, self.answers, self.arrived = fate, list(answers), []

    def send(self, message, *, now, hand_over):
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "busy":
            raise ChannelError("busy", permanent=False)
        hand_over()
        if answer == "refused":
            raise ChannelError("DATA refused with 451", permanent=False)
        if answer == "broken before":
            raise OutcomeUnknown
        self.fate.cross(lambda: self.arrived.append(message.id))
        if answer == "broken after":
            raise OutcomeUnknown
        return Receipt(text="250 ok")


class Site:
    """A store that outlives its workers, and the post outside."""

    def __init__(self, strokes, answers=(), patients=2):
        self.store, self.clock, self.fate = MemoryStore(), SetClock(NOON), Fate(strokes)
        self.mortal, self.post = MortalStore(self.store, self.fate), Post(self.fate, answers)
        self.fate.meanwhile = {"stalls": self.another_works, "acts": self.close}
        self.closed_with = None  # the messages that had already been handed over when the recall was closed
        for number in range(patients):
            self.store.open_recall(due_trigger(patient_id=f"p{number}"), NOON)

    def work(self):
        """Run one worker until it has done one round, or dies."""
        channels = {"inbox": InboxChannel(), "email": self.post}
        with suppress(Crash):
            remind_once(self.mortal, [ZHAO, NO_MAIL], channels, self.clock, POLICY)
            deliver_once(self.mortal, self.mortal, channels, self.clock, RULE)

    def another_works(self):
        """Outlast every lease and let another worker do a round; it may meet its own fate."""
        self.clock.time += RULE.lease
        self.work()

    def close(self):
        """Let a person close the first patient's recall, once."""
        for recall in self.store.live("p0"):
            assert self.store.apply(close_by_person(recall, "declined", by="miller", now=self.clock.now()))
            self.closed_with = {row.message.id for row in self.mails() if row.state in ("handed_over", "sent")}

    def work_until_all_is_told(self):
        for _ in range(150):  # each round outlasts a lease and most waits; far more rounds than strokes and troubles
            self.work()
            self.clock.time += timedelta(minutes=6)
        assert not self.store.claim(self.clock.time + timedelta(hours=2), RULE.lease, 1)

    def mails(self):
        return [row for row in self.store.outbox.values() if row.message.channel == "email"]

    def inboxed(self):
        return [row for row in self.store.outbox.values() if row.message.channel == "inbox"]

    def notices(self):
        return {letter.id for letter in self.store.letters.values() if letter.kind == "uncertain"}


def strokes(*kinds):
    return st.lists(st.tuples(st.integers(0, 25), st.sampled_from(kinds)), max_size=12)


DEATHS = strokes("dies before", "dies after")
ANSWERS = st.lists(st.sampled_from(["", "busy", "refused", "broken before", "broken after"]), max_size=8)


@given(strokes("dies before", "dies after", "stalls"), ANSWERS)
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_nothing_arrives_twice(strokes, answers):
    site = Site(strokes, answers)
    site.work_until_all_is_told()
    arrived, raised = Counter(site.post.arrived), site.notices()
    assert set(arrived.values()) <= {1}
    assert len(site.mails()) == 2  # one recipient with an address, two recalls
    for row in site.mails():
        assert row.message.id in arrived if row.state == "sent" else row.message.id in raised
    assert len(site.inboxed()) == 4
    for row in site.inboxed():
        assert row.state == "sent"
        assert site.store.letters[row.message.id].kind == "due"


@given(DEATHS)
@settings(deadline=None)
def test_where_only_processes_die_a_mail_that_did_not_arrive_is_raised_to_a_person(strokes):
    site = Site(strokes)
    site.work_until_all_is_told()
    assert {row.message.id for row in site.mails()} == set(site.post.arrived) | site.notices()
    assert {row.state for row in site.mails()} <= {"sent", "uncertain"}


@given(strokes("dies before", "dies after", "stalls", "acts"), ANSWERS)
@settings(max_examples=300, deadline=None)
def test_after_a_recall_is_closed_only_what_had_been_handed_over_arrives(strokes, answers):
    site = Site(strokes, answers, patients=1)
    site.work()
    until_now = set(site.post.arrived)
    site.close()
    letters = set(site.store.letters)
    site.work_until_all_is_told()
    assert set(site.post.arrived) <= until_now | site.closed_with
    assert set(site.store.letters) - letters <= site.notices()


@given(st.integers(0, 25), ANSWERS)
@settings(max_examples=200, deadline=None)
def test_a_recall_closed_while_its_messages_are_on_their_way_stops_those_not_handed_over(after_calls, answers):
    site = Site([(after_calls, "acts")], answers, patients=1)
    site.work()
    site.close()
    site.work_until_all_is_told()
    assert set(site.post.arrived) <= site.closed_with


@given(DEATHS)
@settings(deadline=None)
def test_a_reminder_is_noted_exactly_when_its_messages_are_in_the_outbox(strokes):
    site = Site(strokes, patients=1)
    (recall,) = site.store.live("p0")
    for _ in range(len(strokes) + 1):
        site.work()
        noted = [event.action for event in site.store.events(recall.id)].count("reminded")
        assert len(site.store.outbox) == 3 * noted <= 3


def test_the_strokes_of_fate_do_happen():
    site = Site([(2, "dies after"), (3, "stalls"), (1, "dies before")])
    site.work()
    assert site.fate.strokes == [(3, "stalls"), (1, "dies before")]
    site.work_until_all_is_told()
    assert site.fate.strokes == []
