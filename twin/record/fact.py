"""What one thing known of a patient is, as received, and when it was true and could be known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

FactKind = Literal[
    "observation",
    "condition",
    "procedure",
    "medication",
    "report",
    "imaging_study",
    "family_history",
    "allergy",
    "encounter",
    "finding",
    "death",
]
FACT_KINDS: tuple[FactKind, ...] = (
    "observation",
    "condition",
    "procedure",
    "medication",
    "report",
    "imaging_study",
    "family_history",
    "allergy",
    "encounter",
    "finding",
    "death",
)

KnownBasis = Literal["issued", "message", "observed", "received"]
"""Why `known_at` is what it is: the source's release time, the message's or document's time, or an assumed one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """No value, and why: `missing_input`, `bad_unit`, `bad_code`, `impossible_value`, `outside_population`, ..."""

    reason: str
    detail: str = ""

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Coding:
    """A code in its system (a FHIR system URI), with the words the source gave it."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a fact came from: the import, the file's SHA-256, the place in it, and the resource's name there."""

    import_id: int | None
    file_hash: str
    where: str
    resource: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """What we read out of a fact; made again by `twin remap` when a mapping changes.

    `signal` is the key of `signals.csv` for a measurement, or of `concepts.csv` for a condition, medicine, procedure
    or history. `quality` is "ok" or the reason why no model uses the value (`no_signal`, `bad_unit`, `implausible`,
    `not_numeric`, `comparator`, `not_final`).
    """

    signal: str | None
    value: float | None
    code: str | None
    quality: str
    mapping_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FactDraft:
    """A fact as an importer reads it, before it has a patient, an id and a derived part.

    `value` is kept digit for digit as text; `value_kind` says how to read it.
    `item_key` names the item within its source (`Observation/123`), several drafts may share it (components).
    """

    kind: FactKind
    coding: Coding
    other_codings: tuple[Coding, ...] = ()
    value_kind: Literal["number", "text", "code", "none"] = "none"
    value: str | None = None
    value_coding: Coding | None = None
    comparator: str | None = None
    unit: str | None = None
    observed_at: datetime
    ended_at: datetime | None = None
    known_at: datetime
    known_basis: KnownBasis
    where: str
    resource: str
    part: str = ""
    device: str | None = None
    sd: float | None = None
    status: str = "final"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One row of the record. Everything but `derived` is as received; only `superseded_at` is ever set later.

    `part` is what the importer said of the fact within its item: a genotype, a coverage, a component.
    """

    id: int
    patient_id: str
    kind: FactKind
    coding: Coding
    value_kind: str
    value: str | None
    value_coding: Coding | None
    comparator: str | None
    unit: str | None
    observed_at: datetime
    ended_at: datetime | None
    known_at: datetime
    known_basis: KnownBasis
    recorded_at: datetime
    superseded_at: datetime | None
    source: Source
    device: str | None
    sd: float | None
    status: str
    part: str = ""
    derived: Derived

    @property
    def is_used(self) -> bool:
        """True where a score or model may compute on this fact."""
        return self.derived.quality == "ok" and self.derived.signal is not None
