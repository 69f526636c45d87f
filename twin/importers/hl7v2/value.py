"""What does OBX-5 say? Read by the value type in OBX-2 (HL7 table 0125), digits and words as received."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from twin.importers.hl7v2 import attached
from twin.importers.hl7v2.codes import codings, known_first
from twin.importers.hl7v2.grammar import MOST_REPETITIONS, NULL, Segment, components, part, unescape
from twin.importers.hl7v2.outcome import Refused, Unused
from twin.record.fact import Coding

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII)  # NM, 2.A.48; bounded
_COMPARED = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER.pattern})", re.ASCII)  # not NM, but sent as NM everywhere
_NUMERAL = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)  # a code such as 0042 is none
_COMPARATORS = frozenset({"<", "<=", ">", ">="})
_SEPARATORS = frozenset({"-", ":", "/"})
_TEXT_TYPES = frozenset({"TX", "FT", "ST", "SR"})
MAX_TEXT = 1_000_000  # characters of one text


class Value(NamedTuple):
    """One value, in the words of a FactDraft."""

    kind: Literal["number", "text", "code", "none"] = "none"
    value: str | None = None
    coding: Coding | None = None
    comparator: str | None = None


ABSENT = Value()


def values(obx: Segment, sender: str, *, has_unit: bool) -> tuple[Value, ...] | Refused | Unused:
    """Return the values of an OBX: one a repetition, or why it holds none that can be read.

    An empty value is one that is absent, never 0.
    """
    raw, kind = obx.raw(5), obx.text(2).upper()
    if kind == "NM" and _NUMBER.fullmatch(raw):  # nine results of ten
        return (Value("number", raw),)
    if raw.strip() in ("", NULL):
        return (ABSENT,)
    if kind in _TEXT_TYPES or not kind:
        return _text(obx, raw, has_unit=has_unit)
    if kind in ("ED", "RP"):
        return _attached(obx, kind)
    if obx.marks.repetition and raw.count(obx.marks.repetition) >= MOST_REPETITIONS:
        return Refused(reason="too_large", detail=f"more than {MOST_REPETITIONS:,} values in one OBX")
    reader = _READERS.get(kind, _as_received)
    repeated = obx.repetitions(5)
    return tuple(reader(each, obx, sender) for each in repeated) or (ABSENT,)


def is_line_of_text(obx: Segment) -> bool:
    """True where an OBX holds words that may go on in the next one."""
    return obx.text(2).upper() in ("TX", "FT")


def number(text: str) -> Value:
    """Return a numeral with what it is compared by; a word in a number's place stays a word."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return Value("number", text)
    if (match := _COMPARED.fullmatch(text)) is not None:
        return Value(kind="number", value=match[2], comparator=match[1])
    return Value(kind="text", value=text) if text and text != NULL else ABSENT


def _text(obx: Segment, raw: str, *, has_unit: bool) -> tuple[Value, ...] | Refused | Unused:
    """A text as a whole: a repetition is a line of it (2.A.79), and delimiters that were not escaped stay."""
    lines = raw.replace(obx.marks.repetition, "\n") if obx.marks.repetition else raw
    text = unescape(lines, obx.marks).strip("\r\n")
    if len(text) > MAX_TEXT:
        return Refused(reason="too_large", detail=f"a text of more than {MAX_TEXT:,} characters")
    if attached.is_uuencoded(text):
        return _told(attached.uudecoded(text))
    short = text.strip()
    if obx.text(2).upper() in ("ST", "") and (_NUMERAL.fullmatch(short) or (has_unit and _COMPARED.fullmatch(short))):
        return (number(short),)
    return (Value(kind="text", value=text),) if short else (ABSENT,)


def _attached(obx: Segment, kind: str) -> tuple[Value, ...] | Refused | Unused:
    if kind == "RP":
        return tuple(Value(kind="text", value=unescape(each, obx.marks)) for each in obx.repetitions(5))
    read = [attached.embedded(each, obx.marks) for each in obx.repetitions(5)]
    texts = [each for each in read if isinstance(each, str)]
    if not texts:
        return next(each for each in read if not isinstance(each, str))
    return tuple(Value(kind="text", value=text) for text in texts if text) or (ABSENT,)


def _told(text: str | Refused | Unused) -> tuple[Value, ...] | Refused | Unused:
    return (Value(kind="text", value=text),) if isinstance(text, str) else text


def _number(raw: str, obx: Segment, sender: str) -> Value:
    return number(unescape(raw, obx.marks))


def _structured(raw: str, obx: Segment, sender: str) -> Value:
    """SN (2.A.71): comparator, number, separator or suffix, number."""
    said = components(raw, obx.marks, whole=True)
    comparator, low, separator, high = (part(said, index) for index in (1, 2, 3, 4))
    if not (_NUMBER.fullmatch(low) and (not high or _NUMBER.fullmatch(high))):
        words = "".join(each for each in (comparator, low, separator, high) if each)
        return Value(kind="text", value=words) if words else ABSENT
    if not separator and not high:
        if comparator in _COMPARATORS:
            return Value(kind="number", value=low, comparator=comparator)
        return Value(kind="number", value=low) if comparator in ("", "=") else _words(comparator, low)
    if separator in _SEPARATORS and high:  # a range, a titre or a ratio; it may be compared too
        return _words(comparator if comparator in _COMPARATORS else "", low, separator, high)
    return _words(comparator, low, separator, high)


def _words(*parts: str) -> Value:
    return Value(kind="text", value="".join(parts))


def _coded(raw: str, obx: Segment, sender: str) -> Value:
    found = codings(raw, obx.marks, sender)
    if not found:
        return ABSENT
    chosen, _ = known_first(found)
    if not chosen.code:
        return Value(kind="text", value=chosen.display)
    return Value(kind="code", value=chosen.code, coding=chosen)


def _bare_code(raw: str, obx: Segment, sender: str) -> Value:
    text = unescape(raw, obx.marks).strip()
    return Value(kind="code", value=text) if text and text != NULL else ABSENT


def _range(raw: str, obx: Segment, sender: str) -> Value:
    said = [each for each in components(raw, obx.marks) if each != NULL]
    return _words("-".join(each for each in said if each)) if any(said) else ABSENT


def _period(raw: str, obx: Segment, sender: str) -> Value:
    said = [each for each in components(raw, obx.marks) if each != NULL]
    return _words("/".join(said)) if any(said) else ABSENT


def _as_received(raw: str, obx: Segment, sender: str) -> Value:
    """Names, addresses, identifiers, money, times: their characters, escapes read."""
    text = unescape(raw, obx.marks).strip()
    return Value(kind="text", value=text[:MAX_TEXT]) if text.strip(obx.marks.component or " ") else ABSENT


_READERS: Mapping[str, Callable[[str, Segment, str], Value]] = MappingProxyType(
    {
        "NM": _number,
        "SI": _number,
        "SN": _structured,
        "CE": _coded,
        "CWE": _coded,
        "CNE": _coded,
        "CF": _coded,
        "IS": _bare_code,
        "ID": _bare_code,
        "NR": _range,
        "VR": _range,
        "DR": _period,
    }
)
"""Value type to its reader; DT, TM, TS, DTM and the others are kept as received."""
