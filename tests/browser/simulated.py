"""Which rows make the pages worth looking at? Simulated patients with facts, a stored twin, recalls and a CT.

Every value is drawn from a seeded generator; nothing is copied from a real record. The forecasts are a straight line
in the signal's own scale with widening normal quantiles: enough to draw, no model of ours. Rows go straight into the
tables, because these tests are about pages; the way through the importers has its own tests.
"""

import io
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from PIL import Image
from sqlalchemy import Connection, insert

from twin.store import tables

NAMESPACE = UUID("5f0c3c1e-9f0a-4f7e-8a55-0f5f0b6f4c11")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAYS_A_YEAR = 365.25
NORMAL = {"q025": -1.96, "q10": -1.2816, "q25": -0.6745, "median": 0.0, "q75": 0.6745, "q90": 1.2816, "q975": 1.96}

# key: (organ, unit, scale, start, change a year in the scale's own steps, noise, reference, LOINC, name)
COURSE = {
    "ast": ("liver", "U/L", "log", 34, 0.055, 0.09, (15, 40), "1920-8", "Aspartate aminotransferase"),
    "alt": ("liver", "U/L", "log", 38, 0.03, 0.10, (9, 50), "1742-6", "Alanine aminotransferase"),
    "platelets": ("liver", "10*9/L", "log", 230, -0.045, 0.05, (125, 350), "777-3", "Platelets"),
    "albumin": ("liver", "g/L", "linear", 43, -0.25, 1.2, (40, 55), "1751-7", "Albumin"),
    "bilirubin_total": ("liver", "umol/L", "log", 12, 0.02, 0.15, (None, 26), "1975-2", "Bilirubin total"),
    "sbp": ("vascular", "mm[Hg]", "linear", 128, 1.6, 6, (90, 130), "8480-6", "Systolic blood pressure"),
    "ldl_c": ("vascular", "mmol/L", "log", 2.9, 0.01, 0.07, (None, 3.4), "2089-1", "LDL cholesterol"),
    "total_cholesterol": ("vascular", "mmol/L", "log", 4.9, 0.01, 0.05, (None, 5.2), "2093-3", "Cholesterol"),
    "hdl_c": ("vascular", "mmol/L", "log", 1.2, -0.004, 0.05, (1.0, None), "2085-9", "HDL cholesterol"),
    "creatinine": ("vascular", "umol/L", "log", 78, 0.015, 0.05, (57, 97), "2160-0", "Creatinine"),
}
CAST = (
    ("Wang, Li", "female", date(1965, 3, 8), 0.3),
    ("Chen, Jian", "male", date(1968, 7, 21), 0.1),
    ("Zhao, Min", "female", date(1958, 11, 2), 0.5),
    ("Okafor, Daniel", "male", date(1961, 1, 30), 0.0),
    ("Lindqvist, Karin", "female", date(1971, 5, 17), -0.3),
    ("Liu, Guoqiang", "male", date(1954, 9, 9), 0.6),
    ("García, Marta", "female", date(1949, 2, 14), 0.2),
    ("Novak, Petr", "male", date(1977, 12, 1), -0.5),
)
FIB4_RULE = {
    "rule_id": "FIB4-VHI",
    "action": "hepatology referral",
    "examination": "elastography",
    "interval_min_months": 0,
    "interval_max_months": 3,
    "closes_with": "liver_stiffness",
    "priority": "soon",
    "source": "EASL–EASD–EASO; J Hepatol 2024;81:492",
    "edition": "2024",
    "verification": "verified",
}
BP_RULE = {
    "rule_id": "BP-2",
    "action": "blood pressure recheck (office, home or ambulatory)",
    "examination": "blood pressure",
    "interval_min_months": 1,
    "interval_max_months": 1,
    "closes_with": "sbp",
    "priority": "routine",
    "source": "ACC/AHA; Hypertension 2018;71:e13",
    "edition": "2017",
    "verification": "unverified",
}


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
        return str(uuid5(NAMESPACE, f"patient/{self.index}"))


@dataclass
class Ids:
    """The rows that others refer to."""

    import_id: int = 0
    item_id: int = 0
    facts: dict[tuple[str, int], int] = field(default_factory=dict)


def cast(count: int = 8, *, years: int = 10, visits: int = 22) -> Iterator[Person]:
    """Return `count` patients: the named ones first, then numbered ones."""
    for index in range(count):
        name, sex, born, drive = CAST[index % len(CAST)]
        if index >= len(CAST):
            name = f"{name} {index // len(CAST) + 1}"
        yield Person(index=index, name=name, sex=sex, birth_date=born, drive=drive, years=years, visits=visits)


def seed(connection: Connection, people: Iterator[Person] | None = None, *, now: datetime = NOW) -> list[str]:
    """Write the simulated patients and return their ids; the first has a CT, a closed recall and a snoozed one."""
    ids = _import_rows(connection, now)
    made = []
    for person in people or cast():
        connection.execute(
            insert(tables.patient).values(id=person.id, name=person.name, sex=person.sex, birth_date=person.birth_date)
        )
        connection.execute(
            insert(tables.patient_identifier).values(
                system="urn:oid:1.2.3.4", value=f"{12345 + person.index:07d}", kind="MR", patient_id=person.id
            )
        )
        organs, extra = _life(connection, person, ids, now)
        _store_twin(connection, person, organs, extra, now)
        _recalls(connection, person, organs, now)
        if person.index in (0, 3):
            _study(connection, person, ids, now)
        made.append(person.id)
    return made


def _import_rows(connection: Connection, now: datetime) -> Ids:
    run = connection.execute(
        insert(tables.import_run)
        .values(
            source="clinic-north",
            file_name="bundle-2026-11.json",
            file_hash="9f2c" * 16,
            format="fhir",
            status="done",
            requested_by="admin",
            started_at=now - timedelta(minutes=9),
            finished_at=now - timedelta(minutes=8),
            report={
                "read": 214,
                "imported": 203,
                "duplicates": 4,
                "superseded": 1,
                "rejected": 2,
                "not_used": 4,
                "facts": 231,
                "patients": 8,
                "by_type": {
                    "Patient": {"imported": 8},
                    "Claim": {"not_used": 3},
                    "CareTeam": {"not_used": 1},
                    "Observation": {"imported": 195, "duplicates": 4, "superseded": 1, "rejected": 2},
                },
            },
        )
        .returning(tables.import_run.c.id)
    ).scalar_one()
    connection.execute(
        insert(tables.import_reject),
        [
            {
                "import_id": run,
                "place": "entry[88].resource",
                "reason": "unknown_patient",
                "detail": "Observation/17 refers to Patient/none",
                "body": None,
            },
            {
                "import_id": run,
                "place": "entry[131].resource",
                "reason": "impossible_date",
                "detail": "effectiveDateTime 2026-02-31",
                "body": None,
            },
        ],
    )
    item = connection.execute(
        insert(tables.import_item)
        .values(source="clinic-north", item_key="Bundle/1", fingerprint="1", import_id=run)
        .returning(tables.import_item.c.id)
    ).scalar_one()
    return Ids(import_id=run, item_id=item)


def _life(
    connection: Connection, person: Person, ids: Ids, now: datetime
) -> tuple[list[dict[str, object]], dict[str, object]]:
    rng = random.Random(person.index)
    times = [
        now - timedelta(days=person.years * DAYS_A_YEAR * (1 - (k + rng.uniform(-0.3, 0.3)) / person.visits))
        for k in range(person.visits)
    ]
    times = sorted(min(at, now - timedelta(days=21)) for at in times)
    series = {key: _signal(connection, person, key, times, rng, ids, now) for key in COURSE}
    statin = _insert_fact(
        connection,
        person,
        ids,
        kind="medication",
        code="C10AA05",
        display="atorvastatin",
        system="http://www.whocc.no/atc",
        observed_at=times[len(times) // 2],
        signal="statin",
    )
    diabetes = _insert_fact(
        connection,
        person,
        ids,
        kind="condition",
        code="44054006",
        display="Diabetes mellitus type 2",
        system="http://snomed.info/sct",
        observed_at=times[2],
        signal="diabetes",
    )
    organs = [_liver(person, series, now), _vascular(person, series, now)]
    extra = {
        "background": {
            "conditions": [
                {
                    "key": "diabetes",
                    "display": "Diabetes mellitus type 2",
                    "since": _iso(times[2]),
                    "until": None,
                    "fact_id": diabetes,
                }
            ],
            "medications": [
                {
                    "key": "statin",
                    "display": "atorvastatin",
                    "since": _iso(times[len(times) // 2]),
                    "until": None,
                    "fact_id": statin,
                }
            ],
            "allergies": [
                {"key": None, "display": "penicillin", "since": _iso(times[1]), "until": None, "fact_id": diabetes}
            ]
            if person.index % 2 == 0
            else [],
            "family_history": [],
            "smoking": {"status": "former", "since": _iso(times[0]), "fact_id": diabetes} if person.index % 3 else None,
        },
        "events": [
            {"at": _iso(times[2]), "kind": "condition", "display": "Diabetes mellitus type 2", "fact_id": diabetes},
            {"at": _iso(times[len(times) // 2]), "kind": "medication", "display": "atorvastatin", "fact_id": statin},
            {"at": _iso(times[-5]), "kind": "encounter", "display": "Admission", "fact_id": diabetes},
            {"at": _iso(times[-2]), "kind": "imaging_study", "display": "CT chest", "fact_id": diabetes},
        ],
        "findings": [
            {
                "fact_id": diabetes,
                "at": _iso(times[-2]),
                "display": "Flagged region",
                "detail": "right upper lobe, 7.4 mm",
            }
        ]
        if person.index == 0
        else [],
    }
    return organs, extra


def _signal(connection, person, key, times, rng, ids, now) -> dict[str, object]:  # type: ignore[no-untyped-def]
    _, unit, scale, start, slope, noise, (low, high), loinc, display = COURSE[key]
    slope = slope * (0.4 + person.drive * 1.6)
    start = start * math.exp(rng.gauss(0, 0.06))
    if key == "albumin" and person.index == 4:
        times = times[:6]
    points, level, previous = [], 0.0, None
    for k, at in enumerate(times):
        years = (at - times[0]).days / DAYS_A_YEAR
        level = math.log(start) + slope * years if scale == "log" else start + slope * years
        seen = level + rng.gauss(0, noise)
        wild = k == 7 and key in ("alt", "sbp")
        if wild:
            seen += noise * 9
        value = round(math.exp(seen) if scale == "log" else seen, 2 if unit == "mmol/L" else 0)
        fact_id = _insert_fact(
            connection,
            person,
            ids,
            kind="observation",
            code=loinc,
            display=display,
            system="http://loinc.org",
            observed_at=at,
            signal=key,
            value=value,
            unit="mg/dL" if key == "creatinine" else unit,
            received=round(value / 88.4, 2) if key == "creatinine" else value,
            quality="implausible" if wild else "ok",
        )
        change = None
        if previous is not None and not wild:
            step = abs(seen - previous) / noise
            change = "changed" if step > 2.8 else "cannot_tell" if k == 1 else "no_real_change"
        points.append(
            {
                "fact_id": fact_id,
                "observed_at": _iso(at),
                "known_at": _iso(at + timedelta(hours=5)),
                "value": value,
                "received": {
                    "value": str(round(value / 88.4, 2) if key == "creatinine" else value),
                    "unit": "mg/dL" if key == "creatinine" else unit,
                    "comparator": None,
                },
                "used": not wild,
                "reason": "implausible" if wild else None,
                "change": change,
                "weight": 1.0,
            }
        )
        if not wild:
            previous = seen
    back = math.exp if scale == "log" else float
    sd = noise * 0.55
    last = times[-1]
    years_since = (now - last).days / DAYS_A_YEAR
    return {
        "key": key,
        "unit": unit,
        "scale": scale,
        "reference": {"low": low, "high": high},
        "points": points,
        "state": {
            "at": _iso(last),
            "level": back(level),
            "slope_per_year": slope,
            "low80": back(level - 1.28 * sd),
            "high80": back(level + 1.28 * sd),
        },
        "fitted": [
            {
                "at": _iso(at),
                "median": back(_level(scale, start, slope, times[0], at)),
                "q10": back(_level(scale, start, slope, times[0], at) - 1.28 * sd),
                "q90": back(_level(scale, start, slope, times[0], at) + 1.28 * sd),
            }
            for at in times
        ],
        "forecast": [
            _fan(
                now + timedelta(days=30.44 * m),
                level + slope * (years_since + m / 12),
                noise * math.sqrt(0.35 + m / 18),
                back,
            )
            for m in range(0, 37)
        ],
        "missing": None,
        "_model": (scale, start, slope, noise, times),
    }


def _level(scale: str, start: float, slope: float, first: datetime, at: datetime) -> float:
    return (math.log(start) if scale == "log" else start) + slope * (at - first).days / DAYS_A_YEAR


def _fan(at: datetime, level: float, sd: float, back) -> dict[str, object]:  # type: ignore[no-untyped-def]
    return {"at": _iso(at), **{name: back(level + z * sd) for name, z in NORMAL.items()}}


def _liver(person: Person, series: Mapping[str, dict], now: datetime) -> dict[str, object]:
    history, inputs = [], []
    for ast, alt, platelets in zip(*(series[key]["points"] for key in ("ast", "alt", "platelets")), strict=True):
        at = datetime.fromisoformat(ast["observed_at"])
        age = (at.date() - person.birth_date).days / DAYS_A_YEAR
        history.append({"at": _iso(at), "value": age * ast["value"] / (platelets["value"] * math.sqrt(alt["value"]))})
    for key in ("ast", "alt", "platelets"):
        point = series[key]["points"][-1]
        inputs.append(
            {
                "key": key,
                "value": point["value"],
                "unit": series[key]["unit"],
                "fact_id": point["fact_id"],
                "observed_at": point["observed_at"],
                "assumed": False,
            }
        )
    inputs.append(
        {
            "key": "age",
            "value": (now.date() - person.birth_date).days / DAYS_A_YEAR,
            "unit": "a",
            "fact_id": None,
            "observed_at": _iso(now),
            "assumed": False,
        }
    )
    level = math.log(sum(row["value"] for row in history[-3:]) / 3)
    slope = max(math.log(history[-1]["value"] / history[0]["value"]) / person.years, -0.02)
    forecast = [
        _fan(now + timedelta(days=30.44 * m), level + slope * m / 12, 0.08 * math.sqrt(0.6 + m / 5), math.exp)
        for m in range(37)
    ]
    score = {
        "key": "fib4",
        "output": "value",
        "unit": "1",
        "value": history[-1]["value"],
        "category": "high" if history[-1]["value"] > 2.67 else "intermediate" if history[-1]["value"] >= 1.3 else "low",
        "caution": None,
        "absent": None,
        "warnings": [],
        "inputs": inputs,
        "history": history,
        "forecast": forecast,
        "source": "Sterling 2006, doi:10.1002/hep.21178",
        "verification": "verified",
    }
    meld = {
        "key": "meld3",
        "output": "value",
        "unit": "1",
        "value": None,
        "category": None,
        "caution": None,
        "absent": "missing_input: inr",
        "warnings": [],
        "inputs": [],
        "history": [],
        "forecast": [],
        "source": "Kim 2021, doi:10.1053/j.gastro.2021.08.050",
        "verification": "verified",
    }
    missing = {
        "key": "inr",
        "unit": "1",
        "scale": "log",
        "reference": {"low": 0.8, "high": 1.2},
        "points": [],
        "state": {"absent": "no_data"},
        "fitted": [],
        "forecast": [],
        "missing": "no_data",
    }
    signals = [_public(series[key]) for key in ("ast", "alt", "platelets", "albumin", "bilirubin_total")]
    crossing = _crossing(
        "fib4>2.67",
        {"kind": "score", "key": "fib4", "output": "value"},
        2.67,
        "1",
        {"en": "FIB-4 > 2.67", "zh_CN": "FIB-4 > 2.67"},
        FIB4_RULE,
        history[-1],
        forecast,
        "on",
        [("platelets", 0.7), ("ast", 0.22), ("age", 0.08)],
    )
    return {"key": "liver", "signals": [*signals, missing], "scores": [score, meld], "crossings": [crossing]}


def _vascular(person: Person, series: Mapping[str, dict], now: datetime) -> dict[str, object]:
    sbp = series["sbp"]
    signals = [_public(series[k]) for k in ("sbp", "ldl_c", "total_cholesterol", "hdl_c", "creatinine")]
    base = 3 + max((NOW.date() - person.birth_date).days / DAYS_A_YEAR - 45, 0) * 0.4
    history = [
        {"at": p["observed_at"], "value": base * (0.8 + 0.3 * k / person.visits)} for k, p in enumerate(sbp["points"])
    ]
    level = math.log(history[-1]["value"])
    forecast = [
        _fan(now + timedelta(days=30.44 * m), level + 0.06 * m / 12, 0.05 * math.sqrt(0.4 + m / 8), math.exp)
        for m in range(37)
    ]
    score = {
        "key": "china_par",
        "output": "risk_percent",
        "unit": "%",
        "value": history[-1]["value"],
        "category": "moderate",
        "caution": "age outside 35-74" if base > 13 else None,
        "absent": None,
        "warnings": [],
        "inputs": [
            {
                "key": "sbp",
                "value": sbp["points"][-1]["value"],
                "unit": "mm[Hg]",
                "fact_id": sbp["points"][-1]["fact_id"],
                "observed_at": sbp["points"][-1]["observed_at"],
                "assumed": False,
            },
            {"key": "region", "value": "north", "unit": None, "fact_id": None, "observed_at": None, "assumed": True},
        ],
        "history": history,
        "forecast": forecast,
        "source": "Yang 2016, doi:10.1161/CIRCULATIONAHA.116.022367",
        "verification": "verified",
    }
    last = {"at": sbp["points"][-1]["observed_at"], "value": sbp["points"][-1]["value"]}
    crossing = _crossing(
        "sbp>=140",
        {"kind": "signal", "key": "sbp", "output": "value"},
        140,
        "mm[Hg]",
        {"en": "systolic pressure ≥ 140 mmHg", "zh_CN": "收缩压 ≥ 140 mmHg"},
        BP_RULE,
        last,
        sbp["forecast"],
        "off_unverified",
        [("sbp", 1.0)],
    )
    return {"key": "vascular", "signals": signals, "scores": [score], "crossings": [crossing]}


def _crossing(key, on, value, unit, label, rule, last, forecast, status, drivers) -> dict[str, object]:  # type: ignore[no-untyped-def]
    def past(row: Mapping[str, float]) -> float:
        sd = (math.log(row["q90"]) - math.log(row["q10"])) / 2.563
        return 0.5 * math.erfc((math.log(value) - math.log(row["median"])) / sd / math.sqrt(2))

    curve = [(datetime.fromisoformat(row["at"]), past(row)) for row in forecast]

    def date_of(p: float) -> str | None:
        return next((at.date().isoformat() for at, q in curve if q >= p), None)

    return {
        "key": key,
        "on": on,
        "comparison": ">" if ">" in key else ">=",
        "value": value,
        "unit": unit,
        "label": label,
        "rule": rule,
        "status": status,
        "already_past": last["value"] > value,
        "past_since": last["at"] if last["value"] > value else None,
        "probabilities": [
            {"months": m, "p": curve[m][1], "low": max(curve[m][1] - 0.14, 0), "high": min(curve[m][1] + 0.14, 1)}
            for m in (3, 6, 12, 24)
        ],
        "crossing": {"median": date_of(0.5), "low80": date_of(0.1), "high80": date_of(0.9)}
        if date_of(0.5)
        else {"absent": "beyond_horizon"},
        "reaches_level_on": date_of(0.2),
        "drivers": [{"key": k, "share": s} for k, s in drivers],
    }


def _public(signal: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in signal.items() if not key.startswith("_")}


def _store_twin(connection, person, organs, extra, now) -> None:  # type: ignore[no-untyped-def]
    body = {
        "patient": {
            "id": person.id,
            "name": person.name,
            "sex": person.sex,
            "birth_date": person.birth_date.isoformat(),
            "age": int((now.date() - person.birth_date).days / DAYS_A_YEAR),
            "died_at": None,
        },
        "as_of": _iso(now),
        "versions": {"mapping": "1", "dynamics": "1", "rules": "2026-11"},
        "settings": {"recall_level": 0.2, "horizon_months": 12},
        **extra,
    }
    connection.execute(
        insert(tables.twin).values(
            patient_id=person.id,
            computed_at=now,
            as_of=now,
            revision=1,
            model_version="dynamics-1",
            body=body,
            quiet=[],
        )
    )
    connection.execute(
        insert(tables.forecast),
        [
            {
                "patient_id": person.id,
                "organ": organ["key"],
                "model_version": "dynamics-1",
                "body": organ,
                "computed_at": now,
            }
            for organ in organs
        ],
    )


def _recalls(connection, person, organs, now) -> None:  # type: ignore[no-untyped-def]
    today = now.date()
    due = today + timedelta(days=(-40, 3, 20, 51, 80, -6, 140, 260)[person.index % 8] + person.index // 8)
    liver, vessels = organs
    fib4, crossing = liver["scores"][0], liver["crossings"][0]
    first, last = fib4["history"][0]["value"], fib4["value"]
    chance = _within_a_year(crossing)
    if chance >= 0.2 and not crossing["already_past"]:
        _insert_recall(
            connection,
            person,
            "liver/fib4>2.67",
            FIB4_RULE,
            due,
            chance,
            now,
            {
                "en": f"FIB-4 rose from {first:.1f} to {last:.1f} in {person.years} years and is likely to pass 2.67.",
                "zh_CN": f"FIB-4 在 {person.years} 年内由 {first:.1f} 升至 {last:.1f}，很可能超过 2.67。",
            },
            {"en": "Elastography", "zh_CN": "肝脏弹性成像"},
            evidence=_facts_behind(fib4),
        )
    elif crossing["already_past"]:
        since = date.fromisoformat(crossing["past_since"][:10])
        _insert_recall(
            connection,
            person,
            "liver/fib4>2.67",
            FIB4_RULE,
            due,
            None,
            now,
            {
                "en": f"FIB-4 is {last:.1f}, past 2.67 since {since:%B %Y}, and no elastography is on record.",
                "zh_CN": f"FIB-4 为 {last:.1f}，自 {since.year} 年 {since.month} 月起超过 2.67，尚无肝脏弹性成像记录。",
            },
            {"en": "Elastography", "zh_CN": "肝脏弹性成像"},
            evidence=_facts_behind(fib4),
        )
    else:
        _insert_recall(
            connection,
            person,
            "vascular/sbp>=140",
            BP_RULE,
            due,
            max(_within_a_year(vessels["crossings"][0]), 0.21),
            now,
            {
                "en": "Systolic pressure is rising and likely to pass 140 mmHg within a year.",
                "zh_CN": "收缩压持续上升，一年内很可能超过 140 mmHg。",
            },
            {"en": "Blood pressure recheck", "zh_CN": "复测血压"},
            evidence=[],
        )
    if person.index == 0:
        _insert_recall(
            connection,
            person,
            "vascular/ldl_c>=2.6",
            BP_RULE | {"rule_id": "LIPID-KEEP"},
            today - timedelta(days=200),
            None,
            now - timedelta(days=290),
            {"en": "No lipid panel for 12 months on a statin.", "zh_CN": "服用他汀期间已 12 个月未查血脂。"},
            {"en": "Lipid panel", "zh_CN": "血脂四项"},
            evidence=[],
            closed=now - timedelta(days=210),
        )
        _insert_recall(
            connection,
            person,
            "vascular/sbp>=140",
            BP_RULE,
            today + timedelta(days=30),
            0.41,
            now,
            {
                "en": "Systolic pressure is likely to pass 140 mmHg within a year.",
                "zh_CN": "收缩压一年内很可能超过 140 mmHg。",
            },
            {"en": "Blood pressure recheck", "zh_CN": "复测血压"},
            evidence=[],
            snoozed=today + timedelta(days=14),
        )


def _within_a_year(crossing) -> float:  # type: ignore[no-untyped-def]
    return next(row["p"] for row in crossing["probabilities"] if row["months"] == 12)


def _facts_behind(score) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    return [row for row in score["inputs"] if row["fact_id"]]


def _insert_recall(  # type: ignore[no-untyped-def]
    connection, person, key, rule, due, probability, opened, reason, examination, *, evidence, closed=None, snoozed=None
) -> None:
    recall_id = str(uuid5(NAMESPACE, f"recall/{person.index}/{key}"))
    connection.execute(
        insert(tables.recall).values(
            id=recall_id,
            patient_id=person.id,
            rule_id=rule["rule_id"],
            key=key,
            state="closed" if closed else "open",
            version=2 if closed or snoozed else 1,
            reason=reason,
            examination=examination,
            evidence={"facts": evidence},
            closes_with=["liver_stiffness"],
            due_from=due - timedelta(days=60),
            due_at=due,
            overdue_at=due + timedelta(days=15),
            priority=rule["priority"],
            source=rule["source"],
            edition=rule["edition"],
            verification=rule["verification"],
            probability=probability,
            model_version="dynamics-1",
            opened_at=opened,
            snoozed_until=snoozed,
            closed_at=closed,
            closing={"action": "closed_by_result", "reason": "result", "by": "twin", "note": "", "result": "fact/1"}
            if closed
            else None,
        )
    )
    events = [
        {
            "recall_id": recall_id,
            "at": opened,
            "kind": "opened",
            "actor": "twin",
            "detail": {"rule": rule["rule_id"], "due_at": due.isoformat(), "probability": probability},
        }
    ]
    if closed:
        events.append({"recall_id": recall_id, "at": closed, "kind": "closed_by_result", "actor": "twin", "detail": {}})
    if snoozed:
        events.append(
            {
                "recall_id": recall_id,
                "at": opened + timedelta(minutes=5),
                "kind": "snoozed",
                "actor": "dr.lin",
                "detail": {"until": snoozed.isoformat()},
            }
        )
    connection.execute(insert(tables.recall_event), events)


def _study(connection, person, ids, now) -> None:  # type: ignore[no-untyped-def]
    acquired = now - timedelta(days=41)
    regions = [
        {
            "rank": 1,
            "score": 0.91,
            "centre_lps_mm": [-61.2, -12.4, 188.0],
            "box_lps_mm": [[-66.0, -17.0, 184.0], [-56.0, -8.0, 192.0]],
            "features": {"brightness": 0.82, "variation": 0.41, "boundary": 0.63, "similarity": 0.12},
        },
        {
            "rank": 2,
            "score": 0.64,
            "centre_lps_mm": [54.0, 31.5, 121.0],
            "box_lps_mm": [[49.0, 27.0, 117.0], [59.0, 36.0, 125.0]],
            "features": {"brightness": 0.55, "variation": 0.38, "boundary": 0.47, "similarity": 0.29},
        },
    ]
    study_id = connection.execute(
        insert(tables.study)
        .values(
            patient_id=person.id,
            series_uid=f"1.2.826.0.1.{person.index}.1",
            study_uid=f"1.2.826.0.1.{person.index}",
            file_hash="ab" * 32,
            path="phantom.zip",
            import_id=ids.import_id,
            status="screened",
            described={
                "manufacturer": "Phantom",
                "model": "chest",
                "slice_thickness_mm": 2.5,
                "contrast": False,
                "description": "CT chest",
            },
            screening={"blocks": 41230, "flagged": 2, "regions": regions},
            acquired_at=acquired,
            received_at=now - timedelta(days=40),
            screened_at=now - timedelta(days=40),
        )
        .returning(tables.study.c.id)
    ).scalar_one()
    connection.execute(
        insert(tables.key_slice),
        [
            {"study_id": study_id, "rank": region["rank"], "png": _picture(region["rank"]), "region": region}
            for region in regions
        ],
    )


def _picture(rank: int, size: int = 256) -> bytes:
    """Return a drawn chest: two dark lungs in a grey body with one bright spot."""
    picture = Image.new("L", (size, size), 8)
    pixels = picture.load()
    assert pixels is not None
    spot = (88, 96) if rank == 1 else (166, 150)
    for y in range(size):
        for x in range(size):
            body = ((x - 128) / 112) ** 2 + ((y - 128) / 88) ** 2
            left, right = (((x - cx) / 40) ** 2 + ((y - 124) / 60) ** 2 for cx in (82, 174))
            if body < 1:
                pixels[x, y] = 150 if body > 0.86 else 26 if min(left, right) < 1 else 128
            if (x - spot[0]) ** 2 + (y - spot[1]) ** 2 < 36:
                pixels[x, y] = 205
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def _insert_fact(  # type: ignore[no-untyped-def]
    connection,
    person,
    ids,
    *,
    kind,
    code,
    display,
    system,
    observed_at,
    signal,
    value=None,
    unit=None,
    received=None,
    quality="ok",
) -> int:
    return int(
        connection.execute(
            insert(tables.fact)
            .values(
                patient_id=person.id,
                item_id=ids.item_id,
                kind=kind,
                code_system=system,
                code=code,
                display=display,
                value_kind="number" if value is not None else "none",
                value=None if received is None else str(received),
                unit=unit,
                observed_at=observed_at,
                known_at=observed_at + timedelta(hours=5),
                known_basis="issued",
                recorded_at=NOW - timedelta(minutes=8),
                import_id=ids.import_id,
                place=f"entry[{len(ids.facts)}].resource",
                resource=f"Observation/{person.index}-{signal}",
                device="Cobas 8000" if value is not None else None,
                status="final",
                signal=signal,
                canonical_value=value,
                quality=quality,
                mapping_version="1",
            )
            .returning(tables.fact.c.id)
        ).scalar_one()
    )


def _iso(at: datetime) -> str:
    return at.isoformat()
