"""The signals of a patient followed together: what their states rest on, and where each stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from twin.forecast.dynamics import Entry, Observation, Track, follow, observation, reading
from twin.forecast.futures import Followed, Held
from twin.forecast.genes import inborn
from twin.forecast.group import Group, groups
from twin.forecast.kernels import READING
from twin.forecast.motion import Motion, motions
from twin.forecast.result import State
from twin.forecast.starts import begun, is_replaced
from twin.record.fact import Fact
from twin.record.timeline import Timeline

FOLLOWED_FOR = timedelta(days=10 * 365.25)
"""House value: after ten years the fan is as wide as not knowing the patient; until then its width tells how old the
last value is. Whether a recall may rest on it is another question (`twin.watch.EVIDENCE_FOR`)."""

GROWN = 25.0
"""House value, years: lungs and muscles have stopped to grow by then."""

Seen = tuple[tuple[Fact, Observation], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """One signal: what it rests on, oldest first, with the state after each value and the weight that it got.

    `followed` is where it stands at `as_of`, None where it is not followed (any more).
    """

    seen: Seen
    states: tuple[State, ...]
    weights: tuple[float, ...]
    followed: Followed | None


NO_COURSE = Course(seen=(), states=(), weights=(), followed=None)


def courses(timeline: Timeline, keys: Iterable[str] | None = None) -> dict[str, Course]:
    """Return the course of every signal with a value, or of those named and what moves with them."""
    found: dict[str, Course] = {}
    for group in groups(motions() if keys is None else keys):
        seen = {each.key: observations(timeline, each) for each in group.motions}
        entries = entries_of(timeline, group, seen)
        if entries:
            ageing = ageing_of(timeline, group, entries[0].at)
            track = follow(group, entries, ageing)
            held = Held.until(timeline.as_of, group, entries, track.last, ageing)
            for place, each in enumerate(group.motions):
                if seen[each.key]:
                    found[each.key] = _course(timeline, held, place, seen[each.key], track)
    return found


def followed(courses_of: Mapping[str, Course]) -> dict[str, Followed]:
    """Return every signal that has a state at `as_of`: seen in the last ten years, of a living patient."""
    return {key: each.followed for key, each in courses_of.items() if each.followed is not None}


def is_followed(timeline: Timeline, seen: Seen) -> bool:
    """Return True where a signal with these values has a state at `as_of`."""
    return bool(seen) and timeline.as_of - seen[-1][1].at <= FOLLOWED_FOR and timeline.died_at is None


def observations(timeline: Timeline, motion: Motion) -> Seen:
    """Return what a trajectory may rest on, oldest first."""
    found = []
    for fact in timeline.series(motion.key):
        if refused(fact, timeline, motion) is None and fact.derived.value is not None:
            seen = observation(motion, fact.observed_at, fact.derived.value, fact.sd)
            assert seen is not None
            found.append((fact, seen))
    return tuple(found)


def entries_of(timeline: Timeline, group: Group, seen: Mapping[str, Seen]) -> tuple[Entry, ...]:
    """Return what a group takes in, in order; none without a reading."""
    readings = [reading(item, place) for place, each in enumerate(group.motions) for _, item in seen.get(each.key, ())]
    if not readings:
        return ()
    firsts = {key: found[0][1].at for key, found in seen.items() if found}
    of_genes = (entry for _, entry in inborn(timeline, group, firsts))
    entries = (*of_genes, *begun(timeline, group, firsts), *readings)  # at the same moment what moves acts already
    return tuple(sorted(entries, key=lambda item: (item.at, item.kind == READING, item.place, item.kind)))


def ageing_of(timeline: Timeline, group: Group, first: datetime) -> str | None:
    """Return the sex whose course with age is expected of signals first read at `first`; None where none is.

    None in who was not grown up then, and of kidneys that were replaced.
    """
    age = timeline.age(first)
    is_grown = isinstance(age, float) and age >= GROWN
    return timeline.patient.sex if is_grown and not is_replaced(timeline, group.keys) else None


def refused(fact: Fact, timeline: Timeline, motion: Motion) -> str | None:
    """Why no trajectory rests on this fact, or None where one does."""
    born = timeline.patient.birth_date
    if not fact.is_used:
        return fact.derived.quality
    if fact.derived.value is None:
        return "not_numeric"
    if fact.observed_at > timeline.as_of:
        return "dated_ahead"
    if born is not None and fact.observed_at.date() < born:
        return "before_birth"
    return "not_positive" if motion.working(fact.derived.value) is None else None


def _course(timeline: Timeline, held: Held, place: int, seen: Seen, track: Track) -> Course:
    own = [n for n, each in enumerate(held.entries) if each.place == place and each.kind == READING]
    return Course(
        seen=seen,
        states=tuple(track.states[n] for n in own),
        weights=tuple(track.weights[n] for n in own),
        followed=held.follow(place, seen[-1][1].at) if is_followed(timeline, seen) else None,
    )
