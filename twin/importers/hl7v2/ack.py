"""What is answered to a message? ACK by HL7 v2.8.2 chapter 2, sections 2.9 and 2.14: original and enhanced mode."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from twin.importers.hl7v2.charset import BOM
from twin.importers.hl7v2.grammar import Delimiters, NotHL7, Segment

Fault = tuple[str, str, str]
"""Where (`MSH[1].OBX[2]`), a code of HL7 table 0357 or a reject's reason, and words without a patient's values."""

_CODES: Mapping[str, tuple[str, str]] = MappingProxyType(  # HL7 table 0357
    {
        "100": ("100", "Segment sequence error"),
        "101": ("101", "Required field missing"),
        "102": ("102", "Data type error"),
        "103": ("103", "Table value not found"),
        "200": ("200", "Unsupported message type"),
        "201": ("201", "Unsupported event code"),
        "202": ("202", "Unsupported processing id"),
        "203": ("203", "Unsupported version id"),
        "204": ("204", "Unknown key identifier"),
        "205": ("205", "Duplicate key identifier"),
        "206": ("206", "Application record locked"),
        "207": ("207", "Application internal error"),
    }
)
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_segment": "100",
        "no_date_or_code": "101",
        "no_identifier": "101",
        "status_only": "101",
        "invalid": "102",
        "impossible_date": "102",
        "impossible_value": "102",
        "wrong_encoding": "102",
        "unsupported_version": "203",
        "unknown_patient": "204",
        "ambiguous_patient": "204",
        "conflicting_identifiers": "204",
        "two_patients": "204",
    }
)
_REFUSED_UNREAD = frozenset({"200", "201", "202", "203", "207"})  # 2.9.2: rejected for what is not the content
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})\[(\d+)\](?:\.\1-(\d+))?$")
_MOST_FAULTS = 20  # of one answer; the report holds all of them
_LONGEST = 200  # characters that are echoed of one field
_VERSION = re.compile(r"2\.(\d)")


def acknowledge(
    message: bytes, accepted: bool, faults: Sequence[Fault], now: datetime, control_id: str, *, broken: bool = False
) -> bytes:
    """Return the acknowledgement of a message, b"" where its sender wants none (MSH-15, MSH-16).

    Original mode (MSH-15 and MSH-16 empty): AA, AE where the content was refused, AR where it could not be taken at
    all. Enhanced mode: the accept acknowledgement (CA, CE, CR) where MSH-15 asks for one; the message has been stored
    by then, so where MSH-15 asks for none and MSH-16 for one it is the application's (AA, AE, AR). Where both are asked
    the accept acknowledgement answers on this line.

    Args:
        accepted: the message was taken, though some of its segments may have been refused.
        faults: told in ERR from v2.5 on, in MSA-3 before.
        now: with a zone.
        control_id: this answer's own, up to 20 characters.
        broken: what failed was not the message but this instance: it may be sent again (AR, CR, code 207).
    """
    header = _header(message)
    told = [(place, *_coded(code), words) for place, code, words in faults]
    if broken:
        told = told or [("", *_CODES["207"], "")]
    is_unread = broken or header is None or any(code in _REFUSED_UNREAD for _, code, _, _ in told)
    kind: Literal["A", "E", "R"] = "A" if accepted else "R" if is_unread else "E"
    marks = header.marks if header is not None else Delimiters.of("MSH|^~\\&|")
    given = header or Segment.of("MSH|^~\\&|", marks)
    mode = _mode(given, accepted)
    if mode is None:
        return b""
    version = _version(given.text(12))
    said = [_msh(given, now, control_id, version), _msa(given, f"{mode}{kind}", told, version)]
    if version is None or version >= 5:
        said += [_err(given.marks, each, "W" if accepted else "E") for each in told[:_MOST_FAULTS]]
    return "".join(f"{line}\r" for line in said).encode("latin-1" if header is not None else "ascii", "replace")


def _header(message: bytes) -> Segment | None:
    """The MSH, its bytes as characters of the same number: what is echoed goes back as it came."""
    line = re.split(rb"[\r\n]", message.lstrip(b"\r\n\t \x0b").removeprefix(BOM), maxsplit=1)[0].decode("latin-1")
    try:
        return Segment.of(line, Delimiters.of(line)) if line.startswith("MSH") else None
    except NotHL7:
        return None


def _mode(header: Segment, accepted: bool) -> Literal["A", "C"] | None:
    """Original or application acknowledgement ("A"), accept acknowledgement ("C"), or none (2.9.1, table 0155)."""
    if not header.is_stated(15) and not header.is_stated(16):
        return "A"
    due = {"AL": True, "NE": False, "ER": not accepted, "SU": accepted}
    if due.get(header.text(15).upper(), False):
        return "C"
    return "A" if due.get(header.text(16).upper(), False) else None


def _msh(header: Segment, now: datetime, control_id: str, version: int | None) -> str:
    marks = header.marks
    event = _echo(header.text(9, 2))
    kind = ["ACK"]
    if event and (version is None or version >= 3):
        kind.append(event)
        if version is None or version >= 4:
            kind.append("ACK")
    fields = {
        3: _echo(header.raw(5)),
        4: _echo(header.raw(6)),
        5: _echo(header.raw(3)),
        6: _echo(header.raw(4)),
        7: now.strftime("%Y%m%d%H%M%S%z"),
        9: (marks.component or "^").join(kind),
        10: control_id[:20],
        11: _echo(header.raw(11)) or "P",
        12: _echo(header.raw(12)) or "2.5",
        18: _echo(header.raw(18)),
    }
    said = marks.separator.join(fields.get(number, "") for number in range(3, 19)).rstrip(marks.separator)
    return f"MSH{marks.separator}{_echo(header.raw(2))}{marks.separator}{said}"


def _msa(header: Segment, code: str, told: Sequence[tuple[str, str, str, str]], version: int | None) -> str:
    fields = ["MSA", code, _echo(header.raw(10))]
    if told and version is not None and version < 5:  # from 2.5 on ERR says it
        place, _, meaning, words = told[0]
        fields.append(_escaped(": ".join(each for each in (place, words or meaning) if each), header.marks)[:80])
    return header.marks.separator.join(fields)


def _err(marks: Delimiters, told: tuple[str, str, str, str], severity: str) -> str:
    place, code, meaning, words = told
    component = marks.component or "^"
    match = _PLACE.search(place)
    where = component.join(each for each in match.groups() if each) if match is not None else ""
    coded = component.join((code, meaning, "HL70357"))
    fields = ["ERR", "", where, coded, severity, "", "", "", _escaped(words, marks)[:_LONGEST]]
    return marks.separator.join(fields).rstrip(marks.separator)


def _coded(code: str) -> tuple[str, str]:
    """A code of HL7 table 0357 for a code or a reject's reason; what has none of its own is a data error."""
    return _CODES.get(code) or _CODES[_REASONS.get(code, "102")]


def _version(text: str) -> int | None:
    """The minor version: 3 of 2.3.1; None where none is stated."""
    match = _VERSION.match(text)
    return int(match[1]) if match is not None else None


def _echo(text: str) -> str:
    return "".join(each for each in text[:_LONGEST] if each >= " ")


def _escaped(text: str, marks: Delimiters) -> str:
    if not marks.escape:
        return "".join(" " if each in marks.meant.values() else each for each in _echo(text))
    letters = {mark: letter for letter, mark in marks.meant.items()}
    said = (f"{marks.escape}{letters[each]}{marks.escape}" if each in letters else each for each in _echo(text))
    return "".join(each if each.isascii() else "?" for each in said)
