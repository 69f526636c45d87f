"""What a CDA observation's value is, digit for digit as received (CDA R2 data types, by `xsi:type`)."""

import re
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from twin.importers.ccda.codes import Narrative, concept, words_of
from twin.importers.ccda.markup import XSI, attribute, child, name_in, text_of
from twin.record.fact import Coding

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_IS_NUMBER = re.compile(rf"^{_NUMBER}$")
_COMPARED = re.compile(rf"^(<=|>=|<|>)\s*({_NUMBER})$")
_IS_ZERO = re.compile(r"^[+-]?0*\.?0*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """The value fields of a fact."""

    kind: Literal["number", "text", "code", "none"] = "none"
    text: str | None = None
    coding: Coding | None = None
    comparator: str | None = None
    unit: str | None = None


NO_VALUE = Value()


def value_of(element: etree._Element | None, narrative: Narrative) -> Value:
    """Return a value; a null flavor, or nothing that could be read as one, is no value."""
    if element is None:
        return NO_VALUE
    kind = (element.get(name_in(XSI, "type")) or "").rpartition(":")[2] or _likely(element)
    if kind in ("PQ", "REAL", "INT", "MO", "PPD_PQ"):
        return _quantity(element)
    if kind in ("IVL_PQ", "IVL_INT", "IVL_REAL"):
        return _range(element)
    if kind.startswith("RTO"):
        return _ratio(element)
    if kind in ("CD", "CE", "CO", "CV", "CS"):
        return _coded(element, narrative)
    if kind == "BL":
        return _plain("code", attribute(element, "value"))
    if kind == "TS":
        return _plain("text", attribute(element, "value"))
    if kind in ("IVL_TS", "PIVL_TS"):
        ends = [attribute(child(element, name), "value") for name in ("low", "high")]
        return _plain("text", "/".join(ends) if any(ends) else attribute(element, "value"))
    if kind == "II":
        return _plain("text", "^".join(part for part in (element.get("root"), element.get("extension")) if part))
    if attribute(element, "representation") == "B64":
        return NO_VALUE
    return _plain("text", words_of(element, narrative))


def is_embedded(element: etree._Element | None) -> bool:
    """True where a value is a picture or file inside the document (ED in base64), which is no fact."""
    return attribute(element, "representation") == "B64"


def _likely(element: etree._Element) -> str:
    if attribute(element, "code"):
        return "CD"
    if attribute(element, "value"):
        return "PQ" if _IS_NUMBER.match(attribute(element, "value")) else "TS"
    if child(element, "low") is not None or child(element, "high") is not None:
        return "IVL_PQ"
    return "ST"


def _plain(kind: Literal["text", "code"], text: str) -> Value:
    return Value(kind=kind, text=text) if text else NO_VALUE


def _quantity(element: etree._Element) -> Value:
    given, unit = _amount(element)
    if not given:
        return _plain("text", text_of(element) if child(element, "translation") is None else "")
    if _IS_NUMBER.match(given):
        return Value(kind="number", text=given, unit=unit)
    compared = _COMPARED.match(given)
    if compared is not None:
        return Value(kind="number", text=compared[2], comparator=compared[1], unit=unit)
    return Value(kind="text", text=given, unit=unit)


def _amount(element: etree._Element | None) -> tuple[str, str | None]:
    """Return the digits and unit of a PQ; where its unit is not UCUM, those of its translation (PQR)."""
    given, unit = attribute(element, "value"), attribute(element, "unit") or None
    other = child(element, "translation")
    if other is None or (given and unit):
        return given, unit
    named = text_of(child(other, "originalText")) or attribute(other, "displayName") or attribute(other, "code")
    return attribute(other, "value") or given, named or attribute(other, "unit") or unit


def _range(element: etree._Element) -> Value:
    """An interval: closed on one side only, a comparator; on both, a text "low-high".

    A lower bound of zero is how a result "less than" is sent: a physical quantity has no less (C-CDA Examples,
    "Results with less than a specific value").
    """
    low, high, center = (child(element, name) for name in ("low", "high", "center"))
    (least, unit), (most, other) = _amount(low), _amount(high)
    if least and most and _IS_ZERO.match(least) and not _IS_ZERO.match(most):
        least = ""
    if least and most:
        if least == most:
            return Value(kind="number", text=least, unit=unit or other)
        return Value(kind="text", text=f"{least}-{most}", unit=unit or other)
    if least or most:
        bound = low if least else high
        sign = (">" if least else "<") + ("" if attribute(bound, "inclusive") == "false" else "=")
        given = least or most
        kind: Literal["number", "text"] = "number" if _IS_NUMBER.match(given) else "text"
        return Value(kind=kind, text=given, comparator=sign, unit=unit or other)
    return _quantity(element if center is None else center)


def _ratio(element: etree._Element) -> Value:
    (above, unit), (below, other) = _amount(child(element, "numerator")), _amount(child(element, "denominator"))
    if not above or not below:
        return NO_VALUE
    parts = (" ".join(part for part in pair if part) for pair in ((above, unit), (below, other)))
    return Value(kind="text", text=":".join(parts))


def _coded(element: etree._Element, narrative: Narrative) -> Value:
    meant = concept(element, narrative)
    if not meant.codings:
        return _plain("text", meant.words)
    return Value(kind="code", text=meant.coding.code, coding=meant.coding)
