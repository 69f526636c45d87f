"""What was measured on a CT, beside the same measure on an earlier one: did it change, and is the change real?

Pure functions over what the worker stored (`study_measurement.body`); pages and API say the same by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import hypot
from typing import Any, Literal

CONFIDENCE = 1.96  # two-sided 95 % of a normal error: Bland 1996, doi:10.1136/bmj.313.7059.744
Verdict = Literal["changed", "no_real_change", "cannot_tell"]
_MADE_BY = (("the kernel", "kernel"), ("the tube voltage", "kvp"))


@dataclass(frozen=True, kw_only=True)
class Series:
    """A measured series: when and how it was made, and what it gave."""

    study_id: int
    study_uid: str
    acquired_at: datetime | None
    described: Mapping[str, Any]
    body: Mapping[str, Any]

    def is_before(self, other: "Series") -> bool:
        """Return whether this was made before the other, as another examination: series of one study are no prior."""
        if self.acquired_at is None or other.acquired_at is None or self.study_uid == other.study_uid:
            return False
        return self.acquired_at < other.acquired_at


@dataclass(frozen=True, kw_only=True)
class Change:
    """How a measure differs from the latest earlier CT that has it, in its own unit.

    `least_real` is the smallest difference that both errors leave real; None where an error is not known. `differs`
    names in words what of scanner and protocol changed meanwhile: it can move a value by itself.
    """

    study_id: int
    acquired_at: datetime | None
    value: float
    sd: float | None
    difference: float
    least_real: float | None
    verdict: Verdict
    differs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Number:
    """One measurement as it is stored, and its change since the earlier CT where there is one."""

    row: Mapping[str, Any]
    change: Change | None


def numbers(series: Series, earlier: Sequence[Series]) -> list[Number]:
    """Return every measurement, refusals among them; `earlier` are the patient's series before it, the latest first."""
    return [Number(row=row, change=_since(row, series, earlier)) for row in series.body.get("measurements", ())]


def differences(now: Series, before: Series) -> tuple[str, ...]:
    """Return what of scanner and protocol changed between two series, as `imaging` says it of nodules."""
    pairs = [("the scanner", _scanner(before), _scanner(now))]
    pairs += [(what, before.described.get(key), now.described.get(key)) for what, key in _MADE_BY]
    told = [f"{what} changed from {a or 'unknown'} to {b or 'unknown'}" for what, a, b in pairs if a != b]
    if _contrast(before) != _contrast(now):
        told.append(f"contrast: {_contrast(before) or 'unknown'} before, {_contrast(now) or 'unknown'} now")
    was, is_ = (each.described.get("slice_thickness_mm") for each in (before, now))
    if was is not None and is_ is not None and abs(was - is_) > 0.1:  # mm: rounding of tags
        told.append(f"the slices changed from {was:g} to {is_:g} mm")
    return tuple(told)


def _since(row: Mapping[str, Any], series: Series, earlier: Sequence[Series]) -> Change | None:
    if row.get("value") is None:
        return None
    for before in earlier:
        for then in before.body.get("measurements", ()):
            same = (then["key"], then.get("level"), then["unit"]) == (row["key"], row.get("level"), row["unit"])
            if same and then.get("value") is not None:
                return _change(row, then, series, before)
    return None


def _change(row: Mapping[str, Any], then: Mapping[str, Any], series: Series, before: Series) -> Change:
    difference = row["value"] - then["value"]
    one, other = row.get("sd"), then.get("sd")
    least = None if one is None or other is None else CONFIDENCE * hypot(one, other)
    verdict: Verdict = "cannot_tell"
    if least is not None:
        verdict = "changed" if abs(difference) > least else "no_real_change"
    return Change(
        study_id=before.study_id, acquired_at=before.acquired_at, value=then["value"], sd=then.get("sd"),
        difference=difference, least_real=least, verdict=verdict, differs=differences(series, before),
    )  # fmt: skip


def _scanner(series: Series) -> Any:  # a header's text, as received
    return series.described.get("model") or series.described.get("manufacturer")


def _contrast(series: Series) -> Any:
    return (series.body.get("fitness") or {}).get("contrast")
