"""Which choices about recalls are a site's to make, and why are the defaults what they are?

None of these numbers is a clinical cut-off: a rule that carries its own interval uses that instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from alerts.errors import BadPolicy
from alerts.trigger import PRIORITIES, Priority

# Days after the due date until a recall counts as overdue. Site conventions, not from a guideline: an appointment
# slips by weeks without harm where the interval is months, and by nothing where the finding is urgent.
GRACE_DAYS: Mapping[Priority, int] = MappingProxyType({"routine": 30, "soon": 14, "urgent": 3, "immediate": 0})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A site's choices about opening, reminding, snoozing and reopening.

    Raises:
        BadPolicy: a level outside 0..1, a negative number of days, or a priority without days of grace.
    """

    recall_level: float = 0.20  # house value: P(crossing) that opens a recall; a site may move it
    horizon_months: int = 12  # house value: how far ahead that probability looks
    lead_days: int = 90  # a visit a quarter before the predicted crossing leaves time to book, examine and treat
    window_days: int = 60  # two months in which to book, so that a full clinic can still keep the date
    grace_days: Mapping[Priority, int] = field(default_factory=lambda: GRACE_DAYS)
    jitter_days: int = 7  # the same data judged a week later move a date by days; that is no news to anybody
    quiet_days: int = 90  # after a closing only a more urgent trigger reopens the question for a quarter
    snooze_days_max: int = 180  # a snooze "until new data" must end even when no data ever come
    needs_approval: bool = False  # reminders go to staff, who decide; a site may want a clinician's word first
    remind_by: tuple[str, ...] = ("inbox", "email")  # the inbox is exactly-once; mail reaches those not signed in

    def __post_init__(self) -> None:
        days = (self.lead_days, self.window_days, self.jitter_days, self.quiet_days, self.snooze_days_max)
        if not 0 < self.recall_level < 1:
            raise BadPolicy(f"recall_level {self.recall_level} is outside 0..1")
        if self.horizon_months < 1:
            raise BadPolicy(f"horizon_months {self.horizon_months} is below 1")
        if min(*days, *self.grace_days.values()) < 0:
            raise BadPolicy("a number of days is negative")
        if missing := set(PRIORITIES) - set(self.grace_days):
            raise BadPolicy(f"no days of grace for {', '.join(sorted(missing))}")


@dataclass(frozen=True, kw_only=True)
class DueDates:
    """When an obligation may first be met, should be met, and counts as missed."""

    due_from: date
    due_at: date
    overdue_at: date


def due_dates(*, need_by: date, today: date, priority: Priority, policy: Policy) -> DueDates:
    """Return the dates of an obligation that should be met `lead_days` before `need_by`.

    Dates that would lie in the past become today: nobody can be asked to come yesterday.

    Example:
        >>> d = due_dates(need_by=date(2026, 12, 1), today=date(2026, 1, 5), priority="routine", policy=Policy())
        >>> [str(x) for x in (d.due_from, d.due_at, d.overdue_at)]
        ['2026-07-04', '2026-09-02', '2026-10-03']
    """
    due_at = max(need_by - timedelta(days=policy.lead_days), today)
    due_from = max(due_at - timedelta(days=policy.window_days), today)
    overdue_at = due_at + timedelta(days=1 + policy.grace_days[priority])
    return DueDates(due_from=due_from, due_at=due_at, overdue_at=overdue_at)
