"""What readers say of a flagged region, or of a whole series: each a row that can be withdrawn, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, insert, select, update

from twin.errors import TwinError
from twin.store.tables import key_slice, study, verdict

OfRegion = Literal["suspicious", "harmless", "artefact", "normal_tissue"]
OfStudy = Literal["normal", "abnormal"]
LONGEST_NOTE = 2_000  # characters


class BadVerdict(TwinError):
    """This can't be said of this series."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One reader's word; on the whole series where `rank` is None. `region` is the place as it was shown."""

    id: int
    study_id: int
    rank: int | None
    region: Mapping[str, Any] | None
    said: str
    note: str
    said_by: str
    said_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def add(
    connection: Connection, study_id: int, said: str, *, rank: int | None = None, by: str, now: datetime, note: str = ""
) -> Verdict:
    """Write down what a reader says of a region (its `rank`) or of the whole series; an earlier word is withdrawn.

    The region is copied beside it: a later screening may number its regions otherwise.

    Raises:
        BadVerdict: an unknown word, series or region, or an endless note.
    """
    known = get_args(OfStudy) if rank is None else get_args(OfRegion)
    if said not in known:
        raise BadVerdict(f"{said!r} is no verdict here; known: {', '.join(known)}")
    if len(note) > LONGEST_NOTE:
        raise BadVerdict(f"a note has at most {LONGEST_NOTE} characters")
    locked = select(study.c.id).where(study.c.id == study_id, study.c.modality == "CT").with_for_update()
    if connection.execute(locked).one_or_none() is None:
        raise BadVerdict("no such CT series")
    region = None if rank is None else _region(connection, study_id, rank)
    same_place = verdict.c.rank.is_(None) if rank is None else verdict.c.rank == rank
    connection.execute(
        update(verdict)
        .where(
            verdict.c.study_id == study_id, same_place, verdict.c.said_by == by, verdict.c.withdrawn_at.is_(None)
        )
        .values(withdrawn_by=by, withdrawn_at=now)
    )  # fmt: skip
    row = {"study_id": study_id, "rank": rank, "region": region, "said": said, "note": note}
    made = insert(verdict).values(**row, said_by=by, said_at=now).returning(verdict)
    return _verdict(connection.execute(made).one())


def withdraw(connection: Connection, verdict_id: int, *, by: str, now: datetime) -> Verdict | None:
    """Take a verdict back and return it; None where it does not stand."""
    standing = (verdict.c.id == verdict_id, verdict.c.withdrawn_at.is_(None))
    taken_back = update(verdict).where(*standing).values(withdrawn_by=by, withdrawn_at=now).returning(verdict)
    row = connection.execute(taken_back).one_or_none()
    return None if row is None else _verdict(row)


def of_study(connection: Connection, study_id: int, *, withdrawn_too: bool = False) -> list[Verdict]:
    """Return what was said of a series and its regions, in the order in which it was said."""
    asked = select(verdict).where(verdict.c.study_id == study_id).order_by(verdict.c.id)
    if not withdrawn_too:
        asked = asked.where(verdict.c.withdrawn_at.is_(None))
    return [_verdict(row) for row in connection.execute(asked)]


def standing(connection: Connection, *, after: int = 0, size: int = 1_000) -> list[Verdict]:
    """Return verdicts that stand, by id from `after` on: what a local bank of cases is made of."""
    asked = select(verdict).where(verdict.c.id > after, verdict.c.withdrawn_at.is_(None)).order_by(verdict.c.id)
    return [_verdict(row) for row in connection.execute(asked.limit(size))]


def _region(connection: Connection, study_id: int, rank: int) -> Mapping[str, Any]:
    asked = select(key_slice.c.region).where(key_slice.c.study_id == study_id, key_slice.c.rank == rank)
    found = connection.execute(asked).scalar_one_or_none()
    if found is None:
        raise BadVerdict("the series has no region of this rank")
    region: Mapping[str, Any] = found
    return region


def _verdict(row: Row[Any]) -> Verdict:
    return Verdict(**row._asdict())
