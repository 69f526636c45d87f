"""What is kept of each patient's organs between computations: states of signals, and the outlook of lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Text,
    bindparam,
    cast,
    exists,
    func,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t
from twin.store.links import is_alone, is_retired

_IDS = ARRAY(UUID(as_uuid=False))


@dataclass(frozen=True, slots=True)
class OrganState:
    """One organ of one patient as it stands at `as_of` on facts up to `last_fact`; `lines` packed by who computes."""

    patient_id: str
    organ: str
    as_of: datetime
    model_version: str
    last_fact: int
    signals: Mapping[str, Mapping[str, Any]]
    keys: Sequence[str]
    lines: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Twins that nothing was learnt of: (N,) patients, the bytes of lines of each, and these one after another."""

    patients: tuple[str, ...]
    sizes: tuple[int, ...]
    lines: bytes


# statements of the hot path, built once
_KEPT = t.organ_state.c
_NAMES = tuple(OrganState.__dataclass_fields__)
_PATIENT = bindparam("patient", type_=UUID(as_uuid=False))
_OF = select(*(_KEPT[name] for name in _NAMES)).where(_KEPT.patient_id == _PATIENT)
_VERSION = t.patient_version.c
_DESCRIBED_SINCE = exists().where(_VERSION.patient_id == _KEPT.patient_id, _VERSION.known_at > _KEPT.as_of)
_OF_ALONE = _OF.where(is_alone(_PATIENT), ~_DESCRIBED_SINCE)
_NEW = upsert(t.organ_state)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=["patient_id", "organ"],
    set_={name: _NEW.excluded[name] for name in _NAMES if name not in ("patient_id", "organ")},
    where=_KEPT.as_of <= _NEW.excluded.as_of,
)
_TOUCH = (
    update(t.organ_state)
    .where(
        _KEPT.patient_id == _PATIENT,
        _KEPT.organ == func.any(bindparam("organs", type_=ARRAY(Text))),
        _KEPT.as_of <= bindparam("now", type_=DateTime(timezone=True)),
    )
    .values(
        as_of=bindparam("now", type_=DateTime(timezone=True)),
        last_fact=func.greatest(_KEPT.last_fact, bindparam("last", type_=BigInteger)),
    )
)


def save(connection: Connection, states: Iterable[OrganState]) -> None:
    """Keep states; one that is newer already stays."""
    rows = [{name: getattr(each, name) for name in _NAMES} for each in states]
    if not rows:
        return
    connection.execute(_SAVE, rows)


def of_patient(connection: Connection, patient_id: str) -> dict[str, OrganState]:
    """Return what is kept of a patient, by organ."""
    rows = connection.execute(_OF, {"patient": patient_id})
    return {row.organ: OrganState(*row) for row in rows}


def of_alone(connection: Connection, patient_id: str) -> dict[str, OrganState]:
    """Return the same of a record that was never merged with another, in either way, nor described anew since."""
    rows = connection.execute(_OF_ALONE, {"patient": patient_id})
    return {row.organ: OrganState(*row) for row in rows}


def touch(connection: Connection, patient_id: str, organs: Iterable[str], as_of: datetime, last_fact: int) -> None:
    """Note that what is kept of these organs stands, on facts up to `last_fact`."""
    connection.execute(_TOUCH, {"patient": patient_id, "organs": sorted(organs), "now": as_of, "last": last_fact})


def last_fact(connection: Connection, patient_ids: Sequence[str]) -> int:
    """Return the highest id of these records' facts, 0 where there is none."""
    mine = t.fact.c.patient_id == func.any(cast(list(patient_ids), _IDS))
    return int(connection.execute(select(func.coalesce(func.max(t.fact.c.id), 0)).where(mine)).scalar_one())


def first_of_shards(connection: Connection, before: datetime, size: int) -> list[str]:
    """Return the first patient of each shard of twins that were last judged before `before`, in order."""
    numbered = (
        select(t.twin.c.patient_id, func.row_number().over(order_by=t.twin.c.patient_id).label("n"))
        .where(*_due(before))
        .subquery()
    )
    first = select(numbered.c.patient_id).where(numbered.c.n % size == (1 if size > 1 else 0))
    return list(connection.execute(first.order_by(numbered.c.patient_id)).scalars())


def shard(connection: Connection, first: str, until: str | None, before: datetime) -> Shard:
    """Return the twins from patient `first` until before `until` that were last judged before `before`."""
    rows = connection.execute(
        select(
            t.twin.c.patient_id,
            func.coalesce(func.sum(func.length(t.organ_state.c.lines)), 0).label("size"),
            func.coalesce(func.string_agg(t.organ_state.c.lines, text("''::bytea")), text("''::bytea")).label("lines"),
        )
        .join(t.organ_state, t.organ_state.c.patient_id == t.twin.c.patient_id, isouter=True)
        .where(*_due(before), *_between(first, until))
        .group_by(t.twin.c.patient_id)
    ).all()
    return Shard(
        patients=tuple(row.patient_id for row in rows),
        sizes=tuple(row.size for row in rows),
        lines=b"".join(row.lines for row in rows),
    )


def note_judged(connection: Connection, patient_ids: Sequence[str], now: datetime) -> None:
    """Note that twins were judged and stand."""
    _of(connection, patient_ids, {"judged_at": now})


def note_changed(connection: Connection, patient_ids: Sequence[str], now: datetime) -> None:
    """Mark twins stale whose judgement is another by now."""
    _of(connection, patient_ids, {"judged_at": now, "stale_since": now})


def _of(connection: Connection, patient_ids: Sequence[str], values: Mapping[str, datetime]) -> None:
    if patient_ids:
        mine = t.twin.c.patient_id == func.any(cast(list(patient_ids), _IDS))
        connection.execute(update(t.twin).where(mine, t.twin.c.stale_since.is_(None)).values(**values))


def _due(before: datetime) -> tuple[ColumnElement[bool], ...]:
    column = t.twin.c
    return column.stale_since.is_(None), column.judged_at < before, ~is_retired(column.patient_id)


def _between(first: str, until: str | None) -> tuple[ColumnElement[bool], ...]:
    column = t.twin.c.patient_id
    return (column >= first,) if until is None else (column >= first, column < until)
