"""New values of a patient taken into what is kept: states, the outlook of the lines they move, risks and recalls.

It answers in milliseconds, so a recall does not wait for a whole twin; the page follows when the worker computes that.
What is not a plain new or corrected value of a followed signal (a diagnosis, a medicine, a death, a merge) is left to
the whole computation, and so is a patient whose states other versions made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Engine

from twin import carry, part, rescore
from twin.forecast.dynamics import Observation, update
from twin.forecast.futures import Followed, carried_to, follow_until
from twin.forecast.motion import Motion, motions
from twin.forecast.result import State
from twin.forecast.signal_panel import FOLLOWED_FOR, observations
from twin.models import serving
from twin.models.predicting import PREDICT, looks_at
from twin.models.shelf import InUse, Shelf
from twin.organs import ORGANS
from twin.record.timeline import Timeline
from twin.rescore import Rescored, forecast_settings, policy_of, version_with
from twin.settings import Settings
from twin.store import links, models, predictions, records, states
from twin.store.alerts import PostgresAlerts
from twin.store.records import News
from twin.store.states import OrganState

_UNDER_WAY = timedelta(hours=1)  # an import may end so long after the moment that it writes on what it supersedes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What one look at the database gave."""

    held: Mapping[str, OrganState]
    timeline: Timeline
    touched: frozenset[str]
    appended: frozenset[str]
    last_fact: int
    in_use: tuple[InUse, ...]


def advance(
    engine: Engine, settings: Settings, patient_id: str, *, now: datetime, shelf: Shelf | None = None
) -> Rescored | None:
    """Take what came in since into the patient's states, lines, risks and recalls; None where the whole is needed.

    One transaction: all of it is done, or nothing.
    """
    policy, chosen = policy_of(settings), forecast_settings(settings)
    with engine.begin() as connection:
        read = _read(connection, patient_id, now, shelf or Shelf())
        if read is None:
            return None
        if not read.touched:
            return Rescored()
        stored, followed = _followed(read, now)
        worked = part.work_out(read.timeline, followed, read.touched, chosen, policy)
        recalls = PostgresAlerts.within(connection)
        triggers = worked.decided.triggers
        done = rescore.judge(connection, recalls, read.timeline, triggers, policy, now=now, about=worked.keys())
        asked = tuple(each for each in read.in_use if read.touched & looks_at(each.file))
        served = serving.serve(asked, PREDICT, read.timeline, now)
        states.save(connection, _moved(read, stored, worked, now))
        predictions.save(connection, serving.to_keep(served, patient_id))
    return done


def _read(connection: Connection, patient_id: str, now: datetime, shelf: Shelf) -> _Read | None:
    held = states.of_patient(connection, patient_id)
    if held.keys() != {organ.key for organ in ORGANS}:
        return None
    in_use = shelf.in_use(connection)
    version = version_with(models.version_of(each.registered for each in in_use))
    if any(each.model_version != version or each.as_of > now for each in held.values()):
        return None
    if not links.is_alone(connection, patient_id):
        return None
    since, last = min(each.as_of for each in held.values()), min(each.last_fact for each in held.values())
    news = records.news(connection, patient_id, after=last, since=since - _UNDER_WAY, now=now)
    touched = _touched(news)
    if touched is None:
        return None
    needed = {key for organ, line in part.lines_on(touched) for key in part.rests_on(organ.key, line.key)}
    needed |= touched.union(*(looks_at(each.file) for each in in_use))
    return _Read(
        held=held,
        timeline=records.read_part(connection, patient_id, needed, now),
        touched=touched,
        appended=frozenset(touched - {each.signal for each in news if each.is_superseded}),
        last_fact=max((each.id for each in news), default=last),
        in_use=in_use,
    )


def _touched(news: Sequence[News]) -> frozenset[str] | None:
    """The signals that moved; None where something came in that is no value of a followed signal."""
    if any(each.kind not in ("observation", "finding") for each in news):
        return None
    named = {each.signal for each in news if each.signal is not None}
    return frozenset(named) if named <= motions().keys() else None


def _followed(read: _Read, now: datetime) -> tuple[dict[str, State], dict[str, Followed]]:
    """The states after the newest value of all that may be followed, and the same carried forward to `now`."""
    stored = {key: carry.state_of(each) for organ in read.held.values() for key, each in organ.signals.items()}
    if read.timeline.died_at is not None:
        return stored, {}
    followed = {}
    for key in {*stored, *read.touched}:
        motion = motions()[key]
        seen = tuple(item for _, item in observations(read.timeline, motion))
        if key in read.touched:
            fresh = _stepped(stored.get(key), motion, seen) if key in read.appended else None
            if fresh is None and not seen:
                stored.pop(key, None)
                continue
            stored[key] = fresh or follow_until(motion, seen, now).last
        if now - stored[key].at <= FOLLOWED_FOR:
            followed[key] = carried_to(motion, stored[key], seen, now)
    return stored, followed


def _stepped(state: State | None, motion: Motion, seen: tuple[Observation, ...]) -> State | None:
    """The state with what came after it, a step each; None where a value came late and the series is followed again."""
    known = 0 if state is None else state.seen
    if state is not None and (len(seen) < known or known == 0 or seen[known - 1].at != state.at):
        return None
    for each in seen[known:]:
        state, _ = update(motion, state, each)
    return state


def _moved(read: _Read, stored: Mapping[str, State], worked: part.Part, now: datetime) -> list[OrganState]:
    """What is kept of every organ, with the lines that were worked out again in the place of the old."""
    fresh = []
    for organ in ORGANS:
        held = read.held[organ.key]
        old = dict(zip(held.keys, np.frombuffer(held.lines, carry.LINE), strict=True))
        lines = {**old, **worked.lines.get(organ.key, {})}
        keys = [line.key for line in organ.thresholds if lines.get(line.key) is not None]
        packed = np.zeros(len(keys), carry.LINE)
        for place, key in enumerate(keys):
            packed[place] = lines[key]
        home = carry.at_home(organ, stored)
        fresh.append(
            replace(
                held,
                as_of=now,
                last_fact=read.last_fact,
                signals={key: carry.state_to_json(stored[key]) for key in home},
                keys=keys,
                lines=packed.tobytes(),
            )
        )
    return fresh
