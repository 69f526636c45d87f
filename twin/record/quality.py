"""What we read out of a fact, and whether anything may compute on it.

A value that can't be right (a unit of another analyte, outside the plausible range) is refused; the importer puts the
item into quarantine with the reason. A value that is right but can't be used (comparator, ambiguous unit, preliminary)
is kept, marked, left out of models and shown hollow.
"""

from functools import lru_cache
from math import isfinite

from twin.record.codes import answer_of, concept_of, signal_of
from twin.record.fact import Absent, Derived, FactDraft
from twin.record.local import NO_LOCAL, LocalMapping
from twin.record.signal import Signal, signals
from twin.record.units import MAPPING_VERSION, canonical
from twin.record.units.spelling import readings
from twin.record.units.ucum import measure

FINAL_STATUSES = frozenset(
    {"final", "amended", "corrected", "active", "completed", "finished", "available", "recurrence"}
)
_AMBIGUOUS_UNITS = {
    # 33914-3 is per 1.73 m2 by definition, but real systems send mL/min: kept as received, recomputed from creatinine
    "egfr": "mL/min",
    # mass and molar Lp(a) have no fixed factor between them: two series (signals.md)
    "lpa": "mg/dL",
}
"""Signal to a unit that its codes do come with, but that says something else: it and all like it stay unconverted."""
_CONCEPT_KINDS = frozenset({"condition", "medication", "procedure", "family_history", "allergy"})


def derive(draft: FactDraft, *, source: str = "", local: LocalMapping = NO_LOCAL) -> Derived | Absent:
    """Return the derived part of a fact, or Absent with the reason why the whole item is refused.

    `source` is the sending system, `local` what the site has said of its codes and units.
    """
    key, read = _read(draft, source, local)
    return read if isinstance(read, Absent) else _derived(key, read, local)


def derive_kept(draft: FactDraft, *, source: str = "", local: LocalMapping = NO_LOCAL) -> Derived:
    """Return the derived part of a fact that is in the record: what would be refused now is kept and marked."""
    key, read = _read(draft, source, local)
    return _derived(key, (None, None, read.reason) if isinstance(read, Absent) else read, local)


def mapping_version(local: LocalMapping) -> str:
    """Return the version of everything a derived value rests on: our tables, and the site's where it has any."""
    return f"{MAPPING_VERSION}+{local.version}" if local.version else MAPPING_VERSION


_Read = tuple[float | None, str | None, str]
"""Canonical value, our code, quality."""


def _read(draft: FactDraft, source: str, local: LocalMapping) -> tuple[str | None, _Read | Absent]:
    """Return the key of the signal or concept, and what is read of the value."""
    codings = (draft.coding, *draft.other_codings)
    key = None
    if draft.kind in _CONCEPT_KINDS:
        key = concept_of(draft.kind, codings, source=source, local=local)
        return key, (None, None, "no_signal" if key is None else _standing(draft))
    unit = local.unit_of(draft.unit)
    if draft.kind == "observation":
        key = signal_of(codings, unit=unit, source=source, local=local)
    return key, (None, None, "no_signal") if key is None else _measured(draft, unit, signals()[key])


def _derived(key: str | None, read: _Read, local: LocalMapping) -> Derived:
    value, code, quality = read
    return Derived(signal=key, value=value, code=code, quality=quality, mapping_version=mapping_version(local))


def _measured(draft: FactDraft, unit: str | None, signal: Signal) -> _Read | Absent:
    if draft.value_kind == "none":
        return None, None, "no_value"
    if signal.is_coded:
        return _answered(draft, signal)
    if draft.value_kind != "number" or draft.value is None:
        return None, None, "not_numeric"
    value = float(draft.value)
    if not isfinite(value):
        return Absent(reason="impossible_value", detail=signal.key)
    given = (unit or "").strip()
    if not given and signal.unit != "1":
        return None, None, "no_unit"
    if signal.key in _AMBIGUOUS_UNITS and _is_ambiguous(signal.key, given):
        return None, None, "ambiguous_unit"
    converted = canonical(value, given, signal)
    if isinstance(converted, Absent):
        return converted
    return converted, None, "comparator" if draft.comparator else _standing(draft)


@lru_cache(maxsize=4_096)
def _is_ambiguous(key: str, unit: str) -> bool:
    texts = readings(unit)
    if any(each in signals()[key].conversions for each in texts):
        return False
    if _AMBIGUOUS_UNITS[key] in texts:  # as nearly all write it: no need for all of UCUM
        return True
    other = measure(_AMBIGUOUS_UNITS[key])
    assert other is not None  # it is one of ours
    read = (measure(each) for each in texts)
    return any(each is not None and each.is_like(other) and each.annotations == other.annotations for each in read)


def _answered(draft: FactDraft, signal: Signal) -> _Read:
    given = (draft.value_coding,) if draft.value_coding else ()
    code = answer_of(signal.key, given)
    if code is None and draft.value in signal.codes:
        code = draft.value
    return None, code, _standing(draft) if code else "bad_code"


def _standing(draft: FactDraft) -> str:
    return "ok" if draft.status in FINAL_STATUSES else "not_final"
