"""What a merge does to recalls, and what undoing it gives back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import joining
from alerts.recall import Event, Recall, Step
from alerts.steps import approve, assign, close_by_person, close_by_result, snooze, stop
from tests.unit.alerts.alert_cast import NOON, a_recall, a_result, days

SURVIVOR = "00000000-0000-4000-8000-0000000000bb"
LATER = NOON + timedelta(hours=1)


class Course:
    """A recall and everything done to it."""

    def __init__(self, recall: Recall) -> None:
        self.recall, self.events = recall, [Event(recall_id=recall.id, action="opened", at=NOON, by="twin")]

    def do(self, step: Step | None) -> Recall:
        assert step is not None
        self.recall = step.after
        self.events.append(step.event)
        return self.recall


def keep(**changes: object) -> Course:
    course = Course(a_recall(**changes))
    course.do(joining.kept(course.recall, by="zhao", now=NOON))
    return course


def restore(course: Course) -> Step | None:
    return joining.restored(course.recall, course.events, by="zhao", now=LATER)


def standing(recall: Recall) -> Recall:
    return replace(recall, version=0)


def test_a_carried_recall_keeps_owner_approval_snooze_and_dates_under_the_survivors_name() -> None:
    recall = a_recall(owner="zhao", approved_at=NOON, approved_by="miller", snoozed_until=days(9), version=7)
    copy, event = joining.carried(recall, SURVIVOR, "new", LATER, is_told=True)
    assert copy == replace(recall, id="new", patient_id=SURVIVOR, version=1)
    assert joining.carried_from([event]) == recall.id
    assert joining.carried_from([]) is None


def test_a_reminder_that_never_left_is_given_anew_by_the_survivor() -> None:
    recall = a_recall(reminded_due_for=days(0))
    told, _ = joining.carried(recall, SURVIVOR, "new", LATER, is_told=True)
    untold, _ = joining.carried(recall, SURVIVOR, "new", LATER, is_told=False)
    assert (told.reminded_due_for, untold.reminded_due_for) == (days(0), None)


@pytest.mark.parametrize(
    "machine",
    [
        {"evidence": {"facts": ["other"]}, "probability": 0.9},
        {"due_from": days(1), "due_at": days(2), "overdue_at": days(3)},
        {"priority": "urgent", "rule_id": "liver.other", "closes_with": ("x", "y")},
        {"snoozed_until": None, "snoozed_until_new_data": False},
        {"owner": "other", "approved_at": LATER, "approved_by": "other"},
    ],
)
def test_what_the_machine_changed_goes_back(machine: dict[str, object]) -> None:
    course = keep(snoozed_until=days(9), snoozed_until_new_data=True)
    before = course.recall
    course.recall = replace(course.recall, **machine)  # type: ignore[arg-type]
    assert standing(course.do(restore(course))) == standing(before)


def test_what_a_person_chose_stays() -> None:
    course = keep()
    course.do(assign(course.recall, "zhao", by="zhao", now=NOON))
    course.do(approve(course.recall, by="miller", now=NOON))
    course.do(snooze(course.recall, by="miller", now=NOON, until=days(9)))
    course.recall = replace(course.recall, due_at=days(61))
    back = course.do(restore(course))
    assert (back.owner, back.approved_by, back.snoozed_until) == ("zhao", "miller", days(9))
    assert back.due_at == a_recall().due_at


def test_one_closed_by_the_others_result_or_death_is_open_again() -> None:
    for end in (
        lambda recall: close_by_result(recall, a_result(), now=NOON),
        lambda recall: stop(recall, "died", by="twin", now=NOON),
    ):
        course = keep()
        course.do(end(course.recall))
        back = course.do(restore(course))
        assert (back.state, back.closing, back.closed_at) == ("open", None, None)
        assert course.events[-1].action == "reopened"


def test_one_that_a_person_closed_stays_closed() -> None:
    course = keep()
    course.do(close_by_person(course.recall, "declined", by="miller", now=NOON))
    assert restore(course) is None


def test_nothing_is_restored_twice_or_without_having_been_kept() -> None:
    course = keep()
    course.do(restore(course))
    assert restore(course) is None and not joining.is_kept(course.events)
    assert restore(Course(a_recall())) is None


def test_a_survivors_recall_takes_over_only_what_it_has_not() -> None:
    owned = a_recall(owner="zhao", approved_at=NOON, approved_by="miller")
    taken = joining.joined(owned, a_recall(owner="other", due_at=days(80)), by="zhao", now=NOON)
    assert taken is not None and (taken.after.owner, taken.after.due_at) == ("zhao", days(80))
    assert joining.joined(owned, a_recall(owner="other"), by="zhao", now=NOON) is None


def test_what_people_did_to_the_carried_recall_goes_back_with_the_original() -> None:
    original = a_recall(owner="old")
    copy, event = joining.carried(original, SURVIVOR, "new", NOON, is_told=True)
    course = Course(copy)
    course.events = [event]
    assert joining.given_back(original, course.recall, course.events, by="zhao", now=LATER) is None
    course.do(assign(course.recall, "zhao", by="zhao", now=NOON))
    back = joining.given_back(original, course.recall, course.events, by="zhao", now=LATER)
    assert back is not None and (back.after.owner, back.after.state) == ("zhao", "open")
    course.do(close_by_person(course.recall, "declined", by="miller", now=NOON))
    back = joining.given_back(original, course.recall, course.events, by="zhao", now=LATER)
    assert back is not None and back.after.closing == course.recall.closing
    assert joining.given_back(back.after, course.recall, course.events, by="zhao", now=LATER) is None


def test_what_the_machine_ended_on_the_carried_recall_stays_there() -> None:
    original = a_recall()
    copy, event = joining.carried(original, SURVIVOR, "new", NOON, is_told=True)
    ended = joining.withdrawn(copy, now=LATER).after
    assert joining.given_back(original, ended, [event], by="zhao", now=LATER) is None


def test_what_was_given_back_counts_as_a_persons_choice_when_the_next_merge_is_undone() -> None:
    course = keep()
    copy, event = joining.carried(course.recall, SURVIVOR, "new", NOON, is_told=True)
    chosen = assign(copy, "zhao", by="zhao", now=NOON)
    course.do(joining.given_back(course.recall, chosen.after, [event, chosen.event], by="miller", now=LATER))
    assert joining.is_kept(course.events)
    assert course.do(restore(course)).owner == "zhao"


def test_a_judgement_starts_from_the_own_live_recall_else_from_the_last_that_ended_anywhere() -> None:
    live = a_recall(patient_id=SURVIVOR, id="live", key="a")
    ended = replace(a_recall(id="early", key="a"), state="closed", closed_at=NOON)
    early = replace(a_recall(patient_id=SURVIVOR, id="first", key="b"), state="closed", closed_at=NOON)
    late = replace(a_recall(id="second", key="b"), state="stopped", closed_at=LATER)
    carried = a_recall(id="other", key="c")
    found = {(each.patient_id, each.key): each for each in (live, ended, early, late, carried)}
    assert joining.latest_of(SURVIVOR, found) == {"a": live, "b": late}


def test_a_recall_withdrawn_with_a_merge_says_nothing_later() -> None:
    recall = a_recall()
    gone = joining.withdrawn(recall, now=LATER).after
    assert joining.is_void(gone) and not joining.is_void(recall)
    assert not joining.is_void(stop(recall, "died", by="twin", now=NOON).after)
