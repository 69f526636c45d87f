"""New values of a patient taken into what is kept: states, the outlook of the lines they move, risks and recalls.

It answers in milliseconds, so a recall does not wait for a whole twin; the page follows when the worker computes that.
What is not a plain new or corrected value of a followed signal (a diagnosis, a medicine, a genotype, a death, a merge)
is left to the whole computation, and so is a patient whose states other versions made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from twin import carry, part, rescore
from twin.forecast.dynamics import Entry, GroupState, follow, update
from twin.forecast.following import ageing_of, entries_of, is_followed, observations
from twin.forecast.futures import Followed, Held
from twin.forecast.genes import variants_of
from twin.forecast.group import Group, groups, with_linked
from twin.forecast.motion import motions
from twin.models import serving
from twin.models.predicting import PREDICT, looks_at
from twin.models.shelf import InUse, Shelf
from twin.organs import ORGANS
from twin.organs.base import Organ
from twin.record.fact import Fact
from twin.record.timeline import Timeline
from twin.rescore import Rescored, forecast_settings, policy_of, version_with
from twin.settings import Settings
from twin.store import models, predictions, records, states
from twin.store.alerts import PostgresAlerts
from twin.store.records import News
from twin.store.states import OrganState

_UNDER_WAY = timedelta(hours=1)  # an import may end so long after the moment that it writes on what it supersedes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What one look at the database gave; `moved` are the signals that came in and those that move with them."""

    held: Mapping[str, OrganState]
    timeline: Timeline
    news: tuple[News, ...]
    moved: frozenset[str]
    needed: frozenset[str]
    in_use: tuple[InUse, ...]

    def is_new(self, fact: Fact) -> bool:
        """Return True where the kept states do not hold a fact yet."""
        last, as_of = _until(self.held)
        return fact.id > last or fact.known_at > as_of


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
        if not read.news:
            return Rescored()
        stored, followed = _followed(read, now)
        worked = part.work_out(read.timeline, followed, read.moved, chosen, policy)
        recalls = PostgresAlerts.within(connection)
        done = rescore.judge(connection, recalls, read.timeline, worked.triggers, policy, now=now, about=worked.keys())
        asked = tuple(each for each in read.in_use if read.moved & looks_at(each.file))
        served = serving.serve(asked, PREDICT, read.timeline, now)
        _keep(connection, read, stored, worked, now)
        predictions.save(connection, serving.to_keep(served, patient_id))
    return done


def _read(connection: Connection, patient_id: str, now: datetime, shelf: Shelf) -> _Read | None:
    held = states.of_alone(connection, patient_id)
    if held.keys() != {organ.key for organ in ORGANS}:
        return None
    in_use = shelf.in_use(connection)
    version = version_with(models.version_of(each.registered for each in in_use))
    if any(each.model_version != version or each.as_of > now for each in held.values()):
        return None
    last, since = _until(held)
    news = records.news(connection, patient_id, after=last, since=since, superseded_since=since - _UNDER_WAY, now=now)
    touched = _touched(news)
    if touched is None:
        return None
    moved = with_linked(touched)
    lines_need = (part.rests_on(organ.key, line.key) for organ, line in part.lines_on(moved))
    needed = with_linked(moved.union(*lines_need, *(looks_at(each.file) for each in in_use)))
    return _Read(
        held=held,
        timeline=records.read_part(connection, patient_id, needed, variants_of(needed), now),
        news=news,
        moved=moved,
        needed=needed,
        in_use=in_use,
    )


def _until(held: Mapping[str, OrganState]) -> tuple[int, datetime]:
    """The highest fact that the kept states hold, and when they were made."""
    return min(each.last_fact for each in held.values()), min(each.as_of for each in held.values())


def _touched(news: Sequence[News]) -> frozenset[str] | None:
    """The signals that came in; None where something came in that moves one and is no value of it."""
    if any(each.kind not in ("observation", "finding") for each in news):
        return None
    if variants_of(motions()) & {each.variant for each in news}:
        return None
    named = {each.signal for each in news if each.signal is not None}
    return frozenset(named) if named <= motions().keys() else None


def _followed(read: _Read, now: datetime) -> tuple[dict[str, GroupState], dict[str, Followed]]:
    """The states after the newest entry of the groups that are needed, by name; and their signals as of `now`."""
    kept = {name: written for organ in read.held.values() for name, written in organ.signals.items()}
    stored: dict[str, GroupState] = {}
    followed: dict[str, Followed] = {}
    late = frozenset(each.signal for each in read.news if each.is_superseded)
    for group in groups(read.needed & motions().keys()):
        seen = {each.key: observations(read.timeline, each) for each in group.motions}
        entries = entries_of(read.timeline, group, seen)
        if not entries:
            continue
        state = carry.state_of(kept[group.name]) if group.name in kept and not late & set(group.keys) else None
        rests_on = [pair for each in seen.values() for pair in each]
        if state is not None and any(item.at <= state.at and read.is_new(fact) for fact, item in rests_on):
            state = None  # a value that came late: all is followed again
        ageing = ageing_of(read.timeline, group, entries[0].at)
        last = follow(group, entries, ageing).last if state is None else _stepped(state, group, entries)
        held = Held.until(now, group, entries, last, ageing)
        for place, each in enumerate(group.motions):
            if is_followed(read.timeline, seen[each.key]):
                followed[each.key] = held.follow(place, seen[each.key][-1][1].at)
                stored[group.name] = last
    return stored, followed


def _stepped(state: GroupState, group: Group, entries: Sequence[Entry]) -> GroupState:
    """The state with what came after it, a step each."""
    kept_until = state.at
    for each in entries:
        if each.at > kept_until:
            state, _ = update(group, state, each)
    return state


def _keep(
    connection: Connection, read: _Read, stored: Mapping[str, GroupState], worked: part.Part, now: datetime
) -> None:
    """Keep the states that moved, and the lines that were worked out again in the place of the old."""
    last_fact = max(each.id for each in read.news)
    moved = {group.name for group in groups(read.moved)}
    fresh, stand = [], []
    for organ in ORGANS:
        held = read.held[organ.key]
        home = carry.at_home(organ, moved)
        if not home and organ.key not in worked.lines:
            stand.append(organ.key)
            continue
        signals = {name: each for name, each in held.signals.items() if name not in home}
        signals |= {name: carry.state_to_json(stored[name]) for name in home if name in stored}
        keys, lines = _lines(organ, held, worked.lines.get(organ.key, {}))
        last = max(last_fact, held.last_fact)
        fresh.append(replace(held, as_of=now, last_fact=last, signals=signals, keys=keys, lines=lines))
    states.save(connection, fresh)
    states.touch(connection, read.timeline.patient.id, stand, now, last_fact)


def _lines(organ: Organ, held: OrganState, fresh: Mapping[str, NDArray[np.void] | None]) -> tuple[list[str], bytes]:
    """The keys of an organ's lines, and the lines packed; a fresh line in the place of the old."""
    old = np.frombuffer(held.lines, carry.LINE)
    lines: dict[str, NDArray[np.void] | None] = {key: old[place : place + 1] for place, key in enumerate(held.keys)}
    lines |= fresh
    kept = [(line.key, row) for line in organ.thresholds if (row := lines.get(line.key)) is not None]
    return [key for key, _ in kept], b"".join(row.tobytes() for _, row in kept)
