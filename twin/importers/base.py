"""What an import format owes: items, each of which becomes facts, or a reject or `not used` with its reason."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

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
class Item:
    """One thing read from a source: a FHIR resource, an HL7 message's result, a table's row.

    Exactly one of `facts`/`patient` (something to write), `reject` and `not_used` says what becomes of it.
    `key` is its name within the source, `fingerprint` the SHA-256 of its content: together they make an item that is
    sent twice write nothing the second time.
    """

    key: str
    fingerprint: str
    kind: str
    where: str
    aliases: tuple[str, ...] = ()
    subject: Subject | None = None
    patient: PatientDraft | None = None
    facts: tuple[FactDraft, ...] = ()
    reject: Reject | None = None
    not_used: str | None = None
    version_at: datetime | None = None
    """When the source says this version was made or released, where it says so."""
    raw: object = field(default=None, repr=False)

    def body(self) -> str:
        """The item as received, for the quarantine."""
        return self.raw if isinstance(self.raw, str) else json.dumps(self.raw, default=str, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Importer:
    """A format: `recognises` looks at the first bytes, `read` yields every item in the order of the source.

    `read(content, now)` raises UnreadableInput or UnsupportedVersion where the whole is not this format.
    """

    key: str
    title: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, datetime], Iterator[Item]]
