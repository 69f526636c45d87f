"""What was measured on one CT, as its part of the page shows it: by organ, and what is missing by reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

from twin.web.dashboard.ct_words import MEASURES
from twin.web.dashboard.format import number
from twin.web.measured import Number, Series, numbers

_OF_REGIONS = "nodule_"  # measured in each flagged region, and shown there


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why something is not there: `measures` as key and level, `findings` and `organs` by key."""

    reason: str
    measures: Sequence[tuple[str, str | None]] = ()
    findings: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Told:
    """A series' results. `groups` are organs with their numbers; `unfit` and `cautions` name uses with the reason."""

    groups: Sequence[tuple[str, Sequence[Number]]] = ()
    missing: Sequence[Missing] = ()
    contrast: str | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)
    cautions: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return sum(len(group) for _, group in self.groups)

    @property
    def differs(self) -> Mapping[Any, Sequence[str]]:
        """By the day of the earlier CT that numbers are compared with: what of scanner and protocol changed since."""
        changes = [each.change for _, group in self.groups for each in group if each.change is not None]
        return {change.acquired_at: change.differs for change in changes if change.differs}

    @property
    def count_missing(self) -> int:
        """How many measures and findings are not there."""
        return sum(len(each.measures) + len(each.findings) for each in self.missing)


def told(series: Series, earlier: Sequence[Series]) -> Told:
    """Return what a measured series gave; `earlier` are the patient's measured series before it, the latest first."""
    groups: dict[str, list[Number]] = {}
    for each in sorted(numbers(series, earlier), key=lambda one: _order(one.row["key"])):
        if each.row.get("value") is not None:
            groups.setdefault(_organ(each.row["key"]), []).append(each)
    fitness = series.body.get("fitness") or {}
    return Told(
        groups=tuple(groups.items()), missing=_missing(series.body), contrast=fitness.get("contrast"),
        unfit=fitness.get("unfit") or {}, cautions=fitness.get("cautions") or {},
    )  # fmt: skip


def with_sd(value: float, sd: float | None) -> str:
    """Return a value rounded to its error, `±` and the error: one figure of it, two where it begins with 1.

    Example:
        >>> [with_sd(*pair) for pair in ((3720.24, 62.9), (40.53, 0.98), (0.52, 0.0121), (12.0, None))]
        ['3720 ± 60', '40.5 ± 1.0', '0.520 ± 0.012', '12']
    """
    digits = _digits(sd)
    return number(value) if sd is None else f"{_rounded(value, digits)} ± {_rounded(sd, digits)}"


def difference(change: float, sd: float | None) -> str:
    """Return a difference with its sign, rounded as the value that it belongs to.

    Example:
        >>> difference(-63.4, 25.0), difference(0.031, 0.2), difference(1.234, None)
        ('-60', '0.0', '+1.23')
    """
    text = number(change) if sd is None else _rounded(change, _digits(sd))
    is_nothing = float(text) == 0
    return text.lstrip("-") if is_nothing else text if text.startswith("-") else f"+{text}"


def _digits(sd: float | None) -> int:
    """Return how many decimals an error leaves of a number; negative: tens, hundreds."""
    if sd is None or sd <= 0:
        return 1
    first = floor(log10(sd))
    return 1 - first if float(f"{sd:.1e}"[:3]) < 2 else -first


def _rounded(value: float, digits: int) -> str:
    return f"{round(value, digits):.{max(0, digits)}f}"


def _order(key: str) -> int:
    return list(MEASURES).index(key) if key in MEASURES else len(MEASURES)


def _organ(key: str) -> str:
    return MEASURES[key][0] if key in MEASURES else "other"


def _missing(body: Mapping[str, Any]) -> tuple[Missing, ...]:
    measures: dict[str, list[tuple[str, str | None]]] = {}
    for row in body.get("measurements", ()):
        if row.get("refused") and not row["key"].startswith(_OF_REGIONS):
            measures.setdefault(row["refused"], []).append((row["key"], row.get("level")))
    findings: dict[str, list[str]] = {}
    for key, reason in (body.get("not_looked_for") or {}).items():
        findings.setdefault(reason, []).append(key)
    return tuple(
        Missing(reason=reason, measures=measures.get(reason, ()), findings=findings.get(reason, ()))
        for reason in dict.fromkeys((*measures, *findings))
    )
