"""Which measurements the twin understands: units, plausible and reference ranges, and how much each one wanders.

Read from `data/signals.csv`; its grammar and warnings stand in `docs/reference/signals.md`.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twin.errors import UnknownKey

_LINEAR = re.compile(r"^(?P<factor>[0-9.]+)(?:\*x(?P<offset>[+-][0-9.]+))?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear:
    """canonical = factor * x + offset."""

    factor: float
    offset: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A measurement under our own key.

    `cvi_percent`, `cva_percent`: within-person and analytical variation (percent of the value), None where not known.
    `reference` maps "male" and "female" to (low, high) in the canonical unit, either end None where there is none.
    """

    key: str
    loinc: tuple[str, ...]
    unit: str
    conversions: Mapping[str, Linear]
    transforms: Mapping[str, str]
    codes: tuple[str, ...]
    plausible: tuple[float | None, float | None]
    reference: Mapping[str, tuple[float | None, float | None]]
    cvi_percent: float | None
    cva_percent: float | None
    source: str

    @property
    def is_coded(self) -> bool:
        """True where the value is one of `codes`, not a number."""
        return bool(self.codes)


@cache
def signals() -> Mapping[str, Signal]:
    """Every signal by key, in the order of the table."""
    table = (files("twin.record") / "data" / "signals.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["signal"]: _signal(row) for row in csv.DictReader(table.splitlines())})


@cache
def by_loinc() -> Mapping[str, str]:
    """LOINC code to signal key. Codes that no table confirms are not mapped."""
    return MappingProxyType({code: signal.key for signal in signals().values() for code in signal.loinc})


def signal(key: str) -> Signal:
    """Return one signal.

    Raises:
        UnknownKey: there is none of this key.
    """
    try:
        return signals()[key]
    except KeyError:
        raise UnknownKey(f"no signal {key!r}") from None


def _signal(row: dict[str, str]) -> Signal:
    unconfirmed = set(_split(row["loinc_not_confirmed"]))
    codes: tuple[str, ...] = ()
    transforms: dict[str, str] = {}
    for item in _split(row["transform"]):
        if item.startswith("coded("):
            codes = tuple(item[len("coded(") : -1].split("|"))
        else:
            unit, _, name = item.partition("=")
            transforms[unit] = name
    low, high = _by_sex(row["ref_low"]), _by_sex(row["ref_high"])
    return Signal(
        key=row["signal"],
        loinc=tuple(code for code in _split(row["loinc_codes"]) if code not in unconfirmed),
        unit=row["ucum_canonical_unit"],
        conversions=MappingProxyType(dict(_conversion(entry) for entry in _split(row["accepted_units_and_factors"]))),
        transforms=MappingProxyType(transforms),
        codes=codes,
        plausible=(_number(row["plausible_min"]), _number(row["plausible_max"])),
        reference=MappingProxyType({sex: (low[sex], high[sex]) for sex in ("male", "female")}),
        cvi_percent=_number(row["cvi_percent"]),
        cva_percent=_number(row["cva_percent"]),
        source=row["source"],
    )


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _number(cell: str) -> float | None:
    return float(cell) if cell.strip() else None


def _conversion(entry: str) -> tuple[str, Linear]:
    unit, _, expression = entry.rpartition("=")
    match = _LINEAR.match(expression)
    if match is None:
        raise ValueError(f"signals.csv: cannot read the conversion {entry!r}")
    return unit, Linear(factor=float(match["factor"]), offset=float(match["offset"] or 0.0))


def _by_sex(cell: str) -> dict[str, float | None]:
    if ":" not in cell:
        return {"male": _number(cell), "female": _number(cell)}
    parts = dict(part.split(":") for part in _split(cell))
    return {"male": _number(parts.get("M", "")), "female": _number(parts.get("F", ""))}
