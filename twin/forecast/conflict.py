"""Do two values of one moment contradict each other? Both stay in use, and whoever looks is told.

Two values of one signal, made by the same method at the same time, differ by no more than measurement and the person's
own variation explain: the limit of a real change (`change_limit`), here for two values that have no time between them.
One further apart is somebody else's, in a wrong unit, or mistyped; which of the two, nothing here can know. It misleads
where a source gives only the day: then the two may be of its morning and its evening.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import groupby

from twin.forecast.change import Reading, judge
from twin.forecast.change_limit import Limit, limits
from twin.forecast.change_method import reading
from twin.forecast.following import refused
from twin.forecast.motion import motions
from twin.record.fact import Fact
from twin.record.timeline import Timeline
from twin.scores.gather import newest

_OF_SEVERAL = frozenset({"nodule_mean_diameter", "nodule_solid_diameter", "nodule_volume", "pancreatic_cyst_diameter"})
"""Of one moment there may be as many values as lesions."""

_WITHIN_A_DAY = frozenset(
    {
        "glucose", "glucose_capillary", "insulin", "lactate", "sbp", "dbp", "heart_rate", "respiratory_rate", "spo2",
        "temperature", "troponin_i", "troponin_t", "troponin_t_hs",
    }
)  # fmt: skip
"""House list: taken several times a day, and moving within it; two of one day without a time contradict nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Values of one moment that can't all be right: their facts, the lowest and the highest (canonical unit)."""

    at: datetime
    fact_ids: tuple[int, ...]
    low: float
    high: float


def conflicts(key: str, timeline: Timeline) -> tuple[Conflict, ...]:
    """Return every moment at which the used values of a signal contradict each other, oldest first."""
    used = [fact for fact in timeline.series(key) if _is_used(fact, timeline)]
    groups = (list(facts) for _, facts in groupby(used, key=lambda fact: fact.observed_at))
    found = (_conflict(key, facts, timeline) for facts in groups)
    return tuple(each for each in found if each is not None)


def is_contradicted(fact: Fact, timeline: Timeline) -> bool:
    """Return True where another used value of the same moment contradicts this one."""
    key, same = fact.derived.signal, []
    if key is None or key not in motions():
        return False
    for other in reversed(timeline.series(key)):
        if other.observed_at < fact.observed_at:
            break
        if other.observed_at == fact.observed_at and _is_used(other, timeline):
            same.append(other)
    found = _conflict(key, same, timeline)
    return found is not None and fact.id in found.fact_ids


def _is_used(fact: Fact, timeline: Timeline) -> bool:
    return fact.derived.value is not None and refused(fact, timeline, motions()[fact.derived.signal or ""]) is None


def _conflict(key: str, facts: list[Fact], timeline: Timeline) -> Conflict | None:
    """What contradicts among the values of one moment; compared are those of one method."""
    if len(facts) < 2 or key in _OF_SEVERAL or (key in _WITHIN_A_DAY and _is_day(facts[0].observed_at)):
        return None
    limit = limits().get(key)
    if limit is None:
        return None
    mass = newest(timeline, "bmi", timeline.as_of) if limit.form == "calcium" else None
    body_mass = None if mass is None else mass.derived.value
    by_method: dict[tuple[str, ...], list[tuple[Reading, int]]] = {}
    for fact in facts:
        read = reading(key, fact)
        by_method.setdefault(read.method, []).append((read, fact.id))
    apart = [pairs for pairs in by_method.values() if _differ([read for read, _ in pairs], limit, body_mass)]
    if not apart:
        return None
    values = [read.value for pairs in apart for read, _ in pairs]
    ids = sorted(number for pairs in apart for _, number in pairs)
    return Conflict(at=facts[0].observed_at, fact_ids=tuple(ids), low=min(values), high=max(values))


def _differ(readings: Iterable[Reading], limit: Limit, body_mass: float | None) -> bool:
    ordered = sorted(readings, key=lambda each: each.value)
    if len(ordered) < 2:
        return False
    _, verdict = judge((ordered[0], ordered[-1]), limit, body_mass)
    return verdict is not None and verdict.verdict == "changed"


def _is_day(at: datetime) -> bool:
    return at.astimezone(UTC).time() == time.min
