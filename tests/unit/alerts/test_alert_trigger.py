import pytest

from alerts.errors import BadTrigger
from alerts.trigger import PRIORITIES, urgency
from tests.unit.alerts.alert_cast import NOON, a_trigger, days


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"patient_id": ""}, "empty"),
        ({"rule_id": ""}, "empty"),
        ({"key": ""}, "empty"),
        ({"closes_with": ()}, "nothing could close it"),
        ({"due_from": days(91)}, "due_from <= due_at"),
        ({"overdue_at": days(89)}, "due_at <= overdue_at"),
        ({"priority": "whenever"}, "priority"),
        ({"probability": 1.01}, "outside 0..1"),
        ({"probability": float("nan")}, "outside 0..1"),
        ({"raised_at": NOON.replace(tzinfo=None)}, "no time zone"),
        ({"reason": {"en": "Only English."}}, "reason has no zh_CN"),
        ({"examination": {"zh_CN": "只有中文"}}, "examination has no en"),
        ({"evidence": {"when": NOON}}, "not plain JSON"),
        ({"evidence": {"pair": (1, 2)}}, "not plain JSON"),
        ({"evidence": {"value": float("nan")}}, "not plain JSON"),
    ],
)
def test_a_trigger_that_contradicts_itself_is_refused(changes, fault):
    with pytest.raises(BadTrigger, match=fault):
        a_trigger(**changes)


def test_a_rule_on_facts_has_no_probability():
    assert a_trigger(probability=None).probability is None


def test_the_fault_names_rule_and_key_but_no_value():
    with pytest.raises(BadTrigger) as fault:
        a_trigger(evidence={"fib4": float("inf")})
    assert str(fault.value) == "liver.fib4-high on liver/fib4>2.67: evidence is not plain JSON"


def test_priorities_rise_from_routine_to_immediate():
    assert [urgency(priority) for priority in PRIORITIES] == [0, 1, 2, 3]
    assert (PRIORITIES[0], PRIORITIES[-1]) == ("routine", "immediate")
