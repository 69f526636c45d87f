"""Was this measured after the patient had died? Such a reading is shown, and nothing rests on it.

A system goes on after a death: results are released late, and now and then a sample of somebody else, or a wrong date,
stands under the name. What was taken in life and only released later is a reading like any other.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from twin.record.fact import FactKind

AFTER_DEATH = "after_death"
"""Why a measurement is not used."""

MEASURED: frozenset[FactKind] = frozenset({"observation", "finding"})
"""What is read of a living patient; a diagnosis may be made, or coded, after death."""

_DAY = timedelta(days=1)
_WEST = timedelta(hours=12)
"""A date carries no zone: it has ended everywhere when it has at UTC-12."""


def alive_until(deaths: Iterable[tuple[datetime, datetime | None]]) -> datetime | None:
    """Return the last instant at which the patient may have lived, None where no death is told.

    Args:
        deaths: from when to when each may have been; the second None where one instant or one day is told.

    Of several the earliest stands.
    """
    return min((start if end is None else end for start, end in deaths), default=None)


def is_after_death(at: datetime, last: datetime) -> bool:
    """Return True where `at` lies after the death.

    Args:
        last: as `alive_until` returns it. Midnight in UTC is a day without a time, all of which may have been lived.
    """
    if not _is_day(last):
        return at > last
    return at >= last + _DAY + (timedelta(0) if _is_day(at) else _WEST)


def _is_day(at: datetime) -> bool:
    return at.astimezone(UTC).time() == time.min
