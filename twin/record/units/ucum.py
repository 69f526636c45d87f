"""What a UCUM unit measures: its size in base units, its dimension, and what can't be cancelled or converted.

Grammar and sizes come from ucumvert and pint. Between them stands this layer, because for a clinical value dimension
is not enough: `[IU]` and `[arb'U]` are dimensionless to a calculator but never interchangeable, and `mg/g` is not `%`.
"""

import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import pi
from typing import Any

LONGEST = 64
"""Characters; a longer text is no unit (the longest in the UCUM examples has 33), and parsing time grows with it."""

_NUMBERS = frozenset({"10*", "10^", "%", "[ppth]", "[ppm]", "[ppb]", "[pptr]", "[pi]"})
_OWN_KINDS = frozenset({"eq", "osm"})
"""Amounts of charge and of dissolved particles: moles to a calculator, but only with a valence to a chemist."""
_SAME_KIND = {"[iU]": "[IU]"}
_MENDED: dict[str, tuple[float, str]] = {
    # What ucumvert 0.3.2 and pint 0.25 read otherwise than the tables of UCUM 2.2, as those define it
    "m[Hg]": (133.3220, "kPa"),
    "[mu_0]": (4e-7 * pi, "N/A2"),
    "g%": (1, "g/dL"),
    "[Cal]": (1000, "cal_th"),
    "[Btu]": (1, "[Btu_th]"),
    "[Btu_th]": (1.054350, "kJ"),
    "cal_[15]": (4.18580, "J"),
    "[in_i'H2O]": (0.0254, "m[H2O]"),
    "[in_i'Hg]": (0.0254, "m[Hg]"),
    "[PRU]": (1, "mm[Hg].s/mL"),
    "[wood'U]": (1, "mm[Hg].min/L"),
    "deg": (pi / 180, "rad"),
    "gon": (pi / 200, "rad"),
    "'": (pi / 10_800, "rad"),
    "''": (pi / 648_000, "rad"),
    "circ": (2 * pi, "rad"),
    "sr": (1, "rad2"),
    "sph": (4 * pi, "rad2"),
    "lm": (1, "cd.rad2"),
    "lx": (1, "cd.rad2/m2"),
    "ph": (1e4, "cd.rad2/m2"),
    "[cft_i]": (0.3048**3, "m3"),
    "[cyd_i]": (0.9144**3, "m3"),
    "G": (1e-4, "T"),
    "Mx": (1e-8, "Wb"),
    "Oe": (250 / pi, "A/m"),
    "Gb": (2.5 / pi, "A"),
    "[car_Au]": (1 / 24, "1"),
    "By": (8, "bit"),
}
_SPECIAL = frozenset({"[p'diop]", "%[slope]", "[hp'_X]", "[hp'_C]", "[hp'_M]", "[hp'_Q]", "[m/s2/Hz^(1/2)]", "bit_s"})
"""Units on a scale of their own (UCUM section 21) that pint takes for plain factors."""
_LEADING_SLASH = re.compile(r"(^|\()/")
_PREFIXES = {
    "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1,
    "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "z": 1e-21, "y": 1e-24,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """What a unit measures.

    `factor`: one of it in base units (kg, m, s, mol, A, K, cd). `dimension`: base dimensions with exponents.
    `kinds`: arbitrary units with exponents, which convert only to themselves. `shared`: dimensions that stand above and
    below the line, such as mass in mg/g. `annotations`: what stood in curly braces. `is_linear`: False for °C, pH, dB.
    """

    factor: float
    dimension: tuple[tuple[str, int], ...] = ()
    kinds: tuple[tuple[str, int], ...] = ()
    shared: frozenset[str] = frozenset()
    annotations: frozenset[str] = frozenset()
    atoms: frozenset[str] = frozenset()
    is_linear: bool = True

    @property
    def is_bare(self) -> bool:
        """True for a plain number: nothing in it says what was measured."""
        return not (self.dimension or self.kinds or self.shared)

    def is_like(self, other: "Measure") -> bool:
        """True where a value in one can be converted to the other by a factor."""
        return (
            self.is_linear
            and other.is_linear
            and (self.dimension, self.kinds, self.shared) == (other.dimension, other.kinds, other.shared)
        )

    def times(self, other: "Measure", power: int = 1) -> "Measure":
        """Return the unit of a product (`power` -1: of a quotient)."""
        dimension, kinds = Counter(dict(self.dimension)), Counter(dict(self.kinds))
        shared = set(self.shared | other.shared)
        for name, exponent in other.dimension:
            if dimension[name] * exponent * power < 0:
                shared.add(name)
            dimension[name] += exponent * power
        for name, exponent in other.kinds:
            kinds[name] += exponent * power
        return Measure(
            factor=self.factor * other.factor**power,
            dimension=_ordered(dimension),
            kinds=_ordered(kinds),
            shared=frozenset(shared),
            annotations=self.annotations | other.annotations,
            atoms=self.atoms | other.atoms,
            is_linear=self.is_linear and other.is_linear,
        )

    def raised(self, power: int) -> "Measure":
        """Return the unit to a power."""
        return Measure(
            factor=self.factor**power,
            dimension=tuple((name, exponent * power) for name, exponent in self.dimension),
            kinds=tuple((name, exponent * power) for name, exponent in self.kinds),
            shared=self.shared,
            annotations=self.annotations,
            atoms=self.atoms,
            is_linear=self.is_linear,
        )


@lru_cache(maxsize=16_384)
def measure(text: str) -> Measure | None:
    """Return what a UCUM unit (case sensitive) measures, None where `text` is not valid UCUM.

    Example:
        >>> measure("mg/dL").is_like(measure("g/L")), measure("10+3/uL")
        (True, None)
    """
    if not 0 < len(text) <= LONGEST or not text.isascii():
        return None
    from lark.exceptions import LarkError
    from pint.errors import PintError

    try:
        # `/a.b` is 1/a times b (UCUM section 10); ucumvert divides by all that follows
        return _walk(_tools().parser.parse(_LEADING_SLASH.sub(r"\g<1>1/", text)))
    except (LarkError, PintError, _NoUnit, OverflowError, ZeroDivisionError):
        return None


class _NoUnit(Exception):
    """The grammar takes it, UCUM does not."""


@dataclass(frozen=True, slots=True)
class _Tools:
    registry: Any  # pint.UnitRegistry, loaded on first use
    parser: Any  # lark.Lark
    atoms: Any  # ucumvert's transformer from an atom to a quantity


@cache
def _tools() -> _Tools:
    """The registry and the grammar: loaded on first use, for it takes a second and few texts get this far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ucumvert and pint redefine units of each other while they load
        from ucumvert import PintUcumRegistry, get_ucum_parser
        from ucumvert.ucum_pint import UcumToPintTransformer

        registry = PintUcumRegistry()
        return _Tools(registry=registry, parser=get_ucum_parser(), atoms=UcumToPintTransformer(ureg=registry))


def _walk(node: Any) -> Measure:  # Any: lark's trees carry no types
    from lark import Token

    if isinstance(node, Token):
        return Measure(factor=1.0, annotations=frozenset({str(node)[1:-1]} - {""}))
    children = node.children
    match node.data, len(children):
        case "simple_unit", _:
            return _atom(*(str(child) for child in children))
        case "term", 3:
            return _walk(children[0]).times(_walk(children[2]), -1 if children[1] == "/" else 1)
        case "component", 2:
            return _walk(children[0]).times(_walk(children[1]))
        case "annotatable", 2:
            if children[0].children[0].type == "FACTOR":
                raise _NoUnit  # 10+3: only a unit has an exponent (UCUM section 7)
            return _walk(children[0]).raised(int(children[1]))
        case _:
            return _walk(children[0])


@lru_cache(maxsize=4_096)
def _atom(*symbols: str) -> Measure:
    """One unit with or without a prefix, or a number."""
    prefix, symbol = symbols if len(symbols) == 2 else ("", symbols[0])
    if symbol.isdigit():
        return Measure(factor=float(symbol))
    scale = _PREFIXES.get(prefix, 1.0)
    if symbol == "rad":
        return Measure(factor=scale, kinds=(("rad", 1),), atoms=frozenset({"rad"}))
    if symbol in _MENDED:
        number, unit = _MENDED[symbol]
        defined = _walk(_tools().parser.parse(unit))
        return replace(defined, factor=number * scale * defined.factor, atoms=frozenset({symbol}))
    from pint.errors import PintError

    try:
        quantity = _tools().atoms.simple_unit(list(symbols))
    except PintError:  # [pH]: in the grammar, not in the registry
        return Measure(factor=scale, kinds=((symbol, 1),), atoms=frozenset({symbol}), is_linear=False)
    is_linear = bool(quantity._is_multiplicative) and symbol not in _SPECIAL
    base = quantity.to_base_units() if is_linear else quantity
    dimension = {name: int(exponent) for name, exponent in quantity.dimensionality.items()}
    kind = _SAME_KIND.get(symbol, symbol)
    is_kind = symbol in _OWN_KINDS or (not dimension and symbol not in _NUMBERS)
    return Measure(
        factor=scale if is_kind else float(base.magnitude),
        dimension=() if is_kind else _ordered(Counter(dimension)),
        kinds=((kind, 1),) if is_kind else (),
        atoms=frozenset({kind}),
        is_linear=is_linear,
    )


def _ordered(exponents: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))
