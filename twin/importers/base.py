"""What an import format owes: items, each of which becomes facts, or a reject or `not used` with its reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Literal

from twin.importers.content import Content
from twin.record.fact import FactDraft
from twin.record.timeline import Identifier, Sex

DEFAULT_SOURCE = "default"
"""The source of what is sent without naming one, by whichever way: the same item is then the same item."""

Outcome = Literal["imported", "duplicate", "superseded", "rejected", "not_used"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """An item that could not become facts: where it stood, why, and a detail without patient values."""

    where: str
    reason: str
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        """The form of the report: the reason with its detail."""
        return {"where": self.where, "reason": f"{self.reason}: {self.detail}" if self.detail else self.reason}


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientDraft:
    """A patient as a source describes one. `identifiers` decide who it is."""

    name: str
    sex: Sex
    birth_date: date | None
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Whom an item is about: names by which the patient may be found, tried in order."""

    keys: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeDraft:
    """A source says that two of its patients are one (HL7 v2 ADT^A40): `retired` is to be read as `into`."""

    into: Subject
    retired: Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing read from a source: a FHIR resource, an HL7 message's result, a table's row.

    Exactly one of `facts`/`patient`/`merge` (something to write), `reject` and `not_used` says what becomes of it.
    `key` is its name within the source, `fingerprint` the SHA-256 of its content: together they make an item that is
    sent twice write nothing the second time, and the same key with other content a correction.
    """

    key: str
    fingerprint: str
    kind: str
    where: str
    aliases: tuple[str, ...] = ()
    subject: Subject | None = None
    patient: PatientDraft | None = None
    facts: tuple[FactDraft, ...] = ()
    merge: MergeDraft | None = None
    reject: Reject | None = None
    not_used: str | None = None
    version_at: datetime | None = None
    """When the source says this version was made or released, where it says so."""
    sent_at: datetime | None = None
    """The source's own time (message, document, export): nothing in it can have been measured later than this."""
    body: str = field(default="", repr=False)
    """A piece of the same format, as received, that reads to this item again: kept where the item is refused."""
    resource: str | None = field(default=None, repr=False)
    """A FHIR resource exactly as it came, to be read back digit for digit; None for other formats."""
    tokens: tuple[str, ...] = ()
    """Business identifiers (`system|value`) of a kept resource, for conditional requests."""
    unless: tuple[str, ...] = ()
    """Written only where no kept resource of this kind bears one of these (FHIR conditional create, ifNoneExist)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the sender said of a whole source, beside its bytes."""

    now: datetime
    zone: tzinfo = UTC
    """Times without an offset are the clock of this zone."""
    is_shifted: bool = False
    """The source shifts its dates (de-identified data): they may lie in the future."""
    mapping: str | None = None
    """For tables: the text of a `mapping.toml`, or the name of a ready mapping."""
    sample: str | None = None
    """For files of several people (VCF): the one that is meant."""
    patient: str | None = None
    """The patient a person named; what names nobody itself is this patient's."""
    knowledge: tuple[Any, ...] = ()
    """Reference files of this instance that a format applies (polygenic scoring files), as that format reads them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Importer:
    """A format: `recognises(head, name)` looks at the first bytes, `read` yields every item in the source's order.

    `read(content, context)` raises UnreadableInput or UnsupportedVersion where the whole is not this format; what is
    wrong with one item is that item's reject. It reads piece by piece where files of the format can be large, and gives
    the same items in the same order every time: an import that was killed goes on where it stopped.
    """

    key: str
    title: str
    recognises: Callable[[bytes, str], bool]
    read: Callable[[Content, Context], Iterator[Item]]
    order: Callable[[Content], int] = lambda content: 0
    """Of several files that come together the lower are read first: patients before their results."""
