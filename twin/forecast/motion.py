"""How a signal moves: its working scale, noise, drift and wander, from `data/dynamics.toml` and `signals.csv`."""

import csv
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import exp, inf, log, log1p, sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import ConfigurationError, UnknownKey
from twin.record.signal import signal

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Motion:
    """The dynamics of one signal on its working scale (natural logarithm, or the canonical unit as it is).

    The level has a slope that relaxes to zero (Ornstein-Uhlenbeck, stationary SD `slope_sd` per year) and wanders
    besides (Brownian, `wander` per square root of a year). `cvi`, `cva` are fractions of the value. `lowest`: the least
    value that can be, canonical unit: no calcium score is below 0, however wide its fan. `highest`: the greatest, of a
    share that can't exceed its whole; infinite else. `ageing`: what is expected of a woman, and of a man, a year.
    """

    key: str
    scale: Literal["log", "linear"]
    typical: float
    spread: float
    slope_sd: float
    wander: float
    cvi: float
    cva: float
    relaxation: float
    gate: float
    step_years: float
    lowest: float
    highest: float = inf
    ageing: tuple[float, float] = (0.0, 0.0)

    def working(self, value: float) -> float | None:
        """Return a canonical value on the working scale, or None where it has none (zero on the log scale)."""
        if self.scale == "linear":
            return value
        return log(value) if value > 0 else None

    def canonical(self, level: float) -> float:
        """Return a working-scale level in the canonical unit, never beyond what can be."""
        return min(exp(level) if self.scale == "log" else max(level, self.lowest), self.highest)

    def canonical_in_place(self, levels: Array) -> Array:
        """Turn working-scale levels into the canonical unit as `canonical` does, in place, and return them."""
        if self.scale == "log":
            np.exp(levels, out=levels)
        return self.bound(levels)

    def bound(self, values: Array) -> Array:
        """Bring values in the canonical unit to what can be, in place, and return them."""
        if self.scale == "linear":
            np.maximum(values, self.lowest, out=values)
        if self.highest < inf:
            np.minimum(values, self.highest, out=values)
        return values

    @property
    def centre(self) -> float:
        """The mean of the level's prior, working scale."""
        return log(self.typical) if self.scale == "log" else self.typical

    def trend(self, sex: str) -> float:
        """Return what is expected of everybody of this sex a year, working scale; where it is not known, the middle."""
        women, men = self.ageing
        return {"female": women, "male": men}.get(sex, (women + men) / 2)

    def noise(self, value: float, sd: float | None = None) -> float:
        """Return the variance of one observation, working scale.

        Args:
            value: canonical unit; it matters only with `sd`.
            sd: measurement uncertainty given by the source, canonical unit; it replaces the analytical variation.
        """
        analytical = self.cva if sd is None else abs(sd / value) if value else self.cva
        variance = self.cvi * self.cvi + analytical * analytical
        return log1p(variance) if self.scale == "log" else variance * self.typical * self.typical

    def scaled(self, factor: float) -> "Motion":
        """The same signal moving `factor` times as much: for the uncertainty of the house values themselves."""
        return replace(self, slope_sd=self.slope_sd * factor, wander=self.wander * factor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """Two signals that move together: correlation of their levels between people, and of their changes in one."""

    first: str
    second: str
    level: float
    change: float


def motion(key: str) -> Motion:
    """Return the dynamics of a signal.

    Raises:
        UnknownKey: `dynamics.toml` has no row for it.
    """
    try:
        return motions()[key]
    except KeyError:
        raise UnknownKey(f"no dynamics for the signal {key!r}") from None


def adopt(site: Path | None) -> None:
    """Follow signals by a site's own dynamics (`twin cohort dynamics`), and by the house values where they name none.

    For the whole process, before anything is followed.

    Raises:
        ConfigurationError: the file can't be read, or holds what can't be.
    """
    try:
        _follow_by({} if site is None else _checked(tomllib.loads(site.read_text(encoding="utf-8"))))
    except OSError as error:
        raise ConfigurationError(f"TWIN_DYNAMICS: {site} can't be read ({error.strerror})") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # whatever TOML may hold in their place
        _follow_by({})
        raise ConfigurationError(f"TWIN_DYNAMICS: {site} is no file of dynamics: {error}") from error


def _follow_by(own: dict[str, Any]) -> None:
    global _site  # what a process follows signals by is one thing, as its time zone is
    _site = own
    for made in (motions, together, dynamics_version):
        made.cache_clear()
    for again in _ON_ADOPTION:
        again()


def on_adoption(again: Callable[[], None]) -> None:
    """Have `again` called when other dynamics are adopted."""
    _ON_ADOPTION.append(again)


@cache
def motions() -> Mapping[str, Motion]:
    """Every signal that can be followed, by key."""
    own = _site.get("signals", {})
    return MappingProxyType({key: _motion(key, row | own.get(key, {})) for key, row in _table()["signals"].items()})


@cache
def together() -> tuple[Together, ...]:
    """Every pair of signals that is linked; a signal that a site has fitted is linked by that fit only."""
    own, fitted = (Together(**row) for row in _site.get("together", ())), _site.get("signals", {}).keys()
    return (*own, *(link for link in _house_links() if not {link.first, link.second} & fitted))


@cache
def _house_links() -> tuple[Together, ...]:
    return tuple(
        Together(
            first=row["first"],
            second=row["second"],
            level=float(row["level"]),
            change=float(row["change"]),
        )
        for row in rows("together.csv")
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a number comes from; `derived`: made of numbers that were read in the source."""

    text: str
    status: Literal["verified", "derived"]


def ageing_source(key: str) -> Origin | None:
    """Return where what is expected of a signal every year comes from; None where nothing is."""
    row = _table().get("ageing", {}).get(key)
    return None if row is None else Origin(text=row["source"], status=row["status"])


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables beside `dynamics.toml`; a line that starts with # is a remark."""
    return list(csv.DictReader(line for line in _file(name).splitlines() if not line.startswith("#")))


def _file(name: str) -> str:
    return (files("twin.forecast") / "data" / name).read_text(encoding="utf-8")


@cache
def dynamics_version() -> str:
    """The version that stands on every number these dynamics made."""
    own = f"+{_site['version']}" if _site else ""
    tables = (_file(name) for name in ("dynamics.toml", "together.csv", "effects.csv", "genes.csv"))
    return f"{_table()['version']}-{sha256(''.join(tables).encode()).hexdigest()[:6]}{own}"


def _checked(written: dict[str, Any]) -> dict[str, Any]:
    """A site's dynamics, or an error that says what is wrong with them."""
    if not str(written["version"]).strip():
        raise ValueError("it has no version")
    for key, row in written["signals"].items():
        if key not in _table()["signals"]:
            raise ValueError(f"no signal is called {key!r}")
        if set(row) != {"slope_sd", "wander", "noise_cv"} or not all(0 < float(each) < inf for each in row.values()):
            raise ValueError(f"{key} needs slope_sd, wander and noise_cv, finite and above zero")
    for row in written["together"]:
        link = Together(**row)
        if not {link.first, link.second} <= written["signals"].keys():
            raise ValueError(f"{link.first} and {link.second} are linked and not both fitted")
        if not (abs(link.level) < 1 and abs(link.change) < 1):
            raise ValueError(f"a correlation of {link.first} and {link.second} is not between -1 and 1")
    return written


_site: dict[str, Any] = {}
_ON_ADOPTION: list[Callable[[], None]] = []


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_file("dynamics.toml"))


def _motion(key: str, row: Mapping[str, Any]) -> Motion:
    table, measured = _table(), signal(key)
    if "noise_cv" in row:
        cvi, cva = row["noise_cv"] / 100, 0.0
    else:
        cvi, cva = (measured.cvi_percent or 0.0) / 100, (measured.cva_percent or 0.0) / 100
    if not sqrt(cvi * cvi + cva * cva) > 0:
        raise ValueError(f"dynamics.toml: {key} has no noise, neither here nor in signals.csv")
    return Motion(
        key=key,
        scale=row["scale"],
        typical=float(row["typical"]),
        spread=float(row["spread"]),
        slope_sd=float(row["slope_sd"]),
        wander=float(row["wander"]),
        cvi=cvi,
        cva=cva,
        relaxation=float(table["relaxation_years"]),
        gate=float(table["gate_sd"]),
        lowest=-inf if measured.plausible[0] is None else measured.plausible[0],
        highest=float(row.get("highest", inf)),
        step_years=(float(table["step_days"]) - 0.5) / 365.25,  # half a day: many sources give dates without a time
        ageing=_ageing(key),
    )


def _ageing(key: str) -> tuple[float, float]:
    row = _table().get("ageing", {}).get(key)
    return (0.0, 0.0) if row is None else (float(row["female"]), float(row["male"]))
