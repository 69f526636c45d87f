"""Between which limits does a signal lie in healthy people like this patient? By sex, and of adults only.

The ranges of `signals.csv` are those of adults. In a child they mislead: alkaline phosphatase is twice as high while
bones grow, creatinine half as high in a small body. Until there is a source for children, nobody under 18 has a range.
"""

from dataclasses import dataclass
from datetime import date, datetime

from twin.record.signal import signal
from twin.record.timeline import Timeline

ADULT = 18  # years: from when on laboratories report the ranges of adults
ADULTS_ONLY = "adult_reference"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The limits in the canonical unit, either end None where there is none; `absent` is why there are none at all.

    `since`: the day from which they hold, where there are readings before it.
    """

    low: float | None
    high: float | None
    since: date | None = None
    absent: str | None = None


def reference(key: str, timeline: Timeline, at: datetime | None = None) -> Reference:
    """Return the reference range of a signal for this patient at `at` (default: `as_of`, or death before it).

    A patient whose birth date is not known counts as an adult; one whose sex is not known has no range.
    """
    low, high = signal(key).reference.get(timeline.patient.sex, (None, None))
    if low is None and high is None:
        return Reference(low=None, high=None)
    grown = _adult_from(timeline.patient.birth_date)
    moment = at or min(timeline.as_of, timeline.died_at or timeline.as_of)
    if grown is not None and moment.date() < grown:
        return Reference(low=None, high=None, absent=ADULTS_ONLY)
    is_older = grown is not None and any(fact.observed_at.date() < grown for fact in timeline.about(key)[:1])
    return Reference(low=low, high=high, since=grown if is_older else None)


def _adult_from(born: date | None) -> date | None:
    if born is None:
        return None
    try:
        return born.replace(year=born.year + ADULT)
    except ValueError:  # born on a 29 February: of age on 1 March, as most laws have it
        return date(born.year + ADULT, 3, 1)
