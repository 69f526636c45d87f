"""What a signal's curve expects besides its own values: age, treatments, diagnoses, and the signals it moves with."""

from dataclasses import dataclass
from datetime import datetime
from math import exp
from typing import Literal

from twin.forecast.futures import Followed
from twin.forecast.kernels import RAMP, READING
from twin.forecast.motion import Motion, ageing_source
from twin.forecast.starts import acting, moves
from twin.record.timeline import Timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedBy:
    """What the curve expects by a published effect: a ratio or a difference, once or a year; age has no beginning."""

    cause: str
    since: datetime | None
    until: datetime | None
    fact_id: int | None
    per: Literal["once", "year"]
    form: Literal["ratio", "difference"]
    mean: float
    source: str
    status: Literal["verified", "derived", "unverified"]


def moved_by(here: Followed, timeline: Timeline) -> tuple[MovedBy, ...]:
    """Return what acts on the curve; a treatment from before the first reading is in that reading already."""
    first = next(each.at for each in here.held.entries if each.place == here.place and each.kind == READING)
    begun = tuple(
        MovedBy(
            cause=each.effect.cause,
            since=each.since,
            until=each.until,
            fact_id=each.fact_id,
            per="year" if each.effect.kind == RAMP else "once",
            form=each.effect.form,
            mean=each.effect.mean,
            source=each.effect.source,
            status=each.effect.status,
        )
        for each in acting(timeline, here.motion.key)
        if moves(each, first, timeline.as_of)
    )
    return (*_ageing(here.motion, timeline.patient.sex), *begun)


def _ageing(motion: Motion, sex: str) -> tuple[MovedBy, ...]:
    grows, source = motion.trend(sex), ageing_source(motion.key)
    if source is None:
        return ()
    is_log = motion.scale == "log"
    return (
        MovedBy(
            cause="age",
            since=None,
            until=None,
            fact_id=None,
            per="year",
            form="ratio" if is_log else "difference",
            mean=exp(grows) if is_log else grows,
            source=source.text,
            status=source.status,
        ),
    )


def moves_with(here: Followed) -> tuple[str, ...]:
    """Return the signals it is linked with of which there is a reading."""
    read = {each.place for each in here.held.entries if each.kind == READING}
    return tuple(each.key for place, each in enumerate(here.held.group.motions) if place in read - {here.place})
