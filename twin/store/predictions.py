"""What did models say of patients, and what became of them since?

The log keeps the first thing a model said of a patient at each horizon in each month: enough to judge it by, never
rewritten, and a year of daily rescoring is twelve rows. What is shown to people is the computed twin, not this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import ARRAY, UUID, Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import links
from twin.store.tables import fact, prediction

MOST = 100_000  # rows judged at once: a minute of a worker; more would tell nothing new
_SAID = ("ok", "no_signal")  # qualities of a death that stands: it has no signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One risk that a model gave: P(event within `horizon` years of `landmark` | known until then), and the inputs.

    `inputs`: by the card's input keys, None where it was missing.
    """

    patient_id: str
    organ: str
    model_id: int
    landmark: datetime
    horizon: float
    risk: float
    low: float | None
    high: float | None
    inputs: Mapping[str, float | None]
    is_shadow: bool


def save(connection: Connection, said: Iterable[Said]) -> int:
    """Keep what models said, the first of a month; return how many rows are new."""
    rows = [
        {
            "patient_id": each.patient_id, "organ": each.organ, "model_id": each.model_id, "landmark": each.landmark,
            "month": each.landmark.date().replace(day=1), "horizon": each.horizon, "risk": each.risk, "low": each.low,
            "high": each.high, "inputs": dict(each.inputs), "is_shadow": each.is_shadow,
        }
        for each in said
    ]  # fmt: skip
    if not rows:
        return 0
    statement = upsert(prediction).on_conflict_do_nothing().returning(prediction.c.id)
    return len(connection.execute(statement, rows).all())


def said_by(
    connection: Connection,
    model_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    horizon: float | None = None,
    most: int = MOST,
) -> list[Said]:
    """Return what a model said from `since` until before `until`, by patient, the oldest first.

    Of more than about `most` rows it is those of a sample of patients, always the same ones.
    """
    wanted = [prediction.c.model_id == model_id]
    if since is not None:
        wanted.append(prediction.c.landmark >= since)
    if until is not None:
        wanted.append(prediction.c.landmark < until)
    if horizon is not None:
        wanted.append(prediction.c.horizon == horizon)
    count = connection.execute(select(func.count()).select_from(prediction).where(*wanted)).scalar_one()
    if count > most:
        hashed = func.hashtextextended(cast(prediction.c.patient_id, Text), 0)
        wanted.append(hashed % ceil(count / most) == 0)
    rows = connection.execute(
        select(prediction).where(*wanted).order_by(prediction.c.patient_id, prediction.c.landmark, prediction.c.horizon)
    )
    return [Said(**{name: getattr(row, name) for name in Said.__dataclass_fields__}) for row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """What the record knows of one patient since: when each kind of event was first stated, and the last contact."""

    event_at: datetime | None
    competing_at: datetime | None
    last_contact: datetime


def courses(
    connection: Connection,
    patient_ids: Sequence[str],
    *,
    event: tuple[Sequence[str], bool],
    competing: tuple[Sequence[str], bool],
    now: datetime,
) -> dict[str, Course]:
    """Return the course of each patient as known at `now`; whoever has no fact has none.

    Args:
        event, competing: the signals (concepts, the narrower ones too) that state it, and whether death does.

    A merged record's facts count for the one it is read as.
    """
    top = links.survivor_of(connection, patient_ids)
    members = links.merged_into(connection, sorted(set(top.values())))
    reads = {survivor: (survivor, *members.get(survivor, ())) for survivor in top.values()}
    everybody = sorted({each for group in reads.values() for each in group})
    first_event = _first(connection, everybody, *event, now)
    first_competing = _first(connection, everybody, *competing, now)
    last = _last(connection, everybody, now)
    found = {}
    for patient_id in patient_ids:
        group = reads[top[patient_id]]
        seen = [last[each] for each in group if each in last]
        if seen:
            found[patient_id] = Course(
                event_at=min((first_event[each] for each in group if each in first_event), default=None),
                competing_at=min((first_competing[each] for each in group if each in first_competing), default=None),
                last_contact=max(seen),
            )
    return found


def _first(
    connection: Connection, patient_ids: Sequence[str], signals: Sequence[str], is_death: bool, now: datetime
) -> dict[str, datetime]:
    says_so = (fact.c.signal.in_(list(signals))) & (fact.c.quality == "ok")
    if is_death:
        says_so = says_so | ((fact.c.kind == "death") & fact.c.quality.in_(_SAID))
    rows = connection.execute(
        select(fact.c.patient_id, func.min(fact.c.observed_at).label("at"))
        .where(_of(patient_ids), says_so, *_stands(now))
        .group_by(fact.c.patient_id)
    )
    return {row.patient_id: row.at for row in rows}


def _last(connection: Connection, patient_ids: Sequence[str], now: datetime) -> dict[str, datetime]:
    rows = connection.execute(
        select(fact.c.patient_id, func.max(fact.c.observed_at).label("at"))
        .where(_of(patient_ids), *_stands(now))
        .group_by(fact.c.patient_id)
    )
    return {row.patient_id: row.at for row in rows}


def _of(patient_ids: Sequence[str]):  # type: ignore[no-untyped-def]  # a condition on an array of ids
    return fact.c.patient_id == func.any(cast(list(patient_ids), ARRAY(UUID(as_uuid=False))))


def _stands(now: datetime):  # type: ignore[no-untyped-def]  # conditions
    return (fact.c.known_at <= now, fact.c.observed_at <= now, fact.c.superseded_at.is_(None))
