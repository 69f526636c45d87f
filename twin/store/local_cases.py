"""This site's own cases in the bank: what readers said of regions, beside the numbers those regions looked like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, insert, select

from twin.store.tables import key_slice, local_case, study, verdict
from twin.store.verdicts import Verdict, standing

_PAGE = 1_000
NO_REGION = 0
"""Stands for a verdict that gives no case (an abnormal study, one without regions): it is not asked again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalCase:
    """One judged region; `vector` holds its numbers (float32, little-endian)."""

    verdict_id: int
    rank: int
    said: str
    vector: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A region that a verdict is about: centre and box in LPS mm."""

    rank: int
    centre_lps_mm: tuple[float, float, float]
    box_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]]


def others(connection: Connection, patient_id: str, described_by: str) -> list[LocalCase]:
    """Return the cases that stand, without those of this patient, whose CT must not be answered by itself."""
    rows = connection.execute(
        select(local_case.c.verdict_id, local_case.c.rank, verdict.c.said, local_case.c.vector)
        .join(verdict, verdict.c.id == local_case.c.verdict_id)
        .join(study, study.c.id == verdict.c.study_id)
        .where(
            verdict.c.withdrawn_at.is_(None), local_case.c.encoder == described_by, local_case.c.rank != NO_REGION,
            study.c.patient_id.is_not(None), study.c.patient_id != patient_id,
        )
        .order_by(local_case.c.verdict_id, local_case.c.rank)
    )  # fmt: skip
    return [LocalCase(**row._asdict()) for row in rows]


def waiting(connection: Connection, described_by: str, limit: int) -> list[Verdict]:
    """Return verdicts that stand and of which no numbers are kept yet, in the order in which they were said."""
    kept = select(local_case.c.verdict_id).where(local_case.c.encoder == described_by)
    known = set(connection.execute(kept).scalars())
    found: list[Verdict] = []
    after = 0
    while page := standing(connection, after=after, size=_PAGE):
        found += [each for each in page if each.id not in known]
        after = page[-1].id
        if len(found) >= limit:
            break
    return found[:limit]


def places_of(connection: Connection, said: Verdict) -> list[Place]:
    """Return which regions a verdict is about: its own, or all that were flagged in a study read as normal."""
    if said.rank is not None and said.region is not None:
        regions = [said.region]
    elif said.rank is None and said.said == "normal":
        asked = select(key_slice.c.region).where(key_slice.c.study_id == said.study_id).order_by(key_slice.c.rank)
        regions = list(connection.execute(asked).scalars())
    else:
        return []
    return [
        Place(rank=each["rank"], centre_lps_mm=each["centre_lps_mm"], box_lps_mm=each["box_lps_mm"])
        for each in regions
        if "centre_lps_mm" in each and "box_lps_mm" in each
    ]


def keep(
    connection: Connection, verdict_id: int, described_by: str, vectors: Sequence[tuple[int, bytes]], now: datetime
) -> None:
    """Keep the numbers of a verdict's regions, by rank, in place of what was kept before."""
    connection.execute(delete(local_case).where(local_case.c.verdict_id == verdict_id))
    row = {"verdict_id": verdict_id, "encoder": described_by, "made_at": now}
    rows = [row | {"rank": rank, "vector": vector} for rank, vector in vectors or [(NO_REGION, b"")]]
    connection.execute(insert(local_case), rows)


def drop_withdrawn(connection: Connection) -> int:
    """Remove the numbers of verdicts that were taken back; return how many rows that were."""
    is_withdrawn = exists().where(and_(verdict.c.id == local_case.c.verdict_id, verdict.c.withdrawn_at.is_not(None)))
    return connection.execute(delete(local_case).where(is_withdrawn)).rowcount
