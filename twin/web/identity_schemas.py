"""What do the bodies about linked records and the review list look like? Pydantic at the edge, as in `schemas`."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from twin.web.schemas import EXAMPLE_PATIENT, Asked

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$", examples=[EXAMPLE_PATIENT])]


class MergeAsked(Asked):
    """The patient of the path is to be read as part of `into` from now on."""

    into: Uuid
    reason: Annotated[Reason, Field(examples=["same person: ID card seen at the desk"])]


class UnmergeAsked(Asked):
    """The patient of the path is to stand for itself again."""

    reason: Annotated[Reason, Field(examples=["two people of one name"])]


class Merged(BaseModel):
    """A link as it was made or undone. `merged_into` is what the record is read as now; null where it is itself."""

    patient_id: Uuid
    into: Uuid
    merged_into: str | None
    reason: str


class Evidence(BaseModel):
    """One part of the demographics compared; a weight above 0 speaks for one person, in bits."""

    field: Annotated[str, Field(examples=["birth_date"])]
    level: Annotated[str, Field(examples=["day_month_swapped"])]
    weight: Annotated[float, Field(examples=[8.2])]


class Record(BaseModel):
    """One record of a pair."""

    id: Uuid
    name: Annotated[str, Field(examples=["Example, Eva"])]
    sex: str
    birth_date: date | None
    identifiers: list[tuple[str, str]]
    sources: list[str]
    facts: int
    first_at: datetime | None
    last_at: datetime | None


class MatchReview(BaseModel):
    """A pair that a person must decide about; the newer record first."""

    id: Annotated[int, Field(examples=[7])]
    score: Annotated[float, Field(ge=0, le=1, examples=[0.97])]
    grade: Annotated[str, Field(description="FHIR R4 match-grade", examples=["probable"])]
    evidence: list[Evidence]
    patient: Record
    candidate: Record
    created_at: datetime


class MatchReviewPage(BaseModel):
    """Open pairs, the most likely first; `next` goes into `after` for the page that follows, null on the last."""

    reviews: list[MatchReview]
    next: str | None


class MatchDecision(Asked):
    """`link`: they are one person, and `into` (by default the candidate) remains. `dismiss`: they are not."""

    decision: Literal["link", "dismiss"]
    reason: Annotated[Reason, Field(examples=["same address and telephone"])]
    into: Uuid | None = None


class MatchDecided(BaseModel):
    """What was decided."""

    id: int
    status: Literal["linked", "dismissed"]
