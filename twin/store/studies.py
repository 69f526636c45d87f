"""CT series in PostgreSQL: arriving, waiting for a patient or for screening, screened or refused, with key slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t

KEPT = "kept"
"""A series that is no CT (a report, a segmentation): given out again, never screened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """One received series: whose it is, and how far it has come. `revision` grows with every change of its images."""

    id: int
    patient_id: str | None
    series_uid: str
    study_uid: str
    modality: str
    path: str | None
    import_id: int
    status: str
    revision: int
    acquired_at: datetime | None
    described: Mapping[str, Any]
    tags: Mapping[str, Any]
    is_taken_back: bool = False

    @property
    def patient_told(self) -> str | None:
        """The patient id that the images name (0010,0020)."""
        values = self.tags.get("00100020", {}).get("Value") or [None]
        return str(values[0]).strip() or None if values[0] is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A picture of one flagged region."""

    rank: int
    png: bytes
    region: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSeries:
    """What a series says of itself when its first image arrives; `tags` are DICOM JSON (PS3.18 F.2)."""

    series_uid: str
    study_uid: str
    modality: str
    acquired_at: datetime | None
    described: Mapping[str, Any]
    tags: Mapping[str, Any]


def open_series(
    connection: Connection, new: NewSeries, *, patient_id: str | None, import_id: int, now: datetime
) -> tuple[Study, bool]:
    """Return the series of this UID, locked until the transaction ends, and whether it was entered now."""
    entered = connection.execute(
        upsert(t.study)
        .values(
            patient_id=patient_id, series_uid=new.series_uid, study_uid=new.study_uid, modality=new.modality,
            import_id=import_id, status="arriving", acquired_at=new.acquired_at, described=dict(new.described),
            tags=dict(new.tags), received_at=now, quiet_at=now,
        )
        .on_conflict_do_nothing(index_elements=["series_uid"])
        .returning(t.study.c.id)
    ).scalar_one_or_none()  # fmt: skip
    row = connection.execute(select(t.study).where(t.study.c.series_uid == new.series_uid).with_for_update()).one()
    return _study(row), entered is not None


def get(connection: Connection, study_id: int, *, locked: bool = False) -> Study | None:
    """Return one series; `locked` until the transaction ends."""
    asked = select(t.study).where(t.study.c.id == study_id)
    row = connection.execute(asked.with_for_update() if locked else asked).one_or_none()
    return None if row is None else _study(row)


def changed(connection: Connection, study_id: int, *, quiet_at: datetime, described: Mapping[str, Any] | None) -> None:
    """Note that images were added: the series is to be screened (again) once it has been quiet."""
    values: dict[Any, Any] = {
        "status": _WAITS, "revision": t.study.c.revision + 1, "refused": None,
        "quiet_at": func.greatest(t.study.c.quiet_at, quiet_at),
    }  # fmt: skip
    if described is not None:
        values["described"] = dict(described)
    connection.execute(update(t.study).where(t.study.c.id == study_id).values(values))


def queued(connection: Connection, limit: int, now: datetime | None = None) -> list[int]:
    """Return the series that wait to be screened and have been quiet, oldest first; those of a backfill come last."""
    moment = func.now() if now is None else now
    rows = connection.execute(
        select(t.study.c.id)
        .where(t.study.c.status == "queued", t.study.c.quiet_at <= moment)
        .order_by(_IS_BACKFILLED, t.study.c.quiet_at, t.study.c.id)
        .limit(limit)
    )
    return [row.id for row in rows]


def backfilled(connection: Connection, study_ids: Sequence[int]) -> set[int]:
    """Return those of these series that came by a backfill: nobody waits for them."""
    asked = select(t.study.c.id).where(t.study.c.id.in_(study_ids), _IS_BACKFILLED)
    return set(connection.execute(asked).scalars())


def save_screening(
    connection: Connection, study: Study, screening: Mapping[str, Any], slices: Sequence[Slice], now: datetime
) -> bool:
    """Store what was found; False where another worker was faster, or images came meanwhile."""
    won = connection.execute(
        update(t.study)
        .where(t.study.c.id == study.id, t.study.c.status == "queued", t.study.c.revision == study.revision)
        .values(status="screened", screening=dict(screening), screened_at=now)
    ).rowcount
    if won:
        connection.execute(delete(t.key_slice).where(t.key_slice.c.study_id == study.id))
        rows = [{"study_id": study.id, "rank": s.rank, "png": s.png, "region": dict(s.region)} for s in slices]
        if rows:
            connection.execute(insert(t.key_slice), rows)
    return bool(won)


def refuse(connection: Connection, study: Study, reason: str, now: datetime) -> bool:
    """Say why a series could not be screened; False where another worker was faster, or images came meanwhile."""
    won = connection.execute(
        update(t.study)
        .where(t.study.c.id == study.id, t.study.c.status == "queued", t.study.c.revision == study.revision)
        .values(status="refused", refused=reason, screening=None, screened_at=now)
    ).rowcount
    if won:
        connection.execute(delete(t.key_slice).where(t.key_slice.c.study_id == study.id))
    return bool(won)


def give(connection: Connection, study_id: int, patient_id: str | None) -> None:
    """Say whose a series is (None: a person took it back); what was seen in it is looked for again."""
    connection.execute(delete(t.key_slice).where(t.key_slice.c.study_id == study_id))
    connection.execute(
        update(t.study)
        .where(t.study.c.id == study_id)
        .values(
            patient_id=patient_id, revision=t.study.c.revision + 1, screening=None, refused=None, screened_at=None,
            is_taken_back=patient_id is None,
        )
    )  # fmt: skip
    connection.execute(update(t.study).where(t.study.c.id == study_id).values(status=_WAITS))


def hand(connection: Connection, study_id: int, patient_id: str | None) -> None:
    """Give a series, and with it the reports and segmentations that were made of it."""
    for each in (study_id, *made_of(connection, study_id)):
        give(connection, each, patient_id)


def link(connection: Connection, made: int, made_of: int) -> None:
    """Note of which series a report or a segmentation was made: they are always one patient's."""
    connection.execute(update(t.study).where(t.study.c.id == made).values(made_of=made_of))


def made_of(connection: Connection, study_id: int) -> list[int]:
    """Return the series of the reports and segmentations that were made of a series."""
    asked = select(t.study.c.id).where(t.study.c.made_of == study_id).order_by(t.study.c.id)
    return list(connection.execute(asked).scalars())


def needing_patient(connection: Connection, *, after: int = 0, size: int = 50) -> list[Any]:
    """Return the series that nobody known here owns, the oldest first: the review list, with what their tags say."""
    columns = (t.study.c.id, t.study.c.series_uid, t.study.c.study_uid, t.study.c.modality, t.study.c.acquired_at,
               t.study.c.received_at, t.study.c.described, t.study.c.tags)  # fmt: skip
    asked = select(*columns).where(t.study.c.status == "needs_patient", t.study.c.id > after)
    return list(connection.execute(asked.order_by(t.study.c.id).limit(size)))


def brought_by(connection: Connection, import_ids: Sequence[int]) -> tuple[int, int]:
    """Return how many CT series these imports brought, and how many of them still wait to be screened."""
    run = t.import_run.c
    files = select(run.id).where(run.parent_id.in_(import_ids) | run.id.in_(import_ids))
    waits = func.count().filter(t.study.c.status == "queued")
    asked = select(func.count(), waits).where(t.study.c.import_id.in_(files), t.study.c.modality == "CT")
    count, waiting = connection.execute(asked).one()
    return int(count), int(waiting)


def wanting_priors(connection: Connection, limit: int) -> list[str]:
    """Return patients with a CT whose earlier ones nobody has asked the PACS for."""
    asked = select(t.study.c.patient_id).where(
        t.study.c.status.in_(("screened", "refused")), t.study.c.priors_asked_at.is_(None),
        t.study.c.patient_id.is_not(None),
    )  # fmt: skip
    return list(connection.execute(asked.distinct().limit(limit)).scalars())


def note_priors_asked(connection: Connection, patient_id: str, now: datetime) -> None:
    """Note that the PACS was asked for this patient's CTs."""
    mine = (t.study.c.patient_id == patient_id, t.study.c.priors_asked_at.is_(None))
    connection.execute(update(t.study).where(*mine).values(priors_asked_at=now))


def images_of_study(connection: Connection, study_uid: str) -> int:
    """Return how many images of a study are kept."""
    joined = t.dicom_instance.join(t.study, t.study.c.id == t.dicom_instance.c.study_id)
    asked = select(func.count()).select_from(joined).where(t.study.c.study_uid == study_uid)
    return int(connection.execute(asked).scalar_one())


def stated(connection: Connection, source: str, key: str) -> list[int]:
    """Return the standing items of the ledger under a key."""
    item = t.import_item
    asked = select(item.c.id).where(item.c.source == source, item.c.item_key == key, item.c.superseded_at.is_(None))
    return list(connection.execute(asked).scalars())


def stated_of(connection: Connection, study: Study) -> list[int]:
    """Return the items of the ledger whose facts stand in the record of the series' patient and rest on it."""
    fact = t.fact.c
    asked = select(fact.item_id).where(
        fact.patient_id == study.patient_id, fact.resource == f"study/{study.id}", fact.superseded_at.is_(None)
    )
    return list(connection.execute(asked.distinct()).scalars())


_RUN, _WHOLE = t.import_run.alias("run"), t.import_run.alias("whole")
_IS_BACKFILLED = (
    exists()
    .where(_RUN.c.id == t.study.c.import_id, _WHOLE.c.id == _RUN.c.parent_id, _WHOLE.c.options.has_key("backfill"))
    .correlate(t.study)
)
_WAITS = case(
    (t.study.c.modality != "CT", KEPT), (t.study.c.patient_id.is_(None), "needs_patient"), else_="queued"
)  # fmt: skip


def _study(row: Row[Any]) -> Study:
    return Study(
        id=row.id, patient_id=row.patient_id, series_uid=row.series_uid, study_uid=row.study_uid, modality=row.modality,
        path=row.path, import_id=row.import_id, status=row.status, revision=row.revision, acquired_at=row.acquired_at,
        described=row.described, tags=row.tags, is_taken_back=row.is_taken_back,
    )  # fmt: skip
