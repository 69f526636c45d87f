"""Whatever people, results, judgements and the clock do in whatever order, no recall gets stuck or doubled."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.deliver import deliver_once
from alerts.judge import judge
from alerts.memory import MemoryStore, SetClock
from alerts.message import Receipt
from alerts.policy import Policy
from alerts.recall import closes, standing
from alerts.remind import remind_once
from alerts.steps import (
    approve,
    assign,
    close_by_person,
    close_by_result,
    reopen,
    snooze,
    stop,
    unsnooze,
)
from tests.unit.alerts.alert_cast import NOON, PATIENT, ZHAO, a_result, a_trigger, days

POLICY = Policy(remind_by=("email",))
PRIORITY = st.sampled_from(["routine", "soon", "urgent", "immediate"])


@st.composite
def triggers(draw):
    due_from = draw(st.integers(-200, 400))
    window, grace = draw(st.integers(0, 90)), draw(st.integers(0, 60))
    return a_trigger(
        rule_id=draw(st.sampled_from(["liver.a", "liver.b"])),
        evidence={"facts": [draw(st.sampled_from(["f1", "f2", "f3"]))]},
        priority=draw(PRIORITY),
        probability=draw(st.none() | st.floats(0, 1)),
        due_from=days(due_from),
        due_at=days(due_from + window),
        overdue_at=days(due_from + window + grace),
    )


DEEDS = st.one_of(
    st.tuples(st.just("judge"), st.none() | triggers(), st.booleans()),
    st.tuples(st.just("snooze"), st.integers(1, 180), st.booleans()),
    st.tuples(
        st.sampled_from(["approve", "assign", "unsnooze", "close", "stop", "undo", "inadequate", "remind", "result"])
    ),
    st.tuples(st.just("wait"), st.integers(0, 200)),
)


class World:
    """One patient, one key, one store, and a post that notes how the recall stood when each mail left."""

    def __init__(self):
        self.store, self.clock, self.left = MemoryStore(), SetClock(NOON), []

    def send(self, message, *, now, hand_over):
        hand_over()
        recall = self.store.get(message.recall_id)
        self.left.append((message.id, standing(recall, self.clock.now().date())))
        return Receipt(text="250 ok")

    def beat(self):
        remind_once(self.store, [ZHAO], ["email"], self.clock, POLICY)
        deliver_once(self.store, self.store, {"email": self}, self.clock)

    def recall(self):
        return next(iter(self.store.latest([PATIENT]).values()), None)

    def do(self, deed, *how):
        now, recall = self.clock.now(), self.recall()
        if deed == "wait":
            self.clock.time += timedelta(days=how[0])
        elif deed == "remind":
            self.beat()
        elif deed == "judge":
            self.judge(recall, *how)
        elif recall is not None:
            self.act(recall, deed, how, now)

    def judge(self, recall, trigger, corrected):
        decision = judge(recall, trigger, self.clock.now(), corrected=corrected)
        if decision.verb == "open":
            assert self.store.open_recall(trigger, self.clock.now())
        if decision.step:
            assert self.store.apply(decision.step)

    def act(self, recall, deed, how, now):
        today = now.date()
        if recall.state == "open":
            result = a_result(observed_at=recall.opened_at + timedelta(hours=1))
            steps = {
                "approve": lambda: approve(recall, by="miller", now=now),
                "assign": lambda: assign(recall, "zhao", by="zhao", now=now),
                "unsnooze": lambda: unsnooze(recall, by="zhao", now=now),
                "close": lambda: close_by_person(recall, "declined", by="miller", now=now),
                "stop": lambda: stop(recall, "pregnant", by="miller", now=now),
                "snooze": lambda: snooze(
                    recall, by="zhao", now=now, until=today + timedelta(days=how[0]), until_new_data=how[1]
                ),
                "result": lambda: close_by_result(recall, closes(recall, [result]), now=now),
            }
        else:
            steps = {
                "undo": lambda: reopen(recall, "undo", by="miller", now=now),
                "inadequate": lambda: reopen(recall, "inadequate_result", by="twin", now=now),
            }
        if deed in steps:
            assert self.store.apply(steps[deed]())


@given(st.lists(DEEDS, max_size=25))
def test_an_open_recall_can_be_closed_whatever_was_done_to_it(deeds):
    world = World()
    for deed in deeds:
        world.do(*deed)
    for recall in world.store.live(PATIENT):
        assert recall.due_from <= recall.due_at <= recall.overdue_at
        done = close_by_person(recall, "not_indicated", by="miller", now=world.clock.now())
        assert world.store.apply(done)
        assert world.store.get(recall.id).state == "closed"


@given(st.lists(DEEDS, max_size=25))
def test_at_most_one_recall_of_a_key_is_live_at_any_time(deeds):
    world = World()
    for deed in deeds:
        world.do(*deed)
        assert len(world.store.live(PATIENT)) <= 1


@given(st.lists(DEEDS, max_size=25))
def test_no_mail_leaves_for_a_recall_that_is_not_due_or_overdue_and_none_leaves_twice(deeds):
    world = World()
    for deed in deeds:
        world.do(*deed)
    world.beat()
    assert {stood for _, stood in world.left} <= {"due", "overdue"}
    assert len({message for message, _ in world.left}) == len(world.left)


@given(st.lists(DEEDS, max_size=25))
def test_no_open_recall_is_forgotten_it_is_reminded_of_sooner_or_later(deeds):
    world = World()
    for deed in deeds:
        world.do(*deed)
    world.clock.time += timedelta(days=1000)  # past every due date and every snooze
    world.beat()
    for recall in world.store.live(PATIENT):
        assert recall.reminded_overdue_for == recall.overdue_at
        events = [event.action for event in world.store.events(recall.id)]
        fresh_start = max(at for at, action in enumerate(events) if action in ("opened", "reopened", "snoozed"))
        assert "reminded" in events[fresh_start:]


@given(triggers(), st.lists(triggers(), max_size=10))
def test_a_recall_that_has_come_due_only_ever_moves_earlier(first, later):
    world = World()
    world.judge(None, first, False)
    for trigger in later:
        before = world.recall()
        world.judge(before, trigger, False)
        after = world.recall()
        if world.clock.now().date() >= before.due_from:
            assert (after.due_from, after.due_at) <= (before.due_from, before.due_at)
            assert after.overdue_at <= before.overdue_at
        world.clock.time += timedelta(days=20)


@given(triggers(), triggers())
def test_judging_the_same_again_changes_nothing(first, second):
    world = World()
    for trigger in (first, second):
        world.judge(world.recall(), trigger, False)
    last = world.recall()
    kept = last.rule_id == second.rule_id and last.evidence == second.evidence
    if kept and last.priority == second.priority:
        assert judge(last, second, world.clock.now()).verb == "keep"
