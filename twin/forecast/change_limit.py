"""How far apart do two values of one person lie when nothing has changed? By signal, with its source.

Laboratory and clinic: within-person and analytical variation of `signals.csv` (formulas.md section 6). CT and the
clinic's own devices: the repeat limits of `data/change.toml`. What neither knows has no limit, and no verdict.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log1p, sqrt
from types import MappingProxyType
from typing import Any, Literal

from twin.record.signal import Signal, signals

Z = 1.96  # two-sided 95 %
LOG_ABOVE_CVI = 0.12  # fraction; above it the log-normal limits hold (formulas.md section 6)
_TWO = Z * sqrt(2.0)  # a repeat limit is this many standard deviations of one value
_TYPICAL_BODY_MASS = 25.0  # kg/m2, where none is on record: house value, moves the limit by 4 units for 10 kg/m2

Unknown = Literal["unknown_variation", "no_ratio"]
Form = Literal["percent", "absolute", "calcium", "stated"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The standard deviation of one value's noise: in the canonical unit, or of its logarithm.

    `least`, in the same measure: no smaller difference counts, however well the own level is known.
    """

    sd: float
    is_log: bool = False
    least: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What is known of a signal's noise. `cvi`, `cva`: fractions of the value; `sd`: canonical unit.

    `percent` takes the two fractions; `absolute` takes `sd`, or more where the source states more; `calcium` the
    repeat limit of the Agatston score; `stated` what the source of each value states, and nothing where it is silent.
    `least` (canonical unit) and `least_share` (fraction): the least change by definition, which no averaging shrinks.
    """

    key: str
    form: Form
    cvi: float = 0.0
    cva: float = 0.0
    sd: float = 0.0
    least: float = 0.0
    least_share: float = 0.0
    between_scanners: float = 0.0
    source: str = ""
    is_verified: bool = False

    def spread(
        self,
        level: float,
        value: float,
        *,
        sds: Sequence[float | None] = (),
        body_mass: float | None = None,
        is_other_scanner: bool = False,
    ) -> Spread | Unknown:
        """Return one value's noise around `level`, or why there is none.

        Args:
            level, value: canonical unit. sds: as the sources of the values state them, the last one that of `value`.
        """
        if self.form == "stated":
            return _stated(level, value, sds)
        if self.form == "percent":
            return self._percent(level, value, sds)
        if self.form == "absolute":
            noise = max([self.sd, *(abs(each) for each in sds if each is not None)])
            return Spread(noise, least=self.least)
        mean = (level + value) / 2
        limit = 0.17 * mean + 4.89 * sqrt(max(mean, 0.0)) + 0.44 * (body_mass or _TYPICAL_BODY_MASS) - 10.84
        scanner = self.between_scanners * mean if is_other_scanner else 0.0
        return Spread(sqrt((max(limit, 0.0) / _TWO) ** 2 + scanner * scanner))

    def _percent(self, level: float, value: float, sds: Sequence[float | None]) -> Spread | Unknown:
        if not level > 0 or not value > 0:
            return "no_ratio"
        stated = sds[-1] if sds else None
        analytical = self.cva if stated is None else abs(stated) / value
        variance = self.cvi * self.cvi + analytical * analytical
        if max(self.cvi, self.cva) > LOG_ABOVE_CVI:
            return Spread(sqrt(log1p(variance)), is_log=True, least=log1p(self.least_share))
        return Spread(sqrt(variance) * level, least=self.least_share * level)


@cache
def limits() -> Mapping[str, Limit]:
    """Every signal whose noise is known, by key: our table before that of the signals."""
    known = {key: _measured(each) for key, each in signals().items() if each.cvi_percent}
    return MappingProxyType(known | {key: _repeated(key, row) for key, row in table()["limits"].items()})


@cache
def table() -> Mapping[str, Any]:
    """The file `data/change.toml`: limits, and what of a method must be the same."""
    return tomllib.loads((files("twin.forecast") / "data" / "change.toml").read_text(encoding="utf-8"))


def _measured(signal: Signal) -> Limit:
    """What the table of signals says of its noise; of its sources only those of the variation."""
    source = "; ".join(each.strip() for each in signal.source.split(";") if "CVi" in each or "CVa" in each)
    return Limit(
        key=signal.key,
        form="percent",
        cvi=(signal.cvi_percent or 0.0) / 100,
        cva=(signal.cva_percent or 0.0) / 100,
        source=source or "signals.csv, source not stated",
        is_verified=bool(source) and "U]" not in source,
    )


def _repeated(key: str, row: Mapping[str, Any]) -> Limit:
    """A row gives `cv_percent` or `sd` of one value, or a least change: `least_percent` or `least` (canonical)."""
    form: Form = row.get("form") or ("absolute" if "least" in row or "sd" in row else "percent")
    cv = row["least_percent"] / _TWO if "least_percent" in row else row.get("cv_percent", 0.0)
    return Limit(
        key=key,
        form=form,
        cvi=cv / 100,
        sd=row["least"] / _TWO if "least" in row else row.get("sd", 0.0),
        least=row.get("least", 0.0),
        least_share=row.get("least_percent", 0.0) / 100,
        between_scanners=row.get("between_scanners_percent", 0.0) / 100,
        source=row["source"],
        is_verified=row["status"] == "verified",
    )


def _stated(level: float, value: float, sds: Sequence[float | None]) -> Spread | Unknown:
    """The larger of what the sources state of the level and of the value, as shares where both are above zero."""
    known = [abs(each) for each in sds if each is not None]
    if len(known) < len(sds) or not known:
        return "unknown_variation"
    of_level, of_value = sum(known[:-1]) / max(1, len(known) - 1), known[-1]
    if not (level > 0 and value > 0):
        return Spread(max(of_level, of_value))
    share = max(of_level / level, of_value / value)
    return Spread(sqrt(log1p(share * share)), is_log=True) if share > LOG_ABOVE_CVI else Spread(share * level)
