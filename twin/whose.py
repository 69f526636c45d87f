"""Whose is an item? The names that one source gives its patients, and whom each of them means here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from twin.importers.base import Item, Reject, Subject
from twin.record.fact import Absent
from twin.record.identity import decide as _decide
from twin.record.identity import own_name
from twin.record.matching import Demographics
from twin.record.timeline import Identifier
from twin.store import ledger, people

_REMEMBERED = 200_000  # names kept in memory; beyond, they are looked up again


@dataclass(kw_only=True, slots=True)
class Names:
    """The names met so far in one import, and the patients they mean."""

    source: str
    given: str | None
    """The patient a person named: what names nobody itself is this patient's."""
    named: dict[str, frozenset[str]] = field(default_factory=dict)
    identified: dict[tuple[str, str], str] = field(default_factory=dict)
    births: dict[str, date | None] = field(default_factory=dict)
    known_as: dict[str, Demographics] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)
    """Names that this import gives to somebody who is described as another person than the record they belong to."""

    def name(self, item: Item, patient_id: str) -> None:
        """Let every name of a patient item mean this patient."""
        assert item.patient is not None
        self.alias(item, patient_id)
        for each in (*item.patient.identifiers, own_name(self.source, item.key)):
            self.identified[each.system, each.value] = patient_id
        known = self.known_as.get(patient_id, Demographics(name="", sex="unknown", birth_date=None))
        self.known_as[patient_id] = Demographics(
            name=item.patient.name or known.name, sex=item.patient.sex,
            birth_date=item.patient.birth_date or known.birth_date,
        )  # fmt: skip
        self.births[patient_id] = self.known_as[patient_id].birth_date

    def alias(self, item: Item, patient_id: str) -> None:
        """Let the item's key and other names mean this patient; what it says of the patient is not taken."""
        for alias in (item.key, *item.aliases):
            self.named[alias] = frozenset({patient_id})

    def look_up(self, connection: Connection, items: list[Item]) -> None:
        """Learn what the names in these items mean, in a few queries for all."""
        if len(self.named) > _REMEMBERED or len(self.identified) > _REMEMBERED:
            self.named.clear()
            self.identified.clear()
            self.births.clear()
            self.known_as.clear()
        subjects = [each for item in items for each in _subjects(item)]
        keys = {key for subject in subjects for key in subject.keys} - self.named.keys()
        self.named.update(ledger.patients_by_keys(connection, self.source, keys))
        wanted = {
            (each.system, each.value): each
            for identifiers in (
                *(subject.identifiers for subject in subjects),
                *(self.identifiers(item) for item in items if item.patient is not None),
            )
            for each in identifiers
            if (each.system, each.value) not in self.identified
        }
        self.identified.update(people.find_identifiers(connection, wanted.values()))
        unknown = {*self.identified.values(), *(each for ids in self.named.values() for each in ids)}
        if self.given is not None:
            unknown.add(self.given)
        unknown -= self.births.keys()
        if unknown:
            self.known_as.update(found := people.demographics(connection, unknown))
            self.births.update({patient_id: each.birth_date for patient_id, each in found.items()})

    def identifiers(self, item: Item) -> tuple[Identifier, ...]:
        """Return a patient item's identifiers, the source's own name for it among them."""
        assert item.patient is not None
        return (*item.patient.identifiers, own_name(self.source, item.key))

    def decide(self, item: Item) -> str | Absent | None:
        """Return who a patient item describes, None for somebody new, Absent where identifiers name several."""
        assert item.patient is not None
        return _decide(item.patient.identifiers, own_name(self.source, item.key), self.identified)

    def whose(self, item: Item) -> str | None:
        """Return whose an item is, None where nobody known is meant."""
        found = self.subject(item)
        return found if isinstance(found, str) else None

    def subject(self, item: Item) -> str | Reject:
        """Return whose an item is: by the names it gives, else the patient that a person named."""
        named = self.given
        found = self.resolve(item.subject or Subject(), item.where)
        if isinstance(found, Reject):
            return named if named is not None and found.reason == "unknown_patient" else found
        if named is not None and found != named:
            return Reject(where=item.where, reason="two_patients", detail="it names another patient than the one given")
        return found

    def resolve(self, subject: Subject, where: str) -> str | Reject:
        """Return the patient that a source's own names mean."""
        names = (*subject.keys, *(f"{each.system}|{each.value}" for each in subject.identifiers))
        if self.disputed and not self.disputed.isdisjoint(names):
            return Reject(where=where, reason="conflicting_demographics", detail="see the patient in this import")
        for key in subject.keys:
            found = self.named.get(key, frozenset())
            if len(found) == 1:
                return next(iter(found))
            if found:
                return Reject(where=where, reason="ambiguous_patient", detail="the reference means several patients")
        meant = {
            self.identified[pair]
            for each in subject.identifiers
            if (pair := (each.system, each.value)) in self.identified
        }
        if len(meant) == 1:
            return meant.pop()
        if meant:
            return Reject(where=where, reason="ambiguous_patient", detail="the identifiers mean several patients")
        if not subject.keys and not subject.identifiers:
            return Reject(where=where, reason="unknown_patient", detail="names no patient")
        return Reject(where=where, reason="unknown_patient", detail="the reference means no patient known here")


def _subjects(item: Item) -> Iterator[Subject]:
    if item.subject is not None:
        yield item.subject
    if item.merge is not None:
        yield item.merge.into
        yield item.merge.retired
