"""What we read out of a fact, and whether anything may compute on it.

A value that can't be right (a unit of another analyte, outside the plausible range) is refused; the importer puts the
item into quarantine with the reason. A value that is right but can't be used (comparator, ambiguous unit, preliminary)
is kept, marked, left out of models and shown hollow.
"""

from math import isfinite

from twin.record.codes import answer_of, concept_of, signal_of
from twin.record.fact import Absent, Derived, FactDraft
from twin.record.signal import Signal, signals
from twin.record.units import MAPPING_VERSION, canonical

FINAL_STATUSES = frozenset(
    {"final", "amended", "corrected", "active", "completed", "finished", "available", "recurrence"}
)
_AMBIGUOUS_UNITS = {
    # 33914-3 is per 1.73 m2 by definition, but real systems send mL/min: kept as received, recomputed from creatinine
    ("egfr", "mL/min"),
    # mass and molar Lp(a) have no fixed factor between them: two series (signals.md)
    ("lpa", "mg/dL"),
    # fractions of a count that sources send under the count's code are refused elsewhere; % of haemoglobin is IFCC/NGSP
}
_CONCEPT_KINDS = frozenset({"condition", "medication", "procedure", "family_history", "allergy"})


def derive(draft: FactDraft) -> Derived | Absent:
    """Return the derived part of a fact, or Absent with the reason why the whole item is refused."""
    codings = (draft.coding, *draft.other_codings)
    if draft.kind in _CONCEPT_KINDS:
        concept = concept_of(draft.kind, codings)
        quality = "no_signal" if concept is None else _standing(draft)
        return _derived(concept, None, None, quality)
    if draft.kind != "observation":
        return _derived(None, None, None, "no_signal")
    key = signal_of(codings)
    if key is None:
        return _derived(None, None, None, "no_signal")
    return _measured(draft, signals()[key])


def _measured(draft: FactDraft, signal: Signal) -> Derived | Absent:
    if draft.value_kind == "none":
        return _derived(signal.key, None, None, "no_value")
    if signal.is_coded:
        return _answered(draft, signal)
    if draft.value_kind != "number" or draft.value is None:
        return _derived(signal.key, None, None, "not_numeric")
    value = float(draft.value)
    if not isfinite(value):
        return Absent(reason="impossible_value", detail=signal.key)
    if (signal.key, (draft.unit or "").strip()) in _AMBIGUOUS_UNITS:
        return _derived(signal.key, None, None, "ambiguous_unit")
    if not (draft.unit or "").strip() and signal.unit != "1":
        return _derived(signal.key, None, None, "no_unit")
    converted = canonical(value, draft.unit, signal)
    if isinstance(converted, Absent):
        return converted
    quality = "comparator" if draft.comparator else _standing(draft)
    return _derived(signal.key, converted, None, quality)


def _answered(draft: FactDraft, signal: Signal) -> Derived:
    given = (draft.value_coding,) if draft.value_coding else ()
    code = answer_of(signal.key, given)
    if code is None and draft.value in signal.codes:
        code = draft.value
    return _derived(signal.key, None, code, _standing(draft) if code else "bad_code")


def _standing(draft: FactDraft) -> str:
    return "ok" if draft.status in FINAL_STATUSES else "not_final"


def _derived(signal: str | None, value: float | None, code: str | None, quality: str) -> Derived:
    return Derived(signal=signal, value=value, code=code, quality=quality, mapping_version=MAPPING_VERSION)
