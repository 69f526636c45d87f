"""Does a unit belong to this analyte, and how is a value in it converted to the canonical unit?

A unit belongs where `signals.csv` lists it; where it differs from a listed one by a factor only; or where it differs by
the analyte's molar mass or its ion's valence (`data/molar_mass.csv`). Nothing else converts: Lp(a) has no molar mass.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from twin.record.signal import Linear, Signal, signals
from twin.record.units.spelling import readings
from twin.record.units.ucum import Measure, measure

_AMOUNTS = ("[substance]", "[mass]", "eq")
_GRAMS = 1000.0  # grams in the base unit of mass


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """How a value in `unit` (UCUM, as understood) becomes canonical: factor * x + offset, then `transform` by name."""

    unit: str
    factor: float
    offset: float = 0.0
    transform: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Substance:
    """An analyte's molar mass in g/mol, and its ion's valence where it has one."""

    g_per_mol: float
    valence: int | None


@cache
def substances() -> Mapping[str, Substance]:
    """Signal key to what it is made of, for the analytes that are one substance."""
    table = (files("twin.record") / "data" / "molar_mass.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["signal"]: Substance(
                g_per_mol=float(row["g_per_mol"]), valence=int(row["valence"]) if row["valence"] else None
            )
            for row in csv.DictReader(table.splitlines())
        }
    )


def conversion(text: str | None, signal: Signal) -> Conversion | None:
    """Return how a value in the unit `text` becomes canonical, None where the unit does not belong to `signal`.

    A missing unit counts as `1` only where the canonical unit is `1`.
    """
    return _conversion((text or "").strip(), signal.key)


@lru_cache(maxsize=65_536)  # an import asks the same few hundred questions a million times
def _conversion(given: str, key: str) -> Conversion | None:
    signal = signals()[key]
    if signal.is_coded:
        return None
    if not given:
        return _listed("1", signal) if signal.unit == "1" else None
    return _listed(given, signal) or next(
        (found for unit in readings(given) if (found := _belonging(unit, signal)) is not None), None
    )


def _listed(unit: str, signal: Signal) -> Conversion | None:
    if unit in signal.transforms:
        return Conversion(unit=unit, factor=1.0, transform=signal.transforms[unit])
    linear = signal.conversions.get(unit)
    return Conversion(unit=unit, factor=linear.factor, offset=linear.offset) if linear is not None else None


def _belonging(unit: str, signal: Signal) -> Conversion | None:
    found = _listed(unit, signal)
    if found is not None:
        return found
    given = measure(unit)
    if given is None or not given.is_linear:
        return None
    if signal.unit == "1" and given.is_bare and given.factor == 1.0:
        return _listed("1", signal)  # {ratio}
    if _is_enzyme(signal) and "[IU]" in given.atoms:
        # the enzyme commission's international unit of 1961 is 1 umol/min, the UCUM unit U
        return _belonging(unit.replace("[IU]", "U"), signal)
    if given.is_bare:
        return None
    return _scaled(unit, given, signal) or _by_amount(unit, given, signal)


def _scaled(unit: str, given: Measure, signal: Signal) -> Conversion | None:
    """From a listed unit that measures the same: mg/L from mg/dL."""
    for listed, name, linear in _places(signal):
        known = measure(listed)
        if known is None or not known.is_like(given) or not _same_words(given, known, signal):
            continue
        if _counts_arbitrary_units(signal) and "U" in known.atoms and "U" not in given.atoms:
            continue  # U/mL of a tumour marker is no catalytic activity
        factor = _clean(given.factor / known.factor * linear.factor)
        return Conversion(unit=unit, factor=factor, offset=linear.offset, transform=name)
    return None


def _by_amount(unit: str, given: Measure, signal: Signal) -> Conversion | None:
    """From the canonical unit by molar mass or valence: mg/dL of sodium from mmol/L."""
    substance = substances().get(signal.key)
    known = measure(signal.unit)
    if substance is None or known is None:
        return None
    stated, wanted = _moles(given, substance), _moles(known, substance)
    if stated is None or wanted is None or not stated.is_like(wanted):
        return None
    return Conversion(unit=unit, factor=_clean(stated.factor / wanted.factor))


def _moles(given: Measure, substance: Substance) -> Measure | None:
    """The same unit with the amount in moles, where exactly one amount stands above the line."""
    exponents = Counter(dict((*given.dimension, *given.kinds)))
    if sum(1 for name in _AMOUNTS if exponents[name]) != 1 or given.shared:
        return None
    if exponents["[substance]"] == 1:
        return given
    rest = Measure(
        factor=given.factor,
        dimension=tuple(pair for pair in given.dimension if pair[0] != "[mass]"),
        kinds=tuple(pair for pair in given.kinds if pair[0] != "eq"),
    )
    if exponents["[mass]"] == 1:
        return rest.times(Measure(factor=_GRAMS / substance.g_per_mol, dimension=(("[substance]", 1),)))
    if exponents["eq"] == 1 and substance.valence is not None:
        return rest.times(Measure(factor=1.0 / substance.valence, dimension=(("[substance]", 1),)))
    return None


def _places(signal: Signal) -> Iterator[tuple[str, str | None, Linear]]:
    for unit, linear in signal.conversions.items():
        yield unit, None, linear
    for unit, name in signal.transforms.items():
        yield unit, name, Linear(factor=1.0)


def _same_words(given: Measure, known: Measure, signal: Signal) -> bool:
    """Curly braces say nothing in UCUM, but for `{1.73_m2}` and `{packs}/d` they say everything."""
    if any("{" in unit for unit in signal.conversions):
        return given.annotations == known.annotations
    return not any("1.73" in word for word in given.annotations)


def _clean(factor: float) -> float:
    """Without what binary fractions add to a power of ten."""
    return float(f"{factor:.14g}")


def _is_enzyme(signal: Signal) -> bool:
    return signal.unit.startswith("U/")


def _counts_arbitrary_units(signal: Signal) -> bool:
    known = measure(signal.unit)
    return known is not None and bool(known.kinds)
