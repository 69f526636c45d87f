"""What is kept of a computed twin so that it can go on without being computed anew: states, and the outlook of lines.

A day on which nothing new is learnt changes little: a forecast of yesterday, seen a day later, is today's (`Outlook`).
So every twin is judged again as often as the site wants from a few numbers a line, many patients at once, and only one
whose decision would be another, or for whom time itself changes something (`look_at`), is computed anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin import watch
from twin.forecast.crossing import CARRIED_MONTHS, Outlook
from twin.forecast.crossing_panel import ALREADY_FROM, Status, is_past
from twin.forecast.dynamics import GroupState
from twin.forecast.following import FOLLOWED_FOR
from twin.forecast.futures import MONTH, Followed, Held
from twin.forecast.group import group_of
from twin.forecast.motion import on_adoption
from twin.forecast.starts import changes
from twin.organs import ORGANS
from twin.organs.base import Organ, Threshold
from twin.record.holding import DIALYSIS, ENDING, spells, weekly
from twin.record.timeline import DAYS_PER_YEAR, Timeline
from twin.scores import score
from twin.scores.gather import measured
from twin.snapshot import Snapshot

Array = NDArray[np.float64]

LINE = np.dtype(
    [
        ("within", "<f4", CARRIED_MONTHS + 1),
        ("here", "<f4", CARRIED_MONTHS + 1),
        ("evidence_at", "<f8"),
        ("answered_at", "<f8"),
        ("as_of", "<f8"),
        ("is_past", "u1"),
        ("is_on", "u1"),
        ("decision", "u1"),
    ]
)
"""One line of one patient. Probabilities are counts of 1,024 futures: exact in half the digits. Times: seconds since
1970, NaN where there is none. `decision`: what was decided when it was computed, `as_of`."""

NONE, RAISED, OFF_UNVERIFIED, EVIDENCE_TOO_OLD, ANSWERED = range(5)
QUIET: Mapping[watch.QuietReason, int] = {
    "off_unverified": OFF_UNVERIFIED,
    "evidence_too_old": EVIDENCE_TOO_OLD,
    "answered": ANSWERED,
}
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One organ of one patient: the state of signals that move together, by group, after their newest entry; and its
    lines, (L,) of `LINE`."""

    signals: Mapping[str, Mapping[str, Any]]
    keys: tuple[str, ...]
    lines: NDArray[np.void]


def keep(snapshot: Snapshot, decided: watch.Decided) -> dict[str, Kept]:
    """Return what is kept of a twin just computed, and of what was decided on it, by organ."""
    decision, kept = codes(decided), {}
    held = held_of(snapshot.followed)
    for organ, panel in zip(ORGANS, snapshot.organs, strict=True):
        looked = [(each, each.outlook) for each in panel.crossings if each.outlook is not None]
        lines = np.zeros(len(looked), LINE)
        for row, (each, seen) in enumerate(looked):
            assert seen is not None
            lines[row] = line(
                seen,
                is_past=is_past(threshold(organ.key, each.key), each.newest),
                status=each.status,
                evidence_at=each.evidence_at,
                answered_at=watch.answered_at(snapshot, each),
                as_of=snapshot.as_of,
                decision=decision.get(f"{organ.key}/{each.key}", NONE),
            )
        kept[organ.key] = Kept(
            signals={name: state_to_json(held[name].last) for name in at_home(organ, held)},
            keys=tuple(each.key for each, _ in looked),
            lines=lines,
        )
    return kept


def held_of(followed: Mapping[str, Followed]) -> dict[str, Held]:
    """Return what the signals that are followed stand on, by the name of their group."""
    return {each.held.group.name: each.held for each in followed.values()}


def codes(decided: watch.Decided) -> dict[str, int]:
    """Return what was decided of each line that is reached, by `organ/line`."""
    return {trigger.key: RAISED for trigger in decided.triggers} | {key: QUIET[why] for key, why in decided.quiet}


def line(
    seen: Outlook,
    *,
    is_past: bool,
    status: Status,
    evidence_at: datetime | None,
    answered_at: datetime | None,
    as_of: datetime,
    decision: int = NONE,
) -> tuple[Any, ...]:
    """Return one row of `LINE`, the decision last."""
    times = (np.nan if at is None else at.timestamp() for at in (evidence_at, answered_at, as_of))
    return (seen.within, seen.here, *times, is_past, status == "on", decision)


def decisions(lines: NDArray[np.void], at: float, level: float) -> NDArray[np.uint8]:
    """Return what is decided of each line (L,) at `at` (seconds), nothing having been learnt since its `as_of`.

    The rules of `watch.decide`, for many patients at once. A line whose outlook does not reach so far keeps a decision
    that is none (255), so that it is computed anew.
    """
    months = (at - lines["as_of"]) / MONTH.total_seconds()
    within, here = _carried(lines["within"], months), _carried(lines["here"], months)
    reached = ((lines["is_past"] > 0) & (here >= ALREADY_FROM)) | (within >= level)
    too_old = ~(lines["evidence_at"] >= at - watch.EVIDENCE_FOR.total_seconds())
    answered = lines["answered_at"] >= at - watch.ANSWERED_FOR.total_seconds()
    found = np.select(
        [np.isnan(within), ~reached, lines["is_on"] == 0, too_old, answered],
        [255, NONE, OFF_UNVERIFIED, EVIDENCE_TOO_OLD, ANSWERED],
        default=RAISED,
    )
    return found.astype(np.uint8)


def look_at(timeline: Timeline, followed: Mapping[str, Followed], refresh: timedelta) -> datetime:
    """Return when a twin is to be computed anew even if nothing is learnt.

    The first of: `refresh` from now; the patient's next year of age; the end of what holds for a time (a medicine, a
    pregnancy); the day from which a treatment is expected to act; a fact dated ahead; the day a signal is too old to be
    followed. Never for the dead.
    """
    now = timeline.as_of
    if timeline.died_at is not None:
        return FOR_EVER
    moments = [now + refresh, *_record_changes(timeline)]
    moments += [each.newest + FOLLOWED_FOR for each in followed.values()]
    moments += changes(timeline, followed)
    age = timeline.age()
    if isinstance(age, float) and timeline.patient.birth_date is not None:
        days = int(np.ceil((np.floor(age) + 1) * DAYS_PER_YEAR))
        birthday = timeline.patient.birth_date + timedelta(days=days)
        moments.append(datetime(birthday.year, birthday.month, birthday.day, tzinfo=UTC))
    return min(moment for moment in moments if moment > now)


def state_to_json(state: GroupState) -> dict[str, Any]:
    """Return a state as JSON holds it: every digit, the moment to the microsecond; of the covariance its lower half."""
    half = np.tril_indices(len(state.x))
    return {
        "at": state.at.isoformat(),
        "x": state.x.tolist(),
        "p": state.p[half].tolist(),
        "trend": state.trend.tolist(),
        "tally": state.tally.tolist(),
    }


def state_of(written: Mapping[str, Any]) -> GroupState:
    """Return the state that `state_to_json` wrote."""
    x = np.array(written["x"], dtype=np.float64)
    p = np.empty((len(x), len(x)))
    rows, columns = np.tril_indices(len(x))
    p[rows, columns] = p[columns, rows] = written["p"]
    trend, tally = (np.array(written[name], dtype=np.float64) for name in ("trend", "tally"))
    return GroupState(at=datetime.fromisoformat(written["at"]), x=x, p=p, trend=trend, tally=tally)


def at_home(organ: Organ, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the groups that are kept with this organ: each once, with the first that rests on any of it."""
    return tuple(name for name in names if _homes().get(name) == organ.key)


def threshold(organ: str, key: str) -> Threshold:
    """Return a declared line by its organ and key."""
    return _thresholds()[organ, key]


def _carried(columns: NDArray[np.float32], months: Array) -> Array:
    """The column at `months` (L,), between two of them by time; NaN beyond the last."""
    left = np.clip(np.floor(months), 0, CARRIED_MONTHS - 1).astype(np.intp)
    share = months - left
    rows = np.arange(len(months))
    value = columns[rows, left] * (1 - share) + columns[rows, left + 1] * share
    value = np.where(share == 0, columns[rows, left], value)  # today needs no tomorrow, which may not be there
    return np.where(months > CARRIED_MONTHS, np.nan, value)


def _record_changes(timeline: Timeline) -> Iterator[datetime]:
    for fact in timeline.facts:
        if fact.observed_at > timeline.as_of:
            yield fact.observed_at
        if fact.is_used and fact.ended_at is not None:
            yield fact.ended_at
    held = (*(spell for concept in ENDING for spell in spells(timeline, concept)), *weekly(timeline, DIALYSIS))
    yield from (moment for spell in held for moment in (spell.start, spell.end) if moment is not None)


@on_adoption
def _again() -> None:
    """Other dynamics were adopted: other groups."""
    _homes.cache_clear()


def _needs(organ: Organ) -> Sequence[str]:
    of_scores = (key for item in organ.scores for key in measured(score(item.key)))
    return (*(item.key for item in organ.signals), *of_scores)


@cache
def _homes() -> Mapping[str, str]:
    homes: dict[str, str] = {}
    for organ in ORGANS:
        for key in _needs(organ):
            homes.setdefault(group_of(key).name, organ.key)
    return homes


@cache
def _thresholds() -> Mapping[tuple[str, str], Threshold]:
    return {(organ.key, each.key): each for organ in ORGANS for each in organ.thresholds}
