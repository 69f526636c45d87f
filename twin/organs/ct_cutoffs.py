"""Is a finding of the CT catalogue present, by what was measured? The clinical cut-offs, as data, and one judgement.

Imaging measures; here it is said from which value on a number is called something. Each line of `ct_cutoffs.csv`
carries its source and whether that was read. A value nearer to its line than its own uncertainty is not judged.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from twin.organs.base import Comparison

Verdict = Literal["present", "absent", "cannot_tell"]
_FILE = Path(__file__).with_name("ct_cutoffs.csv")
_PAST = {
    ">": lambda value, line: value > line,
    ">=": lambda value, line: value >= line,
    "<": lambda value, line: value < line,
    "<=": lambda value, line: value <= line,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cutoff:
    """From which value on a measurement is called a finding. `levels` empty: at whatever level it was measured."""

    finding: str
    measurement: str
    levels: tuple[str, ...]
    comparison: Comparison
    value: float
    unit: str
    source: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One measurement as it came from imaging: a value with its sd, or why it was refused."""

    key: str
    value: float | None = None
    sd: float | None = None
    level: str | None = None
    refused: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What is said of a finding, and by what: the reading that decided, or the reason why it can't be told."""

    verdict: Verdict
    reason: str
    cutoff: Cutoff | None = None


@cache
def cutoffs() -> Mapping[str, tuple[Cutoff, ...]]:
    """Return the cut-offs by finding."""
    found: dict[str, tuple[Cutoff, ...]] = {}
    with _FILE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            (comparison,) = (one for one in get_args(Comparison) if one == row["comparison"])
            cutoff = Cutoff(
                finding=row["finding"],
                measurement=row["measurement"],
                levels=tuple(filter(None, row["levels"].split("|"))),
                comparison=comparison,
                value=float(row["value"]),
                unit=row["unit"],
                source=row["source"],
                status=row["status"],
            )
            found[cutoff.finding] = (*found.get(cutoff.finding, ()), cutoff)
    return found


def judge(finding: str, readings: Iterable[Reading]) -> Judgement:
    """Return whether a measured finding is present: one reading surely past its line is enough.

    Absent only when every reading that was made is surely on the other side; KeyError for a finding without cut-off.
    """
    asked = list(readings)
    unsure, clear = None, None
    reasons = []
    for cutoff in cutoffs()[finding]:
        for one in (reading for reading in asked if _belongs(reading, cutoff)):
            if one.value is None:
                reasons.append(one.refused or "it was not measured")
                continue
            told = f"{one.key}{f' at {one.level}' if one.level else ''}: {one.value:g} against {cutoff.value:g}"
            if _near(one, cutoff):
                why = "nearer than its sd" if one.sd is not None else "its sd is not known"
                unsure = Judgement(verdict="cannot_tell", reason=f"{told}, {why}", cutoff=cutoff)
            elif _PAST[cutoff.comparison](one.value, cutoff.value):
                return Judgement(verdict="present", reason=told, cutoff=cutoff)
            else:
                clear = Judgement(verdict="absent", reason=told, cutoff=cutoff)
    nothing = Judgement(verdict="cannot_tell", reason="; ".join(dict.fromkeys(reasons)) or "it was not measured")
    return unsure or clear or nothing


def _belongs(one: Reading, cutoff: Cutoff) -> bool:
    return one.key == cutoff.measurement and (not cutoff.levels or one.level in cutoff.levels)


def _near(one: Reading, cutoff: Cutoff) -> bool:
    """Within one sd of the line, or of unknown sd; a value of exactly nothing at a line of nothing is sure."""
    assert one.value is not None
    return one.sd is None or abs(one.value - cutoff.value) < one.sd
