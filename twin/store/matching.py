"""Who may be the same person as this new patient? Found through indexes, kept as a list that a person decides about.

Looked up by birth date, and by the name without its spelling (`name_key`) where the birth date is missing, of the same
year, or one slip of the hand away. Not found: a name and a birth date that are both written wrongly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Float, Row, cast, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.errors import TwinError
from twin.importers.base import PatientDraft
from twin.record.matching import Demographics, Match, Part, match, near_dates
from twin.record.person_name import name_key
from twin.record.timeline import Identifier
from twin.store import audit, links
from twin.store.tables import match_review, patient_identifier

Decision = Literal["linked", "dismissed"]
MOST_BLOCKED = 50  # records compared in each look-up: 1 January has thousands, and a person reads ten
_IDS = ARRAY(UUID(as_uuid=False))
MOST_CANDIDATES = 10  # rows one new patient may put on the review list


class AlreadyDecided(TwinError):
    """The pair is not open: somebody has decided, or it never was."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A record that may be the same person's; it stands for itself (a retired one is told as its survivor)."""

    patient_id: str
    match: Match


@dataclass(frozen=True, kw_only=True)
class Review:
    """An open pair: the newer record, the one that was there, and what speaks for and against."""

    id: int
    patient_id: str
    candidate_id: str
    score: float
    grade: str
    evidence: tuple[Part, ...]
    created_at: datetime


def candidates(
    connection: Connection, draft: PatientDraft, exclude: str | None = None, limit: int = MOST_CANDIDATES
) -> list[Candidate]:
    """Return the records that may be this person, the most likely first.

    Args:
        exclude: a record that is not asked about: the person's own.
    """
    return _scored(connection, {exclude or "": draft})[exclude or ""][:limit]


def note_candidates(connection: Connection, patient_id: str, draft: PatientDraft, now: datetime) -> int:
    """Put a new patient's candidates on the review list, and return how many."""
    return note_all(connection, {patient_id: draft}, now)


def note_all(connection: Connection, drafts: Mapping[str, PatientDraft], now: datetime) -> int:
    """Put the candidates of new patients (by id) on the review list in one go; a pair stands there once."""
    rows: dict[frozenset[str], dict[str, Any]] = {}
    for patient_id, found in _scored(connection, drafts).items():
        for each in found:
            rows.setdefault(
                frozenset((patient_id, each.patient_id)),
                {
                    "patient_id": patient_id, "candidate_id": each.patient_id, "score": each.match.score,
                    "grade": each.match.grade, "evidence": [asdict(part) for part in each.match.evidence],
                    "status": "open", "created_at": now,
                },
            )  # fmt: skip
    if not rows:
        return 0
    known = _pairs(connection, {patient_id for pair in rows for patient_id in pair})
    new = [row for pair, row in rows.items() if pair not in known]
    if new:
        connection.execute(upsert(match_review).on_conflict_do_nothing(), new)
    return len(new)


def reviews(connection: Connection, *, size: int, after: tuple[float, int] | None = None) -> list[Review]:
    """Return up to `size` open pairs, the most likely first; `after` is score and id of the last one seen."""
    column = match_review.c
    asked = select(match_review).where(column.status == "open").order_by(column.score.desc(), column.id).limit(size)
    if after is not None:
        last = (cast(literal(-after[0]), Float), literal(after[1]))
        asked = asked.where(tuple_(-column.score, column.id) > tuple_(*last))
    return [_review(row) for row in connection.execute(asked)]


def review(connection: Connection, review_id: int) -> Review | None:
    """Return one open pair."""
    mine = (match_review.c.id == review_id, match_review.c.status == "open")
    row = connection.execute(select(match_review).where(*mine)).one_or_none()
    return None if row is None else _review(row)


def count_open(connection: Connection) -> int:
    """Return how many pairs wait for a person."""
    waiting = select(func.count()).select_from(match_review).where(match_review.c.status == "open")
    return int(connection.execute(waiting).scalar_one())


def decide(
    connection: Connection, review_id: int, decision: Decision, *, reason: str, actor: str, now: datetime
) -> Review:
    """Note what a person decided about an open pair. The link itself is `twin.merge`'s, in the same transaction.

    Raises:
        AlreadyDecided: it is not open any more, or never was.
        CannotLink: no reason is given.
    """
    if not reason.strip():
        raise links.CannotLink("a decision about two records needs a reason")
    decided = {"status": decision, "decided_at": now, "decided_by": actor, "reason": reason.strip()}
    mine = (match_review.c.id == review_id, match_review.c.status == "open")
    row = connection.execute(update(match_review).where(*mine).values(decided).returning(match_review)).one_or_none()
    if row is None:
        raise AlreadyDecided
    for one, other in ((row.patient_id, row.candidate_id), (row.candidate_id, row.patient_id)):
        audit.append(
            connection, at=now, actor=actor, action=f"match.{decision}", patient_id=one,
            resource=f"match-review/{review_id}", detail={"with": other},
        )  # fmt: skip
    return _review(row)


def settle_group(connection: Connection, members: Sequence[str], *, reason: str, actor: str, now: datetime) -> None:
    """Close open pairs whose records are read as one by now, however that came about."""
    both = (match_review.c.patient_id.in_(members), match_review.c.candidate_id.in_(members))
    decided = {"status": "linked", "decided_at": now, "decided_by": actor, "reason": reason}
    connection.execute(update(match_review).where(match_review.c.status == "open", *both).values(decided))


def identifiers_of(connection: Connection, patient_ids: Sequence[str]) -> dict[str, tuple[Identifier, ...]]:
    """Return the identifiers of each record, record numbers first."""
    column = patient_identifier.c
    asked = select(patient_identifier).where(column.patient_id == func.any(cast(list(patient_ids), _IDS)))
    known: dict[str, tuple[Identifier, ...]] = {}
    for row in connection.execute(asked.order_by(column.kind.desc(), column.system, column.value)):
        given = Identifier(system=row.system, value=row.value, kind=row.kind)
        known[row.patient_id] = (*known.get(row.patient_id, ()), given)
    return known


def _scored(connection: Connection, drafts: Mapping[str, PatientDraft]) -> dict[str, list[Candidate]]:
    """Return the likely records of each draft with their match, the most likely first."""
    likely = []
    for row in connection.execute(_BLOCKS, _asked(drafts)):
        theirs = Demographics(name=row.name, sex=row.sex, birth_date=row.birth_date)
        if match(_described(drafts[row.asked]), theirs).grade != "certainly-not":
            likely.append((row.asked, row.id, theirs))
    best: dict[str, dict[str, Match]] = {asked: {} for asked in drafts}
    ids = sorted({patient_id for _, patient_id, _ in likely})
    known = identifiers_of(connection, ids) if ids else {}
    standing = links.survivor_of(connection, ids)
    for asked, patient_id, theirs in likely:
        found = match(_described(drafts[asked]), replace(theirs, identifiers=known.get(patient_id, ())))
        survivor = standing[patient_id]
        earlier = best[asked].get(survivor)
        if survivor != asked and (earlier is None or found.score > earlier.score):
            best[asked][survivor] = found
    return {asked: _in_order(found) for asked, found in best.items()}


def _in_order(found: Mapping[str, Match]) -> list[Candidate]:
    told = (Candidate(patient_id=patient_id, match=match) for patient_id, match in found.items())
    likely = (candidate for candidate in told if candidate.match.grade != "certainly-not")
    return sorted(likely, key=lambda candidate: (-candidate.match.score, candidate.patient_id))[:MOST_CANDIDATES]


# One look-up for all drafts. Each part is limited by itself and served by an index of its own; `asked` is the draft's
# own id, which is never its own candidate.
_BLOCKS = text(
    f"""
    with asked as (
      select id, birth, key, cast(near as date[]) as near, make_date(extract(year from birth)::int, 1, 1) as new_year
      from unnest(cast(:ids as text[]), cast(:births as date[]), cast(:keys as text[]), cast(:near as text[]))
        as a(id, birth, key, near)
    )
    select distinct a.id as asked, p.id::text, p.name, p.sex, p.birth_date from asked a cross join lateral (
      (select p.* from patient p where p.birth_date = a.birth limit {MOST_BLOCKED})
      union all
      (select p.* from patient p where p.name_key = a.key and a.key <> ''
       and (a.birth is null or p.birth_date is null or p.birth_date = any(a.near) or p.birth_date = a.new_year
         or (a.birth = a.new_year and p.birth_date between a.birth and a.birth + 365))
       limit {MOST_BLOCKED})
    ) p where p.id::text <> a.id
    """  # noqa: S608  # a constant of this module
)


def _asked(drafts: Mapping[str, PatientDraft]) -> dict[str, list[Any]]:
    births = [draft.birth_date for draft in drafts.values()]
    near = [",".join(sorted(day.isoformat() for day in near_dates(birth))) if birth else "" for birth in births]
    return {
        "ids": list(drafts), "births": births, "keys": [name_key(draft.name) for draft in drafts.values()],
        "near": [f"{{{days}}}" for days in near],
    }  # fmt: skip


def _described(draft: PatientDraft) -> Demographics:
    return Demographics(name=draft.name, sex=draft.sex, birth_date=draft.birth_date, identifiers=draft.identifiers)


def _pairs(connection: Connection, patient_ids: set[str]) -> set[frozenset[str]]:
    """Return the pairs among these records that are, or were, on the list."""
    both = (match_review.c.patient_id.in_(patient_ids), match_review.c.candidate_id.in_(patient_ids))
    rows = connection.execute(select(match_review.c.patient_id, match_review.c.candidate_id).where(*both))
    return {frozenset((row.patient_id, row.candidate_id)) for row in rows}


def _review(row: Row[Any]) -> Review:
    return Review(
        id=row.id, patient_id=row.patient_id, candidate_id=row.candidate_id, score=row.score, grade=row.grade,
        evidence=tuple(Part(**part) for part in row.evidence), created_at=row.created_at,
    )  # fmt: skip
