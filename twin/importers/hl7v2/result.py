"""Which facts does an OBX state? Code, values, unit, times and status, within its order (ORC, OBR, SPM)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from twin.importers.hl7v2.codes import LONGEST, codings, entity, known_first
from twin.importers.hl7v2.grammar import NULL, Delimiters, Segment, components, part
from twin.importers.hl7v2.header import Header
from twin.importers.hl7v2.outcome import Entry, Outcome, Refused, Unused, name_of, too_long
from twin.importers.hl7v2.person import Person
from twin.importers.hl7v2.value import ABSENT, Value, is_line_of_text, values
from twin.record.fact import Coding, FactDraft, FactKind, KnownBasis
from twin.record.moment import Moment

# OBX-11, HL7 table 0085, in the words of FHIR's observation-status (terminology.hl7.org/ConceptMap-table-hl70085)
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "F": "final",
        "U": "final",
        "V": "final",
        "C": "corrected",
        "A": "amended",
        "B": "amended",
        "P": "preliminary",
        "R": "preliminary",
        "S": "preliminary",
        "I": "registered",
        "X": "cancelled",
        "N": "cancelled",
        "D": "entered-in-error",
        "W": "entered-in-error",
    }
)
# OBR-25, HL7 table 0123: stands where OBX-11 is empty
_REPORT_STATUSES: Mapping[str, str] = MappingProxyType(
    {"F": "final", "C": "corrected", "P": "preliminary", "R": "preliminary", "A": "preliminary", "X": "cancelled"}
)
_UCUM = frozenset({"UCUM", "HTTP://UNITSOFMEASURE.ORG", "2.16.840.1.113883.6.8"})
_STANDARD_UNITS = _UCUM | {"", "ISO+", "ANS+", "ANSI+", "ISO", "L"}


@dataclass(kw_only=True, slots=True)
class Order:
    """What stands around the observations of one order; the specimen may follow them."""

    person: Person
    orc: Segment | None = None
    obr: Segment | None = None
    specimen: Segment | None = None
    observations: list[Segment] = field(default_factory=list)
    filler: str | None = None
    """The laboratory's own number of the order, else the placer's; None until it is asked for."""
    timings: dict[tuple[str, str], "Timing | None"] = field(default_factory=dict)
    """What OBX-14 and OBX-19 mean in this order, as far as it has been asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """When an observation was true, and when it could be known."""

    observed: Moment
    is_of_specimen: bool
    """The time is of the patient or specimen, not of the report: the same again when the result is corrected."""
    known_at: datetime
    known_basis: KnownBasis
    version_at: datetime | None
    stamp: str
    """The time as a part of keys and contents."""


def observation(obx: Segment, order: Order, header: Header, *, lines: tuple[Segment, ...] = ()) -> Outcome:
    """Return what an OBX states; `lines` are the OBX that go on with its text.

    Its key is made of the patient, the order's number, code, sub-id and time, so that a correction (OBX-11 `C`)
    supersedes it; the message's control id is no part of it.
    """
    status = status_of(obx, order)
    if isinstance(status, Unused | Refused):
        return status
    found = values(obx, header.sender, has_unit=obx.is_stated(6))
    if isinstance(found, Unused | Refused):
        return found
    if lines:
        found = _joined(found, lines, header)
    kind, named = _named(obx, order, header, found)
    if named is None:
        return Refused(reason="no_date_or_code", detail="OBX-3 names nothing that was observed")
    wrong = named.wrong or too_long([value.coding for value in found if value.coding], obx.raw(4))
    if wrong is not None:
        return wrong
    timing = _timing(obx, order, header)
    if timing is None:
        return Refused(reason="no_date_or_code", detail="no time in OBX-14, OBR-7, SPM-17, OBR-14, OBX-19 or OBR-22")
    key = _key(obx, order, named.name, timing)
    facts = [
        FactDraft(
            kind=kind,
            coding=named.coding,
            other_codings=named.others,
            value_kind=value.kind,
            value=value.value,
            value_coding=value.coding,
            comparator=value.comparator,
            unit=named.unit,
            observed_at=timing.observed.start,
            known_at=timing.known_at,
            known_basis=timing.known_basis,
            where=obx.where,
            resource=key,
            part="" if len(found) == 1 else f"value[{index}]",
            device=named.device,
            status=status,
        )
        for index, value in enumerate(found)
    ]
    said = "|".join(obx.fields[2:]).rstrip("|")
    more = "\n".join(line.raw(5) for line in lines) if lines else ""
    content = f"{said}|{more}|{status}|{timing.stamp}"
    return Entry(key=key, content=content, facts=tuple(facts), version_at=timing.version_at)


def status_of(obx: Segment, order: Order) -> str | Unused | Refused:
    """Return the status of an observation: OBX-11, where it is empty the report's own (OBR-25), else unknown."""
    stated = obx.text(11).upper()
    if stated == "O":
        return Unused(reason="OBX: a detail of the order without a result (OBX-11 O)")
    if stated == "U" and not obx.is_stated(5):
        return Refused(reason="status_only", detail="OBX-11 U without the value: the result is to be sent again whole")
    if stated:
        return STATUSES.get(stated, "unknown")
    return _REPORT_STATUSES.get(order.obr.text(25).upper(), "unknown") if order.obr is not None else "unknown"


def timing_of(obx: Segment, order: Order, header: Header) -> Timing | None:
    """Return when an observation was true and known, None where nothing says when.

    True: OBX-14, OBR-7, the specimen's collection (SPM-17) or receipt (OBR-14); else when it was analysed (OBX-19) or
    reported (OBR-22), the latest it can have been true.
    """
    read, obr, spm = header.clock.read, order.obr, order.specimen
    observed = read(obx.text(14), "OBX-14")
    if observed is None and obr is not None:
        observed = read(obr.text(7), "OBR-7")
    if observed is None and spm is not None:
        observed = read(spm.text(17), "SPM-17")
    if observed is None and obr is not None:
        observed = read(obr.text(14), "OBR-14")
    is_of_specimen = observed is not None
    reported = read(obr.text(22), "OBR-22") if obr is not None else None
    observed = observed or read(obx.text(19), "OBX-19") or reported
    if observed is None:
        return None
    known, basis = _known(observed, reported, header)
    version_at = reported.end if reported is not None else header.sent_at
    return Timing(
        observed=observed,
        is_of_specimen=is_of_specimen,
        known_at=known,
        known_basis=basis,
        version_at=version_at,
        stamp=observed.start.strftime("%Y%m%d%H%M%S"),
    )


def unit_of(raw: str, marks: Delimiters) -> str | None:
    """Return the unit (OBX-6) as received: the UCUM code where one is named, else the code, else the words."""
    if not raw or raw == NULL:
        return None
    said = components(raw, marks, whole=True)
    if len(said) == 1:
        return part(said, 1) or None
    for first in (1, 4):
        if part(said, first + 2).upper() in _UCUM and part(said, first):
            return part(said, first)
    code, words, system = part(said, 1), part(said, 2), part(said, 3)
    if code.endswith("10") and words[:1].isdigit() and "/" in words:
        return f"{code}^{words}"  # 10^9/L whose caret was not escaped
    if words and system.upper() not in _STANDARD_UNITS:
        return words  # the code means something to its sender only
    return code or words or part(said, 4) or part(said, 5) or None


def twins(observations: list[Segment]) -> dict[str, tuple[str, Segment]]:
    """Return, by place, what tells an OBX from another of its order with the same code, sub-id and time, and that one.

    Their set ids (OBX-1) tell them apart; where those are no help, their content does.
    """
    if len({(obx.raw(3), obx.raw(4), obx.raw(14)) for obx in observations}) == len(observations):
        return {}
    alike: dict[tuple[str, ...], dict[str, list[Segment]]] = {}
    for obx in observations:
        alike.setdefault((obx.raw(3), obx.raw(4), obx.raw(14)), {}).setdefault(obx.text(1), []).append(obx)
    told = {}
    for by_number in alike.values():
        if len(by_number) == 1 and len(next(iter(by_number.values()))) == 1:
            continue
        numbers = list(by_number)
        for number, same in by_number.items():
            for obx in same:
                if number and len(same) == 1:
                    other = by_number[numbers[0] if numbers[0] != number else numbers[1]][0]
                    told[obx.where] = (f"/{number}", other)
                else:
                    content = sha256("|".join(obx.fields[2:]).encode()).hexdigest()[:16]
                    other = same[0] if same[0] is not obx or len(same) == 1 else same[1]
                    told[obx.where] = (f"#{content}", other)
    return told


def _key(obx: Segment, order: Order, code: str, timing: Timing) -> str:
    if order.filler is None:
        order.filler = _filler(order)
    filler = order.filler
    at = timing.stamp if timing.is_of_specimen or not filler else ""
    return name_of("OBX", order.person.whose, filler, code, obx.raw(4), at)


def _filler(order: Order) -> str:
    """OBR-3, ORC-3, OBR-2, ORC-2."""
    for number in (3, 2):
        for segment in (order.obr, order.orc):
            if segment is not None and (found := entity(segment.raw(number), segment.marks)):
                return found
    return ""


def _timing(obx: Segment, order: Order, header: Header) -> Timing | None:
    of = (obx.raw(14), obx.raw(19))
    if of not in order.timings:
        order.timings[of] = timing_of(obx, order, header)
    return order.timings[of]


def _known(observed: Moment, reported: Moment | None, header: Header) -> tuple[datetime, KnownBasis]:
    if reported is not None:
        return max(reported.end, observed.start), "issued"
    if header.sent is not None:
        return max(header.sent.end, observed.start), "message"
    return observed.end, "observed"


class _Named(NamedTuple):
    """What was observed, in which unit and by which instrument: the same in thousands of messages."""

    coding: Coding
    others: tuple[Coding, ...]
    name: str
    unit: str | None
    device: str | None
    wrong: Refused | None


def _named(obx: Segment, order: Order, header: Header, found: tuple[Value, ...]) -> tuple[FactKind, _Named | None]:
    """Return what was observed; a text without a code of its own is the report that its order (OBR-4) asked for."""
    rest = (obx.raw(6), obx.raw(18), obx.marks, header.sender)
    if obx.raw(3):
        return "observation", _remembered(obx.raw(3), *rest)
    if order.obr is not None and is_line_of_text(obx) and any(value is not ABSENT for value in found):
        return "report", _remembered(order.obr.raw(4), *rest)
    return "observation", None


def _read_named(code: str, unit: str, device: str, marks: Delimiters, sender: str) -> _Named | None:
    stated = codings(_first(code, marks), marks, sender)
    if not stated:
        return None
    coding, others = known_first(stated)
    said = unit_of(_first(unit, marks), marks)
    instrument = entity(_first(device, marks), marks)[:LONGEST] or None  # as its sender names it
    name = f"{stated[0].system}|{stated[0].code or stated[0].display}"
    return _Named(coding, others, name, said, instrument, too_long(stated, said))


_recent = lru_cache(maxsize=8_192)(_read_named)


def _remembered(code: str, unit: str, device: str, marks: Delimiters, sender: str) -> _Named | None:
    is_short = len(code) + len(unit) + len(device) <= 3 * LONGEST
    return (_recent if is_short else _read_named)(code, unit, device, marks, sender)


def _first(raw: str, marks: Delimiters) -> str:
    return raw.split(marks.repetition, 1)[0] if marks.repetition and marks.repetition in raw else raw


def _joined(found: tuple[Value, ...], lines: tuple[Segment, ...], header: Header) -> tuple[Value, ...]:
    texts = [value.value or "" for value in found]
    for line in lines:
        more = values(line, header.sender, has_unit=False)
        texts += [value.value or "" for value in more] if isinstance(more, tuple) else []
    text = "\n".join(texts).strip("\n")
    return (Value(kind="text", value=text),) if text else (ABSENT,)
