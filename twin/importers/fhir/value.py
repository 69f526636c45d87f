"""What a FHIR `value[x]` says, as the value fields of a fact: digits, units and words as received.

Only what the source types as a quantity or an integer becomes a number. A string stays a string, also `<5` or `1:80`:
it has no unit, and guessing one is not reading. Ratios (titers), ranges and periods become text a person can read.
"""

from typing import Any

from twin.importers.fhir.facts import codings_of
from twin.importers.fhir.models import CodeableConcept, Measured, PeriodAsWritten, Quantity, Range, Ratio, SampledData
from twin.record.codes import LOINC, SNOMED

UCUM = "http://unitsofmeasure.org"
_SHARED_SYSTEMS = frozenset({LOINC, SNOMED})
_CHOICES = frozenset(name for name in Measured.model_fields if name.startswith("value"))


def has_value(part: Measured) -> bool:
    """True where a part has a value, or says why it has none."""
    return part.dataAbsentReason is not None or bool(_stated(part))


def value_of(part: Measured) -> dict[str, Any]:
    """Return `value_kind`, `value`, `value_coding`, `comparator` and `unit` of a fact, as far as they are stated.

    A value that is absent for a reason has the kind `none`, and the reason's code as its coding.

    Raises:
        ValueError: two values where FHIR allows one.
    """
    stated = _stated(part)
    if not stated:
        reason = codings_of(part.dataAbsentReason)[0] if part.dataAbsentReason else None
        return {"value_coding": reason} if reason else {}
    if len(stated) > 1:
        raise ValueError("more than one value[x]")
    value = getattr(part, stated[0])
    match value:
        case Quantity():
            return _quantity(value)
        case CodeableConcept():
            return coded(value)
        case bool():
            return {"value_kind": "code", "value": "true" if value else "false"}
        case Range() | Ratio() | PeriodAsWritten() | SampledData():
            text = written(value)
            return {"value_kind": "text", "value": text} if text else {}
    return {"value_kind": "number" if stated[0] == "valueInteger" else "text", "value": value}


def coded(concept: CodeableConcept) -> dict[str, Any]:
    """Return a coded answer: its first coding of a system that everybody knows, else its first, else its words."""
    first, others = codings_of(concept)
    chosen = next((each for each in (first, *others) if each.system in _SHARED_SYSTEMS), first)
    if chosen.code:
        return {"value_kind": "code", "value": chosen.code, "value_coding": chosen}
    return {"value_kind": "text", "value": chosen.display, "value_coding": chosen} if chosen.display else {}


def written(value: Range | Ratio | PeriodAsWritten | SampledData) -> str:
    """Return a structured value as text: `1:64`, `2.5 - 4.0 mmol/L`, `2020-01-01/2020-02-01`."""
    match value:
        case Ratio(numerator=above, denominator=below):
            return f"{_side(above)}:{_side(below)}" if above or below else ""
        case Range(low=low, high=high):
            return _range(low, high)
        case PeriodAsWritten(start=start, end=end):
            return f"{start or ''}/{end or ''}" if start or end else ""
        case SampledData(data=data):
            return f"{len((data or '').split())} samples every {value.period} ms"


def _stated(part: Measured) -> list[str]:
    return [name for name in part.model_fields_set & _CHOICES if getattr(part, name) is not None]


def _quantity(quantity: Quantity) -> dict[str, Any]:
    if quantity.value is None:
        return {}
    return {
        "value_kind": "number",
        "value": quantity.value,
        "comparator": quantity.comparator,
        "unit": _unit(quantity),
    }


def _unit(quantity: Quantity) -> str | None:
    """A unit's UCUM code, else the words a person reads; a code of another system is not a unit's spelling."""
    if quantity.code and quantity.system in (None, UCUM):
        return quantity.code
    return quantity.unit or quantity.code


def _side(quantity: Quantity | None) -> str:
    if quantity is None or quantity.value is None:
        return "?"
    unit = _unit(quantity)
    amount = f"{quantity.comparator or ''}{quantity.value}"
    return amount if unit in (None, "1", "{titer}") else f"{amount} {unit}"


def _range(low: Quantity | None, high: Quantity | None) -> str:
    """Both ends belong to a FHIR range (R4 datatypes, Range)."""
    if low is None or low.value is None:
        return f"<={_side(high)}" if high and high.value is not None else ""
    if high is None or high.value is None:
        return f">={_side(low)}"
    if _unit(low) == _unit(high):
        return f"{low.value} - {_side(high)}"
    return f"{_side(low)} - {_side(high)}"
