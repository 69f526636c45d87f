"""Which facts do the other segments state? Visits, diagnoses, problems, allergies, procedures, medicines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from twin.importers.hl7v2.codes import codings, entity, known_first, system_of
from twin.importers.hl7v2.grammar import Segment
from twin.importers.hl7v2.header import Header
from twin.importers.hl7v2.outcome import Entry, Outcome, Refused, Unused, name_of, too_long
from twin.importers.hl7v2.person import Person
from twin.record.fact import Coding, FactDraft, FactKind
from twin.record.moment import Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What stands around a segment that its times or its meaning rest on."""

    header: Header
    person: Person
    event: Segment | None = None
    visit: Segment | None = None
    order: Segment | None = None
    timing: Segment | None = None
    """The TQ1 that follows an RXO or RXE."""


# The event of an ADT in the words of FHIR's encounter-status; others tell of a visit under way
_VISITS: Mapping[str, str] = MappingProxyType(
    {
        "A03": "finished",
        "A05": "planned",
        "A14": "planned",
        "A11": "entered-in-error",
        "A27": "entered-in-error",
        "A38": "entered-in-error",
    }
)
_DIAGNOSED = frozenset({"", "F"})  # DG1-6, table 0052: final; admitting (A) and working (W) diagnoses may be wrong
_DELETED = frozenset({"D", "DE", "X"})  # table 0206 and 0287: delete
_RX_STOPPED = frozenset({"CA", "DC", "OC", "OD", "CR", "DR"})  # ORC-1, table 0119: cancelled or discontinued


def visit(pv1: Segment, around: Around) -> Outcome:
    """Return the encounter of an ADT; the same visit number later closes it."""
    if around.header.type != "ADT":
        return Unused(reason="PV1: the visit is read from ADT messages")
    began, ended = _at(pv1, 44, around), _at(pv1, 45, around)
    if began is None:
        return Unused(reason="PV1: a visit without an admission time (PV1-44)")
    status = _VISITS.get(around.header.event, "finished" if ended is not None else "in-progress")
    number = entity(pv1.raw(19), pv1.marks)
    code = pv1.text(2)
    coding = Coding(system=system_of("HL70004", around.header.sender) if code else "", code=code)
    key = name_of("PV1", around.person.whose, number or began.start.isoformat())
    return _entry(pv1, around, "encounter", (coding,), began, key, ended=ended, status=status)


def diagnosis(dg1: Segment, around: Around) -> Outcome:
    """Return the condition of a DG1; one that is admitting or working is not final."""
    if around.header.type != "ADT":
        return Unused(reason="DG1: a reason for an order or a bill; diagnoses are read from ADT messages")
    found = codings(_first(dg1, 3), dg1.marks, around.header.sender, by=dg1.text(2))
    if not found and dg1.is_stated(4):
        found = (Coding(system="", code="", display=dg1.text(4)),)
    at = _at(dg1, 5, around) or _at(dg1, 19, around) or (_at(around.visit, 44, around) if around.visit else None)
    status = "active" if dg1.text(6).upper() in _DIAGNOSED else "provisional"
    if dg1.text(21).upper() in _DELETED:
        status = "entered-in-error"
    return _dated(dg1, around, "condition", found, at, number=entity(dg1.raw(20), dg1.marks), status=status)


def problem(prb: Segment, around: Around) -> Outcome:
    """Return the condition of a problem list's entry; its number (PRB-4) is its name through all changes."""
    found = codings(_first(prb, 3), prb.marks, around.header.sender)
    at = _at(prb, 16, around) or _at(prb, 7, around) or _at(prb, 2, around)
    ended = _at(prb, 9, around)
    deleted = prb.text(1).upper() in _DELETED
    status = "entered-in-error" if deleted else "completed" if ended is not None else "active"
    number = entity(prb.raw(4), prb.marks)
    return _dated(prb, around, "condition", found, at, number=number, ended=ended, status=status)


def allergy(al1: Segment, around: Around) -> Outcome:
    """Return the allergy of an AL1 or IAM, noted when the message was sent where it has no date of its own."""
    found = codings(_first(al1, 3), al1.marks, around.header.sender)
    numbered = al1.name == "IAM"
    at = (_at(al1, 11, around) or _at(al1, 13, around)) if numbered else _at(al1, 6, around)
    status = "entered-in-error" if numbered and al1.text(6).upper() in _DELETED else "active"
    number = entity(al1.raw(7), al1.marks) if numbered else ""
    return _dated(al1, around, "allergy", found, at or around.header.sent, number=number, status=status)


def procedure(pr1: Segment, around: Around) -> Outcome:
    """Return the procedure of a PR1."""
    if around.header.type != "ADT":
        return Unused(reason="PR1: a procedure on a bill or order; procedures are read from ADT messages")
    found = codings(_first(pr1, 3), pr1.marks, around.header.sender, by=pr1.text(2))
    if not found and pr1.is_stated(4):
        found = (Coding(system="", code="", display=pr1.text(4)),)
    status = "entered-in-error" if pr1.text(20).upper() in _DELETED else "completed"
    return _dated(
        pr1, around, "procedure", found, _at(pr1, 5, around), number=entity(pr1.raw(19), pr1.marks), status=status
    )


def given(rxa: Segment, around: Around) -> Outcome:
    """Return the medicine or vaccine that was given (RXA); refused or not given is no fact."""
    if rxa.text(20).upper() in ("RE", "NA"):  # table 0322
        return Unused(reason="RXA: refused, or not given")
    found = codings(_first(rxa, 5), rxa.marks, around.header.sender)
    deleted = rxa.text(21).upper() in _DELETED
    status = "entered-in-error" if deleted else "completed"
    return _dated(
        rxa, around, "medication", found, _at(rxa, 3, around), ended=_at(rxa, 4, around),
        number=_order_number(around), status=status,
    )  # fmt: skip


def dispensed(rxd: Segment, around: Around) -> Outcome:
    """Return the medicine that was handed out (RXD)."""
    found = codings(_first(rxd, 2), rxd.marks, around.header.sender)
    return _dated(rxd, around, "medication", found, _at(rxd, 3, around), number=_order_number(around), status="active")


def prescribed(rxe: Segment, around: Around) -> Outcome:
    """Return the medicine of a pharmacy's order (RXE), or of the request before it (RXO)."""
    field = 2 if rxe.name == "RXE" else 1
    found = codings(_first(rxe, field), rxe.marks, around.header.sender)
    timing, order = around.timing, around.order
    at = _at(timing, 7, around) if timing is not None else None
    ended = _at(timing, 8, around) if timing is not None else None
    if at is None and rxe.name == "RXE":
        at, ended = _at(rxe, 1, around, 4), _at(rxe, 1, around, 5)
    if at is None and order is not None:
        at = _at(order, 15, around) or _at(order, 9, around)
    stopped = order is not None and order.text(1).upper() in _RX_STOPPED
    return _dated(
        rxe, around, "medication", found, at, ended=ended, number=_order_number(around),
        status="stopped" if stopped else "active",
    )  # fmt: skip


READERS: Mapping[str, Callable[[Segment, Around], Outcome]] = MappingProxyType(
    {
        "PV1": visit,
        "DG1": diagnosis,
        "PRB": problem,
        "AL1": allergy,
        "IAM": allergy,
        "PR1": procedure,
        "RXA": given,
        "RXD": dispensed,
        "RXE": prescribed,
        "RXO": prescribed,
    }
)
"""Segment name to the function that states its facts."""


def _dated(
    segment: Segment, around: Around, kind: FactKind, found: tuple[Coding, ...], at: Moment | None, *, number: str,
    **more: Any,  # what `_entry` takes
) -> Outcome:  # fmt: skip
    """A fact by its number, or where it has none by its code and day."""
    if not found:
        return Refused(reason="no_date_or_code", detail=f"{segment.name} names nothing")
    if at is None:
        return Refused(reason="no_date_or_code", detail=f"{segment.name} has no date")
    told = number or (
        "-" if kind == "allergy" else at.start.strftime("%Y%m%d%H%M%S")
    )  # an allergy may get its date later
    code = f"{found[0].system}|{found[0].code or found[0].display}"
    key = name_of(segment.name, around.person.whose, told, code if told != number or kind == "medication" else "")
    return _entry(segment, around, kind, found, at, key, **more)


def _entry(
    segment: Segment,
    around: Around,
    kind: FactKind,
    found: tuple[Coding, ...],
    at: Moment,
    key: str,
    *,
    ended: Moment | None = None,
    status: str,
) -> Outcome:
    wrong = too_long(found)
    if wrong is not None:
        return wrong
    sent = around.header.sent
    coding, others = known_first(found)
    fact = FactDraft(
        kind=kind,
        coding=coding,
        other_codings=others,
        observed_at=at.start,
        ended_at=ended.start if ended is not None else None,
        known_at=max(sent.end, at.start) if sent is not None else at.end,
        known_basis="message" if sent is not None else "observed",
        where=segment.where,
        resource=key,
        status=status,
    )
    said = "|".join(f"{each.system}^{each.code}^{each.display}" for each in found)
    is_assumed = at is sent  # the message's own time is no part of what is said
    content = "|".join(
        (said, status, "" if is_assumed else at.start.isoformat(), ended.start.isoformat() if ended else "")
    )
    return Entry(key=key, content=content, facts=(fact,), version_at=around.header.sent_at)


def _at(segment: Segment, field: int, around: Around, component: int = 1) -> Moment | None:
    return around.header.clock.read(segment.text(field, component), f"{segment.name}-{field}")


def _first(segment: Segment, field: int) -> str:
    return next(iter(segment.repetitions(field)), "")


def _order_number(around: Around) -> str:
    if around.order is None:
        return ""
    return entity(around.order.raw(3), around.order.marks) or entity(around.order.raw(2), around.order.marks)
