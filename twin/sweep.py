"""Judging every twin again as time passes, many at once: those whose decision would be another are computed anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Engine

from twin import carry
from twin.rescore import policy_of
from twin.settings import Settings
from twin.store import states

SHARD = 2_000  # patients: some megabytes, under a second


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """How many twins of a shard were judged, and how many of them wait to be computed anew."""

    judged: int
    changed: int


def due(engine: Engine, settings: Settings, now: datetime) -> list[tuple[str, str | None]]:
    """Return the shards of twins that were not judged for `rescore_hours`: first patient, and that of the next."""
    with engine.connect() as connection:
        firsts = states.first_of_shards(connection, _before(settings, now), SHARD)
    return list(zip(firsts, (*firsts[1:], None), strict=True)) if firsts else []


def sweep(engine: Engine, settings: Settings, first: str, until: str | None, now: datetime) -> Swept:
    """Judge the twins of one shard as of `now`, on what is kept of them; a shard done twice changes nothing."""
    with engine.begin() as connection:
        found = states.shard(connection, first, until, _before(settings, now))
        counts = np.array(found.sizes, dtype=np.intp) // carry.LINE.itemsize
        lines = np.frombuffer(found.lines, dtype=carry.LINE)
        fresh = carry.decisions(lines, now.timestamp(), policy_of(settings).recall_level)
        owner = np.repeat(np.arange(len(counts)), counts)
        is_changed = np.zeros(len(counts), dtype=bool)
        is_changed[owner[fresh != lines["decision"]]] = True
        changed = [each for each, one in zip(found.patients, is_changed.tolist(), strict=True) if one]
        states.note_changed(connection, changed, now)
        stands = [each for each, one in zip(found.patients, is_changed.tolist(), strict=True) if not one]
        states.note_judged(connection, stands, now)
    return Swept(judged=len(found.patients), changed=len(changed))


def _before(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(hours=settings.rescore_hours)
