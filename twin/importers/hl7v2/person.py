"""Who is meant? PID and MRG: identifiers, name, sex, birth date, death."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from twin.importers.base import MergeDraft, PatientDraft, Subject
from twin.importers.hl7v2.clock import NotATime, day_of
from twin.importers.hl7v2.codes import LONGEST, identifier
from twin.importers.hl7v2.grammar import Segment, components, part, subcomponents
from twin.importers.hl7v2.header import Header
from twin.importers.hl7v2.outcome import Entry, Outcome, Refused, Unused, name_of
from twin.record.fact import Coding, FactDraft
from twin.record.timeline import Identifier, Sex

_MOST = 100  # identifiers of one person
NO_SUBJECT = Subject()
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}  # HL7 table 0001; the others say neither
NUL = "\0"  # stands in no text that is kept
_OF_A_VISIT = frozenset({"AN", "VN"})  # HL7 table 0203: an account or visit number; a family may share one
_FIRST_KINDS = ("MR", "PI")  # the number that a hospital calls the patient by
_REGISTRATION = "ADT"  # only the office that registers may say again that somebody lives
_DEATH = Coding(system="", code="")
_DEATH_INDICATOR = Coding(system="urn:patient-twin:local:hl7v2", code="PID-30", display="Patient Death Indicator")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """The patient a group of segments is about. `key` is "" where nobody is named."""

    segment: Segment | None = None
    identifiers: tuple[Identifier, ...] = ()
    key: str = ""
    subject: Subject = NO_SUBJECT
    whose: str = ""
    """What tells this patient's items from those of others in their keys."""
    refused: Refused | None = None
    """Why nothing of this group may be taken."""

    def is_another_than(self, other: "Person") -> bool:
        """True where both are named and share no identifier."""
        mine, others = _pairs(self.identifiers), _pairs(other.identifiers)
        return bool(mine and others and not mine & others)


def person_of(pid: Segment, header: Header, named: str) -> Person:
    """Return whom a PID names. Without an identifier, a name or birth date is a patient of this message alone.

    A PID that says nothing at all leaves its message to the patient that somebody `named` for the whole source.
    """
    identifiers = _identifiers(pid, (3, 2, 4), header)
    if len(identifiers) > _MOST or any(len(each.value) > LONGEST or len(each.system) > LONGEST for each in identifiers):
        detail = f"more than {_MOST} identifiers, or one over {LONGEST} characters"
        return Person(segment=pid, refused=Refused(reason="invalid", detail=detail))
    if identifiers:
        chosen = min(identifiers, key=lambda each: each.kind not in _FIRST_KINDS)
        key = f"patient/{chosen.system}|{chosen.value}"
    elif pid.is_stated(5) or pid.is_stated(7):
        said = (header.message_name, header.segment.raw(7), pid.raw(5), pid.raw(7), pid.raw(8))
        key = f"patient/of message/{sha256(NUL.join(said).encode()).hexdigest()}"
    else:
        return Person(segment=pid, whose=named)
    return Person(
        segment=pid,
        identifiers=identifiers,
        key=key,
        subject=Subject(keys=(key,), identifiers=identifiers),
        whose=key,
    )


def describe(person: Person, header: Header) -> Outcome:
    """Return the patient that a PID describes; a birth date that can't be read is left open (see `birth_fault`)."""
    pid = person.segment
    assert pid is not None
    if person.refused is not None:
        return person.refused
    if not person.key:
        return Refused(reason="no_identifier", detail="PID names nobody: no identifier, name or birth date")
    if header.event == "A29":
        return Unused(reason="PID: A29 asks to delete the person; that is for a person to decide")
    try:
        born = day_of(pid.text(7))
    except ValueError:
        born = None
    draft = PatientDraft(
        name=_name(pid)[:1_000],
        sex=_SEXES.get(pid.text(8).upper()[:1], "unknown"),
        birth_date=born,
        identifiers=person.identifiers,
    )
    content = "|".join((draft.name, draft.sex, str(born), *sorted(f"{i.system}|{i.value}" for i in person.identifiers)))
    aliases = tuple(f"{each.system}|{each.value}" for each in person.identifiers)
    return Entry(key=person.key, content=content, patient=draft, aliases=aliases, version_at=header.sent_at)


def birth_fault(pid: Segment) -> Refused | None:
    """Return why PID-7 can't be read, None where it can."""
    try:
        day_of(pid.text(7))
    except ValueError:
        return Refused(reason="invalid", detail="PID-7 is not a day of the calendar; the birth date is left open")
    return None


def death(person: Person, header: Header) -> Outcome | None:
    """Return what PID-29 and PID-30 say of a death, None where they say nothing.

    A death without a date stands at the time of the message: it was known then. "Not dead" is read from ADT alone, for
    other systems fill it in for everybody; as a correction it replaces the death that was told before.
    """
    pid = person.segment
    assert pid is not None
    indicator = pid.text(30).upper()
    try:
        died = header.clock.read(pid.raw(29), "PID-29")
    except NotATime as error:
        return Refused(reason="invalid", detail=str(error))
    if died is None and indicator not in ("Y", "N"):
        return None
    key = name_of("death", person.whose)
    if died is None and indicator == "N":
        if header.type != _REGISTRATION or header.sent is None:
            return None
        return Entry(
            key=key,
            content="N",
            facts=(_told(pid, _DEATH_INDICATOR, header.sent.end, header.sent.end, value="N"),),
            version_at=header.sent_at,
        )
    at = died.start if died is not None else header.sent_at
    if at is None:
        return Refused(reason="no_date_or_code", detail="a death without a date, in a message without a time")
    known = max(header.sent_at or at, at)
    told = _told(pid, _DEATH, at, known, is_message=header.sent_at is not None)
    fact = replace(told, ended_at=None if died is None else died.until)
    return Entry(key=key, content=f"Y|{died}", facts=(fact,), version_at=header.sent_at)


def merge(mrg: Segment, person: Person, header: Header) -> Outcome:
    """Return that the patient of an MRG is to be read as the one of the PID before it."""
    retired = _identifiers(mrg, (1, 4), header)  # MRG-4: the patient id of 2.2 and before
    if not person.identifiers or not retired:
        return Refused(reason="no_identifier", detail="a merge that names no identifier on one of its sides")
    if len(retired) > _MOST or any(len(each.value) > LONGEST or len(each.system) > LONGEST for each in retired):
        return Refused(reason="invalid", detail=f"more than {_MOST} identifiers, or one over {LONGEST} characters")
    if _pairs(person.identifiers) & _pairs(retired):
        return Refused(reason="invalid", detail="a merge of a patient with the same patient")
    gone = f"{retired[0].system}|{retired[0].value}"
    key = name_of("merge", gone, person.key)
    retired_subject = Subject(keys=(f"patient/{gone}",), identifiers=retired)
    return Entry(
        key=key,
        content="|".join(sorted(f"{each.system}|{each.value}" for each in retired)),
        merge=MergeDraft(into=person.subject, retired=retired_subject),
        version_at=header.sent_at,
    )


def _identifiers(segment: Segment, fields: Iterable[int], header: Header) -> tuple[Identifier, ...]:
    """Return the identifiers of the first of these fields that has any; PID-2 and PID-4 are those of old versions."""
    for number in fields:
        found = (identifier(raw, segment.marks, header.sender) for raw in segment.repetitions(number))
        kept = {(each.system, each.value): each for each in found if each and each.kind not in _OF_A_VISIT}
        if kept:
            return tuple(kept.values())
    return ()


def _name(pid: Segment) -> str:
    """Return "family, given ..." of the legal name, else of the first (XPN-7, HL7 table 0200)."""
    read = [(raw, components(raw, pid.marks)) for raw in pid.repetitions(5)]
    if not read:
        return ""
    raw, said = next((each for each in read if part(each[1], 7) == "L"), read[0])
    family = part(subcomponents(raw, 1, pid.marks), 1)
    given = " ".join(name for name in (part(said, 2), part(said, 3)) if name)
    return ", ".join(name for name in (family, given) if name)


def _told(
    pid: Segment, coding: Coding, at: datetime, known_at: datetime, *, value: str | None = None, is_message: bool = True
) -> FactDraft:
    return FactDraft(
        kind="death" if value is None else "observation",
        coding=coding,
        value_kind="none" if value is None else "code",
        value=value,
        observed_at=at,
        known_at=known_at,
        known_basis="message" if is_message else "observed",
        where=pid.where,
        resource="PID",
        part="PID-30" if value else "PID-29",
    )


def _pairs(identifiers: Iterable[Identifier]) -> set[tuple[str, str]]:
    return {(each.system, each.value) for each in identifiers}
