"""How do the `twin ct` commands tell a warning, a number with its uncertainty, a unit? Pure functions but `beware`."""

from collections.abc import Iterable, Sequence
from math import floor, log10

import typer

SERIES_HELP = "The SeriesInstanceUID, where there are several."
_UNITS = {"[hnsf'U]": "HU", "{score}": "", "1": "", "mm3": "mm³", "mm2": "mm²", "cm2": "cm²", "cm3": "cm³"}
_SIGNIFICANT = 6  # digits of a number whose uncertainty is not known: more than any measurement of a CT bears


def beware(warnings: Iterable[str], *, err: bool = False) -> None:
    """Print each warning on a line of its own; on standard error where standard output is for a program."""
    for warning in warnings:
        typer.echo(f"{'twin: ' if err else ''}beware: {warning}", err=err)


def place(lps_mm: Sequence[float]) -> str:
    """Return a place by the patient's own sides.

    Example:
        >>> place([-81.84, 106.2, 204.1])
        'R 81.8, P 106.2, S 204.1 mm'
    """
    named = (f"{sides[mm < 0]} {abs(mm):.1f}" for sides, mm in zip(("LR", "PA", "SI"), lps_mm, strict=True))
    return f"{', '.join(named)} mm"


def unit_name(ucum: str) -> str:
    """Return a UCUM unit as people write it; nothing for a score or a ratio."""
    return _UNITS.get(ucum, ucum)


def rounded(value: float, sd: float | None) -> float:
    """Return a number to a hundredth of its standard deviation, or to six digits where none is known.

    Example:
        >>> rounded(49.123456789, 1.7), rounded(1234567.89, None), rounded(0.0, None)
        (49.12, 1234570.0, 0.0)
    """
    size = sd / 100 if sd else abs(value) / 10 ** (_SIGNIFICANT - 1)
    return float(round(value, -floor(log10(size)))) if size else float(value)


def number(value: float, sd: float | None) -> str:
    """Return a number with its standard deviation, both to the digit in which that stands.

    Example:
        >>> number(49.1234, 1.74), number(5321.7, 260.0), number(8.0, None)
        ('49.1 ± 1.7', '5320 ± 260', '8')
    """
    if not sd:
        return f"{rounded(value, None):g}"
    digits = 1 - floor(log10(sd))
    shown = max(digits, 0)
    return f"{round(value, digits):.{shown}f} ± {round(sd, digits):.{shown}f}"
