"""Which report does a document message (MDM) bring? TXA with the words of its OBX."""

from collections.abc import Mapping
from types import MappingProxyType

from twin.importers.hl7v2.codes import codings, entity, known_first, system_of
from twin.importers.hl7v2.grammar import Segment
from twin.importers.hl7v2.history import Around
from twin.importers.hl7v2.outcome import Entry, Outcome, Refused, Unused, name_of, too_long
from twin.importers.hl7v2.value import values
from twin.record.fact import Coding, FactDraft, KnownBasis

_WORDS = frozenset({"TX", "FT", "ST", "ED"})
_FINAL = frozenset({"AU", "LA"})  # TXA-17, HL7 table 0271: authenticated, legally authenticated
_REPLACED = frozenset({"T09", "T10"})  # the document takes the place of its parent
_CANCELLED = "T11"
_STATUSES: Mapping[str, str] = MappingProxyType({"CA": "entered-in-error", "OB": "entered-in-error"})  # TXA-19 0273


def is_part(obx: Segment) -> bool:
    """True where an OBX of a document message holds words of the document, not a measurement."""
    return obx.text(2).upper() in _WORDS


def report(txa: Segment, parts: tuple[Segment, ...], obr: Segment | None, around: Around) -> Outcome:
    """Return the report of a TXA. Its name is the document's number, of a replacement that of what it replaces."""
    header = around.header
    number = entity(txa.raw(12), txa.marks)
    if header.event in _REPLACED:
        number = entity(txa.raw(13), txa.marks) or number
    if not number:
        return Refused(reason="invalid", detail="TXA-12 names no document")
    read = [values(part, header.sender, has_unit=False) for part in parts]
    text = "\n".join(value.value for each in read if isinstance(each, tuple) for value in each if value.value)
    cancelled = header.event == _CANCELLED or txa.text(19).upper() in _STATUSES
    if not text and not cancelled:
        return Unused(reason="TXA: a notice of a document; its words did not come with it")
    at = header.clock.read(txa.text(4), "TXA-4")
    if at is None and obr is not None:
        at = header.clock.read(obr.text(7), "OBR-7")
    at = at or header.clock.read(txa.text(6), "TXA-6") or header.sent
    if at is None:
        return Refused(reason="no_date_or_code", detail="no time in TXA-4, OBR-7, TXA-6 or MSH-7")
    found = codings(obr.raw(4), obr.marks, header.sender) if obr is not None else ()
    if not found:
        found = (_kind_of_document(txa, header.sender),)
    wrong = too_long(found, number)
    if wrong is not None:
        return wrong
    signed = header.clock.read(txa.text(22, 15), "TXA-22") or header.clock.read(txa.text(8), "TXA-8")
    basis: KnownBasis = "issued" if signed else "message" if header.sent else "observed"
    known = (signed or header.sent or at).end
    status = "entered-in-error" if cancelled else "final" if txa.text(17).upper() in _FINAL else "preliminary"
    coding, others = known_first(found)
    key = name_of("TXA", around.person.whose, number)
    fact = FactDraft(
        kind="report",
        coding=coding,
        other_codings=others,
        value_kind="text" if text else "none",
        value=text or None,
        observed_at=at.start,
        known_at=max(known, at.start),
        known_basis=basis,
        where=txa.where,
        resource=key,
        status=status,
    )
    content = "|".join((f"{coding.system}^{coding.code}", at.start.isoformat(), status, text))
    return Entry(key=key, content=content, facts=(fact,), version_at=header.sent_at)


def _kind_of_document(txa: Segment, sender: str) -> Coding:
    """TXA-2, HL7 table 0270."""
    code = txa.text(2)
    system = txa.text(2, 3)
    return Coding(system=system_of(system or "HL70270", sender) if code else "", code=code, display=txa.text(2, 2))
