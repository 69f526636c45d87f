from datetime import date, timedelta

import pytest

from alerts.errors import BadPolicy
from alerts.policy import GRACE_DAYS, Policy, due_dates
from tests.unit.alerts.alert_cast import TODAY, days


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"recall_level": 0.0}, "recall_level"),
        ({"recall_level": 1.0}, "recall_level"),
        ({"horizon_months": 0}, "horizon_months"),
        ({"lead_days": -1}, "negative"),
        ({"grace_days": {**GRACE_DAYS, "urgent": -1}}, "negative"),
        ({"grace_days": {"routine": 30}}, "no days of grace for immediate, soon, urgent"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(changes, fault):
    with pytest.raises(BadPolicy, match=fault):
        Policy(**changes)


def test_the_defaults_are_those_of_the_design():
    assert (Policy().recall_level, Policy().horizon_months) == (0.20, 12)


def test_the_examination_is_due_a_quarter_before_the_crossing():
    dates = due_dates(need_by=days(300), today=TODAY, priority="routine", policy=Policy())
    assert (dates.due_from, dates.due_at, dates.overdue_at) == (days(150), days(210), days(241))


def test_nobody_is_asked_to_come_yesterday():
    dates = due_dates(need_by=days(-20), today=TODAY, priority="urgent", policy=Policy())
    assert (dates.due_from, dates.due_at, dates.overdue_at) == (TODAY, TODAY, days(4))


def test_without_grace_a_recall_is_overdue_the_day_after_its_due_date():
    dates = due_dates(need_by=date(2030, 1, 1), today=TODAY, priority="immediate", policy=Policy())
    assert dates.overdue_at == dates.due_at + timedelta(days=1)
