"""A score of one patient worked out once: its answer today, its past, its futures; panels and thresholds read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twin.forecast.conflict import is_contradicted
from twin.forecast.futures import Futures
from twin.forecast.motion import motions
from twin.forecast.moved_by import MovedBy, moved_by
from twin.forecast.score_paths import moving_keys, score_paths
from twin.record.fact import Absent, Fact
from twin.record.timeline import Timeline
from twin.scores.answer import Answer
from twin.scores.base import Score
from twin.scores.gather import Found, Site, answer_at, gather, is_too_young, measured, needed, newest
from twin.scores.history import history

Array = NDArray[np.float64]
_FAR = 1.96  # two-sided 95 % of an input's noise


@dataclass(frozen=True, kw_only=True)
class ScoreCourse:
    """`answer` rests on `found` at `at`, the time of the newest measurement; `today` are the inputs at `as_of`.

    `paths` are the outputs along the futures (P, M), or why there are none; `scaled` keeps those under other house
    values, which every threshold on the score asks for.
    """

    score: Score
    at: datetime | None
    answer: Answer
    found: tuple[Found, ...]
    today: tuple[Found, ...]
    paths: Mapping[str, Array] | Absent
    futures: Futures = field(repr=False)
    timeline: Timeline = field(repr=False)
    site: Site
    scaled: dict[float, Mapping[str, Array] | Absent] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def past(self) -> tuple[tuple[datetime, Mapping[str, float]], ...]:
        """When it could be had, and its outputs then, oldest first."""
        return history(self.score, self.timeline, self.site)

    @cached_property
    def is_contradicted(self) -> bool:
        """True where the answer rests on a value that another of the same moment contradicts."""
        return any(is_contradicted(fact, self.timeline) for fact in _facts(self.found))

    @cached_property
    def moved_by(self) -> tuple[MovedBy, ...]:
        """What has begun that moves its inputs and that no reading of them knows of yet; none without a forecast."""
        if isinstance(self.paths, Absent):
            return ()
        held = (self.futures.followed.get(key) for key in moving_keys(self.today, self.futures))
        acting = (each for here in held if here is not None for each in moved_by(here, self.timeline))
        return tuple(each for each in acting if each.is_unread)

    def lacks(self, output: str) -> Absent | None:
        """Return why one output is not there though the score has an answer: an input that only it needs, or its range.

        None where it is there, and where the answer itself is absent and says why.
        """
        if self.answer.absent is not None or output in self.answer.outputs:
            return None
        lacking = ", ".join(each.item.key for each in self.found if each.item.optional and each.value is None)
        return Absent(reason="missing_input" if lacking else "impossible_value", detail=lacking)

    def newest(self, output: str) -> tuple[datetime, float] | None:
        """Return the newest of the past that has this output: the answer itself, where there is one."""
        if self.at is not None and output in self.answer.outputs:
            return self.at, self.answer.outputs[output]
        return next(((at, found[output]) for at, found in reversed(self.past) if output in found), None)


def score_course(score: Score, timeline: Timeline, futures: Futures, site: Site) -> ScoreCourse:
    """Return the course of a score at `as_of`."""
    last = (newest(timeline, key, timeline.as_of) for key in measured(score))
    at = max((fact.observed_at for fact in last if fact is not None), default=None)
    answer, found = answer_at(score, timeline, at or timeline.as_of, site)
    now, today = (answer, found) if at is None else answer_at(score, timeline, timeline.as_of, site)
    return ScoreCourse(
        score=score,
        at=at,
        answer=answer,
        found=found,
        today=today,
        paths=_paths(score, now, today, timeline, futures),
        futures=futures,
        timeline=timeline,
        site=site,
    )


def noise(score: Score, timeline: Timeline, at: datetime, site: Site) -> Mapping[str, float]:
    """Return the SD that the noise of the measured inputs at `at` gives each output, each input moved by its own SD.

    An output in whole points moves in steps: it is moved by `_FAR` SD, and that share of the larger step is its SD.
    Empty where it can't be had.
    """
    found = gather(score, timeline, at, site)
    values = _measured_values(found)
    keys = tuple(values)

    def levels(key: str) -> Array:
        moved = np.full((4 * len(keys) + 1, 1), values[key])
        motion, row = motions()[key], 4 * keys.index(key)
        working = motion.working(values[key])
        if working is not None:
            sd = sqrt(motion.noise(values[key]))
            moved[row : row + 4, 0] = [motion.canonical(working + share * sd) for share in (1.0, -1.0, _FAR, -_FAR)]
        return moved

    paths = score_paths(score, found, levels, None)
    if isinstance(paths, Absent) or not keys:
        return {}
    whole = {output.key for output in score.outputs if output.whole}
    moves = {key: (_step if key in whole else _half)(moved[:, 0]) for key, moved in paths.items()}
    return {key: float(np.sqrt(np.nansum(move * move))) for key, move in moves.items()}


def _half(moved: Array) -> Array:
    return np.asarray((moved[0:-1:4] - moved[1:-1:4]) / 2)


def _step(moved: Array) -> Array:
    here = moved[-1]
    return np.asarray(np.fmax(np.abs(moved[2:-1:4] - here), np.abs(moved[3:-1:4] - here)) / _FAR)


def _paths(
    score: Score, now: Answer, today: tuple[Found, ...], timeline: Timeline, futures: Futures
) -> Mapping[str, Array] | Absent:
    if timeline.died_at is not None:
        return Absent(reason="died")
    if now.absent == "stale_input" or now.detail in score.excludes:
        return Absent(reason=str(now.absent), detail=now.detail)
    lacking = needed(score, timeline, timeline.as_of)
    if lacking is not None:
        return Absent(reason="missing_input", detail=lacking)
    if is_too_young(score, timeline, timeline.as_of):
        return Absent(reason="outside_population", detail="age")
    lost = _lost_signal(today, futures)
    if lost is not None:
        return Absent(reason="stale_input", detail=lost)
    return score_paths(score, today, futures.levels, futures.ages())


def _lost_signal(found: tuple[Found, ...], futures: Futures) -> str | None:
    """The first signal the inputs rest on that is no longer followed; a lasting one may stay as it is."""
    for item in found:
        is_signal = item.where is not None and item.where.kind == "signal" and not item.item.lasting
        key = item.where.key if is_signal and item.where is not None else None
        lost = key if key in motions() and key not in futures.followed else _lost_signal(item.parts, futures)
        if lost is not None:
            return lost
    return None


def _facts(found: tuple[Found, ...]) -> Iterator[Fact]:
    for item in found:
        if item.fact is not None:
            yield item.fact
        yield from _facts(item.parts)


def _measured_values(found: tuple[Found, ...]) -> dict[str, float]:
    """The canonical value of every measurement the inputs rest on, by signal."""
    values: dict[str, float] = {}
    for item in found:
        if item.where is not None and item.where.kind == "signal" and isinstance(item.value, float):
            values[item.where.key] = item.value
        values |= _measured_values(item.parts)
    return values
