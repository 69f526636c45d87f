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


class ImportProgress(BaseModel):
    """How far an import has come; `bytes_total` is the size of what was sent, packed or not."""

    items_done: Annotated[int, Field(examples=[120_000])]
    bytes_done: Annotated[int, Field(examples=[73_400_320])]
    bytes_total: Annotated[int | None, Field(examples=[133_955_584])]
    is_cancelling: bool


class ImportedFile(BaseModel):
    """One file of an archive, an import of its own."""

    id: int
    file_name: Annotated[str, Field(examples=["export.zip!Observation.ndjson"])]
    format: Annotated[str | None, Field(examples=["fhir"])]
    status: Annotated[str, Field(examples=["running"])]


class CorrectedRecall(BaseModel):
    """A recall that rested on a value which this import corrected, as it stands now."""

    id: Annotated[str, Field(examples=[EXAMPLE_RECALL])]
    patient_id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    rule_id: str
    state: Annotated[str, Field(examples=["withdrawn"])]
    is_judged: Annotated[bool, Field(description="False while the twin waits for its rescoring.")]


class ImportReport(BaseModel):
    """An import: how far it has come, and what became of everything in it so far."""

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
    progress: ImportProgress
    files: list[ImportedFile]
    recalls: list[CorrectedRecall]


class Rejected(BaseModel):
    """One item that could not be used, without what was received (`length` characters are kept)."""

    id: int
    import_id: int
    source: str
    format: str | None
    kind: str
    place: Annotated[str, Field(examples=["MSH[3].OBX[2]"])]
    reason: Annotated[str, Field(examples=["bad_unit"])]
    detail: str
    status: Annotated[str, Field(examples=["waiting"])]
    received_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None
    length: int | None


class RejectedPage(BaseModel):
    """Rejects in the order they came; `next` goes into `after` for the page that follows."""

    rejects: list[Rejected]
    next: int | None


class RejectedBody(Rejected):
    """One item that could not be used, as received."""

    body: str | None


class Replay(Asked):
    """Which rejects to try again: those named, else all that wait with this reason, source or import."""

    ids: Annotated[list[int], Field(max_length=10_000)] = []
    reason: Text | None = None
    source: Text | None = None
    import_id: int | None = None
    patient: Annotated[Text | None, Field(description="Whose they are, where a person has decided that.")] = None


class Replayed(BaseModel):
    """What a replay did; what stays has its present reason."""

    tried: Annotated[int, Field(examples=[12])]
    settled: Annotated[int, Field(examples=[11])]
    facts: Annotated[int, Field(examples=[11])]


class Dismissal(Asked):
    """Why an item is set aside for good."""

    reason: Annotated[Text, Field(min_length=3, examples=["a test patient"])]


class PatientFound(BaseModel):
    """One patient of a search; records merged into it are found as it, and named."""

    id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    name: Annotated[str, Field(examples=["Example, Eva"])]
    sex: str
    birth_date: date | None
    identifiers: list[tuple[str, str]]
    merged_from: list[str] = []


class PatientPage(BaseModel):
    """Patients by name; `next` goes into `after` for the page that follows, and is null on the last."""

    patients: list[PatientFound]
    next: str | None


class Snapshot(BaseModel):
    """The twin as last computed. `stale_since` says that newer facts wait for the worker.

    `merged_into` is set where the record asked for was merged into another: what follows is that one's.
    """

    merged_into: str | None = None
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
