"""How do simulated patients fare? Values over years and the organ bodies a snapshot would hold; pure, seeded.

The forecasts are a straight line in the signal's own scale with widening normal quantiles: enough to draw and to page
through, no model of ours. Nothing is copied from a real record.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("5f0c3c1e-9f0a-4f7e-8a55-0f5f0b6f4c11")
DAYS_A_YEAR = 365.25
DAYS_A_MONTH = 30.44
QUANTILES = {
    "q025": -1.96, "q10": -1.2816, "q25": -0.6745, "median": 0.0, "q75": 0.6745, "q90": 1.2816, "q975": 1.96,
}  # fmt: skip
WILD_VISIT = 7  # the visit at which one value is implausible and not used

Body = dict[str, Any]  # JSON of a snapshot


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One measurement's course: where it starts, its change a year (in its scale) for the average drive, its noise."""

    unit: str
    scale: str
    start: float
    slope: float
    noise: float
    reference: tuple[float | None, float | None]
    loinc: str
    display: str
    digits: int = 0


SIGNALS: Mapping[str, Signal] = {
    "ast": Signal(unit="U/L", scale="log", start=34, slope=0.055, noise=0.09, reference=(15, 40), loinc="1920-8",
                  display="Aspartate aminotransferase"),
    "alt": Signal(unit="U/L", scale="log", start=38, slope=0.03, noise=0.1, reference=(9, 50), loinc="1742-6",
                  display="Alanine aminotransferase"),
    "platelets": Signal(unit="10*9/L", scale="log", start=230, slope=-0.045, noise=0.05, reference=(125, 350),
                        loinc="777-3", display="Platelets"),
    "albumin": Signal(unit="g/L", scale="linear", start=43, slope=-0.25, noise=1.2, reference=(40, 55), loinc="1751-7",
                      display="Albumin"),
    "bilirubin_total": Signal(unit="umol/L", scale="log", start=12, slope=0.02, noise=0.15, reference=(None, 26),
                              loinc="1975-2", display="Bilirubin total"),
    "sbp": Signal(unit="mm[Hg]", scale="linear", start=128, slope=1.6, noise=6, reference=(90, 130), loinc="8480-6",
                  display="Systolic blood pressure"),
    "ldl_c": Signal(unit="mmol/L", scale="log", start=2.9, slope=0.01, noise=0.07, reference=(None, 3.4),
                    loinc="2089-1", display="LDL cholesterol", digits=2),
    "hdl_c": Signal(unit="mmol/L", scale="log", start=1.2, slope=-0.004, noise=0.05, reference=(1.0, None),
                    loinc="2085-9", display="HDL cholesterol", digits=2),
    "creatinine": Signal(unit="umol/L", scale="log", start=78, slope=0.015, noise=0.05, reference=(57, 97),
                         loinc="2160-0", display="Creatinine"),
}  # fmt: skip
LIVER = ("ast", "alt", "platelets", "albumin", "bilirubin_total")
VESSELS = ("sbp", "ldl_c", "hdl_c", "creatinine")
FIB4_RULE: Body = {
    "population": "metabolic steatotic liver disease or at risk", "exclusions": "acute hepatitis",
    "rule_id": "FIB4-VHI", "action": "hepatology referral", "priority": "soon", "status": "verified",
    "source": "EASL–EASD–EASO; J Hepatol 2024;81:492", "edition": "2024",
    "note": "EASL flow-chart itself not read; interval is a house value", "house": ["months"],
}  # fmt: skip
BP_RULE: Body = {
    "population": "adult, office reading", "exclusions": "pregnancy; acute illness",
    "rule_id": "BP-2", "action": "blood pressure recheck", "priority": "routine", "status": "unverified",
    "source": "ACC/AHA; Hypertension 2018;71:e13", "edition": "2017",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Person:
    """One simulated patient: who, how strongly the course runs, and how many visits over how many years."""

    index: int
    name: str
    sex: str
    birth_date: date
    drive: float
    years: int
    visits: int

    @property
    def id(self) -> str:
        """The same id for the same patient in every run."""
        return str(uuid5(NAMESPACE, f"patient/{self.index}"))

    def age(self, at: datetime) -> float:
        """Return the age in years."""
        return (at.date() - self.birth_date).days / DAYS_A_YEAR

    def times(self, now: datetime) -> list[datetime]:
        """Return when this person came, the last time three weeks ago or before."""
        rng = random.Random(self.index)
        span = self.years * DAYS_A_YEAR
        days = [span * (1 - (k + rng.uniform(-0.3, 0.3)) / self.visits) for k in range(self.visits)]
        return sorted(now - timedelta(days=max(each, 21)) for each in days)


@dataclass(frozen=True, kw_only=True)
class Course:
    """One signal of one person: the values seen, which were used, and the true line behind them."""

    signal: Signal
    times: Sequence[datetime]
    values: Sequence[float]
    start: float
    slope: float

    def level(self, at: datetime) -> float:
        """Return the true level in the signal's scale."""
        return self.start + self.slope * (at - self.times[0]).days / DAYS_A_YEAR

    def back(self, level: float) -> float:
        """Return a level as a value."""
        return math.exp(level) if self.signal.scale == "log" else level


def course(person: Person, key: str, now: datetime) -> Course:
    """Return how one signal of a person went; ALT and pressure have one wild value that is not used."""
    signal, times = SIGNALS[key], person.times(now)
    rng = random.Random(f"{person.index}/{key}")
    start = signal.start * math.exp(rng.gauss(0, 0.06))
    found = Course(
        signal=signal, times=times, values=(), slope=signal.slope * (0.4 + person.drive * 1.6),
        start=math.log(start) if signal.scale == "log" else start,
    )  # fmt: skip
    seen = [found.level(at) + rng.gauss(0, signal.noise) for at in times]
    if key in ("alt", "sbp"):
        seen[WILD_VISIT] += 9 * signal.noise
    values = [round(found.back(level), signal.digits) for level in seen]
    return Course(signal=signal, times=times, values=values, slope=found.slope, start=found.start)


def signal_body(key: str, went: Course, fact_ids: Sequence[int], now: datetime) -> Body:
    """Return a signal of a snapshot."""
    signal, last = went.signal, went.times[-1]
    sd = 0.55 * signal.noise
    fitted = [
        {"at": at.isoformat(), **{q: went.back(went.level(at) + z * sd) for q, z in _band().items()}}
        for at in went.times
    ]
    return {
        "key": key, "unit": signal.unit, "scale": signal.scale,
        "reference": {"low": signal.reference[0], "high": signal.reference[1]},
        "points": _points(key, went, fact_ids), "fitted": fitted, "missing": None,
        "state": {"at": last.isoformat(), "level": went.back(went.level(last)), "slope_per_year": went.slope,
                  "low80": fitted[-1]["q10"], "high80": fitted[-1]["q90"]},
        "forecast": fans(now, lambda at: went.level(at), signal.noise, went.back),
    }  # fmt: skip


def liver(person: Person, signals: Mapping[str, Body], now: datetime) -> Body:
    """Return the liver of a snapshot: FIB-4 with its threshold, MELD without an INR."""
    history = []
    for ast, alt, platelets in zip(*(signals[key]["points"] for key in LIVER[:3]), strict=True):
        age = person.age(datetime.fromisoformat(ast["observed_at"]))
        value = age * ast["value"] / (platelets["value"] * math.sqrt(alt["value"]))
        history.append({"at": ast["observed_at"], "value": value})
    inputs = [_input(key, signals[key]) for key in LIVER[:3]]
    inputs.append({"key": "age", "value": person.age(now), "unit": "a", "fact_id": None, "observed_at": None,
                   "assumed": False})  # fmt: skip
    level = math.log(sum(row["value"] for row in history[-3:]) / 3)
    slope = max(math.log(history[-1]["value"] / history[0]["value"]) / person.years, -0.02)
    forecast = fans(now, lambda at: level + slope * (at - now).days / DAYS_A_YEAR, 0.13, math.exp)
    fib4 = score("fib4", "value", "1", history, forecast, inputs, "Sterling 2006, doi:10.1002/hep.21178")
    meld = score("meld3", "score", "1", [], [], [], "Kim 2021, doi:10.1053/j.gastro.2021.08.050")
    meld |= {"value": None, "category": None, "absent": "missing_input", "detail": "inr"}
    shares = (("platelets", 0.7, "falling"), ("ast", 0.22, "rising"), ("age", 0.08, "rising"))
    drivers = [{"key": key, "share": share, "direction": way} for key, share, way in shares]
    inr = {"key": "inr", "unit": "1", "scale": "log", "reference": {"low": 0.8, "high": 1.2}, "points": [],
           "state": {"absent": "missing_input"}, "fitted": [], "forecast": [],
           "missing": "Never measured: a first result would start the curve."}  # fmt: skip
    line = crossing("fib4>2.67", {"kind": "score", "key": "fib4", "output": "value"}, 2.67, "1", "FIB-4 > 2.67",
                    FIB4_RULE, history[-1], forecast, inputs)  # fmt: skip
    return {"key": "liver", "signals": [*(signals[key] for key in LIVER), inr], "scores": [fib4, meld],
            "crossings": [line | {"drivers": drivers, "status": "on"}]}  # fmt: skip


def vessels(signals: Mapping[str, Body], now: datetime) -> Body:
    """Return heart and vessels of a snapshot: a threshold on the pressure whose rule is off."""
    sbp = signals["sbp"]
    newest = sbp["points"][-1]
    line = crossing("sbp>=140", {"kind": "signal", "key": "sbp", "output": ""}, 140, "mm[Hg]",
                    "systolic pressure ≥ 140 mmHg", BP_RULE, {"at": newest["observed_at"], "value": newest["value"]},
                    sbp["forecast"], [_input("sbp", sbp)])  # fmt: skip
    return {"key": "vascular", "signals": [signals[key] for key in VESSELS], "scores": [],
            "crossings": [line | {"drivers": [{"key": "sbp", "share": 1.0, "direction": "rising"}]}]}  # fmt: skip


def score(
    key: str, output: str, unit: str, history: list[Body], forecast: list[Body], inputs: list[Body], source: str
) -> Body:
    """Return a score of a snapshot."""
    newest = history[-1] if history else {"at": None, "value": None}
    return {
        "key": key, "output": output, "unit": unit, "label": {"en": key, "zh_CN": key}, "at": newest["at"],
        "value": newest["value"], "category": "intermediate", "caution": False, "absent": None, "detail": "",
        "warnings": [], "inputs": inputs, "history": history, "forecast": forecast, "source": source,
        "verification": "verified", "trend": None,
    }  # fmt: skip


def crossing(
    key: str, on: Body, value: float, unit: str, label: str, rule: Body, newest: Body, forecast: list[Body],
    rests_on: list[Body],
) -> Body:  # fmt: skip
    """Return a threshold of a snapshot with the chance of being past it."""
    curve = [(datetime.fromisoformat(row["at"]), _past(row, value)) for row in forecast]
    dates = {p: next((at.date().isoformat() for at, q in curve if q >= p), None) for p in (0.1, 0.2, 0.5, 0.9)}
    is_past = newest["value"] > value
    when: Body = {"median": dates[0.5], "low80": dates[0.1], "high80": dates[0.9]}
    return {
        "key": key, "on": on, "comparison": ">", "value": value, "unit": unit, "rule": rule, "why": None,
        "label": {"en": label, "zh_CN": label.replace("systolic pressure", "收缩压")}, "status": "off_unverified",
        "already_past": is_past, "past_since": newest["at"] if is_past else None, "rests_on": rests_on,
        "probabilities": [{"months": m, "p": curve[m][1], "low": max(curve[m][1] - 0.14, 0),
                           "high": min(curve[m][1] + 0.14, 1)} for m in (3, 6, 12, 24)],
        "crossing": when if dates[0.5] else {"absent": "beyond_forecast", "detail": ""},
        "reaches_level_on": dates[0.2],
    }  # fmt: skip


def fans(now: datetime, level: Any, noise: float, back: Any) -> list[Body]:  # two functions of one number
    """Return 37 monthly forecasts with quantiles."""
    made = []
    for month in range(37):
        at = now + timedelta(days=DAYS_A_MONTH * month)
        sd = noise * math.sqrt(0.35 + month / 18)
        made.append({"at": at.isoformat(), **{q: back(level(at) + z * sd) for q, z in QUANTILES.items()}})
    return made


def _points(key: str, went: Course, fact_ids: Sequence[int]) -> list[Body]:
    made: list[Body] = []
    before: float | None = None
    for k, (at, value, fact_id) in enumerate(zip(went.times, went.values, fact_ids, strict=True)):
        is_wild = key in ("alt", "sbp") and k == WILD_VISIT
        level = math.log(value) if went.signal.scale == "log" else value
        far = None if before is None or is_wild else abs(level - before) / went.signal.noise
        change = None if far is None else "changed" if far > 2.8 else "cannot_tell" if k == 1 else "no_real_change"
        given, unit = received(key, value, went.signal.unit)
        made.append({
            "fact_id": fact_id, "observed_at": at.isoformat(), "known_at": (at + timedelta(hours=5)).isoformat(),
            "value": value, "received": {"value": given, "unit": unit, "comparator": None}, "used": not is_wild,
            "reason": "implausible" if is_wild else None, "change": change, "weight": 1.0,
        })  # fmt: skip
        before = before if is_wild else level
    return made


def received(key: str, value: float, unit: str) -> tuple[str, str]:
    """Return a value as the laboratory sent it: creatinine came in mg/dL."""
    return (f"{value / 88.4:.2f}", "mg/dL") if key == "creatinine" else (f"{value:g}", unit)


def _input(key: str, signal: Body) -> Body:
    newest = signal["points"][-1]
    return {"key": key, "value": newest["value"], "unit": signal["unit"], "fact_id": newest["fact_id"],
            "observed_at": newest["observed_at"], "assumed": False}  # fmt: skip


def _past(row: Body, value: float) -> float:
    sd = (math.log(row["q90"]) - math.log(row["q10"])) / 2.563
    return 0.5 * math.erfc((math.log(value) - math.log(row["median"])) / sd / math.sqrt(2))


def _band() -> Mapping[str, float]:
    return {q: QUANTILES[q] for q in ("median", "q10", "q90")}
