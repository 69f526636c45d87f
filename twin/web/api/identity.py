"""Which records are one person? Merge and part records, and decide about the pairs of the review list."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from twin import merge
from twin.store import links, matching, people, sides
from twin.web.api.cursor import pack, unpack
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, audited, record_access, scope
from twin.web.errors import BadRequest
from twin.web.identity_schemas import (
    Evidence,
    MatchDecided,
    MatchDecision,
    MatchReview,
    MatchReviewPage,
    MergeAsked,
    Merged,
    Record,
    UnmergeAsked,
)

router = APIRouter()

MayLink = Annotated[Actor, Depends(scope("patient.write"))]
ReviewId = Annotated[int, Path(ge=1, lt=2**63)]


@router.post("/patients/{patient_id}/merge")
def merge_patient(
    asked: MergeAsked,
    actor: MayLink,
    patient_id: Annotated[str, Depends(audited("patient.merge"))],
    engine: EngineDep,
    now: Now,
) -> Merged:
    """Let the record be read as part of another. It can be undone; 409 where the two can't be linked."""
    with engine.begin() as connection:
        into = people.get_patient(connection, _canonical(asked.into)).id
        link = merge.merge_in(connection, patient_id, into, reason=asked.reason, actor=actor.name, now=now)
        survivor = links.survivor_of(connection, [patient_id])[patient_id]
    return Merged(patient_id=patient_id, into=link.into_id, merged_into=survivor, reason=link.reason)


@router.post("/patients/{patient_id}/unmerge")
def unmerge_patient(
    asked: UnmergeAsked,
    actor: MayLink,
    patient_id: Annotated[str, Depends(audited("patient.unmerge"))],
    engine: EngineDep,
    now: Now,
) -> Merged:
    """Undo the merge of a record: facts, twins and recalls part again. 409 where the record is not merged."""
    link = merge.unmerge(engine, patient_id, reason=asked.reason, actor=actor.name, now=now)
    return Merged(patient_id=patient_id, into=link.into_id, merged_into=None, reason=asked.reason)


@router.get("/match-reviews")
def listed(
    actor: Annotated[Actor, Depends(scope("record.read"))],
    engine: EngineDep,
    now: Now,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=1000)] = None,
) -> MatchReviewPage:
    """Pairs of records that may be one person's, the most likely first. Each one shown leaves a row in the audit."""
    with engine.begin() as connection:
        found = matching.reviews(connection, size=size, after=last_seen(after))
        known = sides.sides(connection, [whose for each in found for whose in (each.patient_id, each.candidate_id)])
        for patient_id in known:
            record_access(connection, actor, "match.list", patient_id, "GET /api/v1/match-reviews", now=now)
    return MatchReviewPage(
        reviews=[_told(each, known) for each in found],
        next=pack(repr(found[-1].score), str(found[-1].id)) if len(found) == size else None,
    )


@router.post("/match-reviews/{review_id}")
def decide(review_id: ReviewId, asked: MatchDecision, actor: MayLink, engine: EngineDep, now: Now) -> MatchDecided:
    """Decide about a pair; where somebody was faster, nothing is done (409)."""
    is_same = asked.decision == "link"
    into = _canonical(asked.into) if asked.into else None
    merge.decide_review(
        engine, review_id, is_same=is_same, reason=asked.reason, actor=actor.name, now=now, into_id=into
    )
    return MatchDecided(id=review_id, status="linked" if is_same else "dismissed")


def last_seen(after: str | None) -> tuple[float, int] | None:
    """Return score and number of the last pair of the page before.

    Raises:
        BadRequest: this is no cursor of ours.
    """
    if after is None:
        return None
    score, number = unpack(after, 2)
    try:
        return float(score), int(number)
    except ValueError as error:
        raise BadRequest("`after` is not a cursor of this list") from error


def _told(review: matching.Review, known: Mapping[str, sides.Side]) -> MatchReview:
    return MatchReview(
        id=review.id,
        score=review.score,
        grade=review.grade,
        evidence=[Evidence(field=part.field, level=part.level, weight=part.weight) for part in review.evidence],
        patient=_record(known[review.patient_id]),
        candidate=_record(known[review.candidate_id]),
        created_at=review.created_at,
    )


def _record(side: sides.Side) -> Record:
    return Record(
        id=side.id,
        name=side.name,
        sex=side.sex,
        birth_date=side.birth_date,
        identifiers=[(each.system, each.value) for each in side.identifiers],
        sources=list(side.sources),
        facts=side.facts,
        first_at=side.first_at,
        last_at=side.last_at,
    )


def _canonical(patient_id: str) -> str:
    try:
        return str(UUID(patient_id))
    except ValueError as error:
        raise BadRequest("this is no patient id") from error
