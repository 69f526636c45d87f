"""What a signal's curve expects besides its own values: age, treatments, diagnoses, and the signals it moves with."""

from dataclasses import dataclass
from datetime import datetime
from math import exp
from typing import Literal

from twin.forecast.dynamics import follow
from twin.forecast.futures import Followed
from twin.forecast.kernels import RAMP, READING
from twin.forecast.motion import ageing_source
from twin.forecast.starts import acting, moves_at
from twin.record.timeline import Timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedBy:
    """What a curve takes into account by a published effect: a ratio or a difference, once or a year.

    Age has no beginning. `signal`: the one that is moved. `is_unread`: there is no reading since.
    """

    cause: str
    signal: str
    since: datetime | None
    fact_id: int | None
    per: Literal["once", "year"]
    form: Literal["ratio", "difference"]
    mean: float
    is_unread: bool
    source: str
    status: Literal["verified", "derived"]


def moved_by(here: Followed, timeline: Timeline) -> tuple[MovedBy, ...]:
    """Return what acts on the curve; a treatment from before the first reading is in that reading already."""
    first = next(each.at for each in here.held.entries if each.place == here.place and each.kind == READING)
    acted = _acted(here)
    begun = ((each, moves_at(each, first)) for each in acting(timeline, here.motion.key))
    told = tuple(
        MovedBy(
            cause=each.cause,
            signal=each.effect.signal,
            since=each.since,
            fact_id=each.fact_id,
            per="year" if each.effect.kind == RAMP else "once",
            form=each.effect.form,
            mean=each.effect.mean,
            is_unread=each.effect.kind != RAMP and at > here.newest,
            source=each.effect.source,
            status=each.effect.status,
        )
        for each, at in begun
        if at is not None and at in acted
    )
    return (*_ageing(here), *told)


def moves_with(here: Followed) -> tuple[str, ...]:
    """Return the signals it is linked with of which there is a reading."""
    read = {each.place for each in here.held.entries if each.kind == READING}
    return tuple(each.key for place, each in enumerate(here.held.group.motions) if place in read - {here.place})


def _acted(here: Followed) -> set[datetime]:
    """When something that began moved this signal; nothing does where the level stands too low for its effect."""
    entries = here.held.entries
    if not any(each.kind != READING and each.place == here.place for each in entries):
        return set()
    weights = follow(here.held.group, entries, here.held.ageing).weights
    own = ((each, weight) for each, weight in zip(entries, weights, strict=True) if each.place == here.place)
    return {each.at for each, weight in own if each.kind != READING and weight > 0}


def _ageing(here: Followed) -> tuple[MovedBy, ...]:
    motion, ageing = here.motion, here.held.ageing
    source = ageing_source(motion.key)
    if source is None or ageing is None:
        return ()
    grows, is_log = motion.trend(ageing), motion.scale == "log"
    return (
        MovedBy(
            cause="age",
            signal=motion.key,
            since=None,
            fact_id=None,
            per="year",
            form="ratio" if is_log else "difference",
            mean=exp(grows) if is_log else grows,
            is_unread=False,
            source=source.text,
            status=source.status,
        ),
    )
