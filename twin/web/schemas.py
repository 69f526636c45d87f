"""What do the bodies of the JSON API look like? Pydantic here, at the edge, and nowhere behind it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from twin.store.accounts import Role
from twin.store.api_tokens import Scope

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
EXAMPLE_PATIENT = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"
EXAMPLE_RECALL = "0b7d7e0c-3d54-4b39-b0a1-52d5b2a4d9f0"


class Asked(BaseModel):
    """A body that a caller sends: a field we do not know is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class Me(BaseModel):
    """Who is calling, and what this caller may do."""

    username: Annotated[str, Field(examples=["li.wang"])]
    display_name: Annotated[str, Field(examples=["Dr Li Wang"])]
    role: Role
    language: Annotated[str, Field(examples=["zh_CN"])]
    scopes: list[Scope]


class ImportAccepted(BaseModel):
    """A file that waits for the worker."""

    id: Annotated[int, Field(examples=[42])]
    status: Literal["queued"] = "queued"
    bytes: Annotated[int, Field(examples=[133_955_584])]
    href: Annotated[str, Field(examples=["/api/v1/imports/42"])]


class ImportReport(BaseModel):
    """An import and what became of everything in it; the report is {} while it waits."""

    id: int
    source: str
    file_name: str
    format: str | None
    status: Annotated[str, Field(examples=["done"])]
    requested_by: str
    started_at: datetime
    finished_at: datetime | None
    report: Annotated[
        dict[str, object],
        Field(examples=[{"read": 12, "imported": 10, "duplicates": 1, "superseded": 0, "rejected": 1, "not_used": 0}]),
    ]


class PatientFound(BaseModel):
    """One patient of a search."""

    id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    name: Annotated[str, Field(examples=["Example, Eva"])]
    sex: str
    birth_date: date | None
    identifiers: list[tuple[str, str]]


class PatientPage(BaseModel):
    """Patients by name; `next` goes into `after` for the page that follows, and is null on the last."""

    patients: list[PatientFound]
    next: str | None


class Snapshot(BaseModel):
    """The twin as last computed. `stale_since` says that newer facts wait for the worker."""

    patient_id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    as_of: datetime | None
    computed_at: datetime | None
    stale_since: datetime | None
    revision: int
    model_version: str | None
    snapshot: dict[str, object]
    organs: list[dict[str, object]]


class RecallLine(BaseModel):
    """One open recall of the worklist."""

    id: Annotated[str, Field(examples=[EXAMPLE_RECALL])]
    patient_id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    key: Annotated[str, Field(examples=["liver/fib4>2.67"])]
    rule_id: str
    reason: Annotated[dict[str, object], Field(examples=[{"en": "FIB-4 is likely to pass 2.67"}])]
    examination: dict[str, object]
    probability: float | None
    priority: str
    verification: str
    due_from: date
    due_at: date
    overdue_at: date
    standing: Literal["upcoming", "due", "overdue", "snoozed"]
    snoozed_until: date | None
    owner: str | None
    is_approved: bool
    version: int


class RecallPage(BaseModel):
    """Open recalls by due date; `next` goes into `after` for the page that follows, and is null on the last."""

    recalls: list[RecallLine]
    next: str | None


class Action(Asked):
    """What to do with a recall. `version` is the one you saw: where it has moved on, nothing is done (409)."""

    action: Literal["approve", "assign", "snooze", "unsnooze", "close", "stop", "reopen"]
    version: Annotated[int, Field(ge=1, examples=[3])]
    owner: Annotated[Text | None, Field(description="assign: a user name; null for nobody")] = None
    until: Annotated[date | None, Field(description="snooze: the first day awake again")] = None
    until_new_data: Annotated[bool, Field(description="snooze: wake when new data come")] = False
    reason: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$", description="close, stop, reopen: a code")] = ""
    note: Text = ""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "close", "version": 3, "reason": "done_elsewhere"}]},
    )


class RecallState(BaseModel):
    """A recall after an action."""

    id: str
    state: Literal["open", "closed", "stopped"]
    version: int
    owner: str | None
    is_approved: bool
    snoozed_until: date | None
    due_from: date
    due_at: date
    overdue_at: date


class TokenAsked(Asked):
    """A token to be made, for the caller or (administrators) for another account."""

    name: Annotated[Text, Field(min_length=1, max_length=100, examples=["LIS at ward 3"])]
    scopes: Annotated[list[Scope], Field(min_length=1, examples=[["fhir.write"]])]
    expires_at: AwareDatetime | None = None
    username: Annotated[Text | None, Field(description="administrators only: whose token it is")] = None


class TokenTold(BaseModel):
    """A token without its secret."""

    id: int
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class TokenMade(TokenTold):
    """A new token; the secret is told here and never again."""

    token: Annotated[str, Field(examples=["twin_..."])]
