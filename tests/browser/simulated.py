"""Which rows make the pages worth looking at? Simulated patients with facts, a stored twin, recalls and a drawn CT.

Rows go straight into the tables, because the tests that use them are about pages; the way through the importers and
the models has its own tests.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid5

import numpy as np
from PIL import Image
from sqlalchemy import Connection, insert

from tests.browser.course import (
    BP_RULE,
    FIB4_RULE,
    NAMESPACE,
    SIGNALS,
    WILD_VISIT,
    Body,
    Person,
    course,
    liver,
    received,
    signal_body,
    vessels,
)
from twin.importers.base import PatientDraft
from twin.record.person_name import name_key
from twin.record.timeline import Identifier
from twin.store import matching, people, tables

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SOURCE = "clinic-north"
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
DUE_IN_DAYS = (-40, 3, 20, 51, 80, -6, 140, 260)  # overdue, this week, this quarter and later, whoever it is
ELASTOGRAPHY = {"en": "elastography", "zh_CN": "肝脏弹性成像"}
RECHECK = {"en": "blood pressure recheck", "zh_CN": "复测血压"}
PANEL = {"en": "lipid panel", "zh_CN": "血脂四项"}


def cast(count: int = 8, *, years: int = 10, visits: int = 22) -> Iterator[Person]:
    """Return `count` patients: the named ones first, then the same names numbered."""
    for index in range(count):
        name, sex, born, drive = CAST[index % len(CAST)]
        called = name if index < len(CAST) else f"{name} {index // len(CAST) + 1}"
        yield Person(index=index, name=called, sex=sex, birth_date=born, drive=drive, years=years, visits=visits)


def seed(connection: Connection, people: Iterable[Person] | None = None, *, now: datetime = NOW) -> list[str]:
    """Write the patients and return their ids; the first has a CT, a closed recall and a snoozed one."""
    import_id, item_id = _import(connection, now)
    made = []
    for person in people or cast():
        _write_person(connection, person)
        body, organs = _twin(connection, person, import_id, item_id, now)
        _store(connection, person, body, organs, now)
        _write_recalls(connection, person, organs, now)
        if person.index in (0, 3):
            _write_study(connection, person, import_id, now)
        made.append(person.id)
    return made


def second_record(connection: Connection, *, now: datetime = NOW) -> str:
    """Write a record that may be the first patient's, day and month of birth swapped, with its pair; return its id."""
    patient_id = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"
    number = Identifier(system="urn:other", value="OTHER-77", kind="MR")
    draft = PatientDraft(name="WANG^LI", sex="female", birth_date=date(1965, 8, 3), identifiers=(number,))
    people.add_patient(connection, patient_id, draft, now)
    matching.note_candidates(connection, patient_id, draft, now)
    return patient_id


def _import(connection: Connection, now: datetime) -> tuple[int, int]:
    by_type = {
        "Patient": {"imported": 8}, "Claim": {"not_used": 3}, "CareTeam": {"not_used": 1},
        "Observation": {"imported": 195, "duplicates": 4, "superseded": 1, "rejected": 2},
    }  # fmt: skip
    report = {"read": 214, "imported": 203, "duplicates": 4, "superseded": 1, "rejected": 2, "not_used": 4,
              "facts": 231, "patients": 8, "by_type": by_type}  # fmt: skip
    run = {"source": SOURCE, "file_name": "bundle-2026-11.json", "file_hash": "9f2c" * 16, "format": "fhir",
           "status": "done", "requested_by": "user:lab", "report": report,
           "started_at": now - timedelta(minutes=9), "finished_at": now - timedelta(minutes=8)}  # fmt: skip
    import_id = connection.execute(insert(tables.import_run).values(run).returning(tables.import_run.c.id)).scalar_one()
    places = (("entry[88].resource", "unknown_patient", "Observation/17 refers to Patient/none"),
              ("entry[131].resource", "impossible_date", "effectiveDateTime 2026-02-31"))  # fmt: skip
    rejects = [
        {"import_id": import_id, "place": place, "reason": why, "detail": detail} for place, why, detail in places
    ]
    connection.execute(insert(tables.import_reject), rejects)
    item = {"source": SOURCE, "item_key": "Bundle/1", "fingerprint": "1", "import_id": import_id}
    return import_id, connection.execute(
        insert(tables.import_item).values(item).returning(tables.import_item.c.id)
    ).scalar_one()


def _write_person(connection: Connection, person: Person) -> None:
    who = {"id": person.id, "name": person.name, "sex": person.sex, "birth_date": person.birth_date}
    number = {
        "system": "urn:oid:1.2.3.4",
        "value": f"{12345 + person.index:07d}",
        "kind": "MR",
        "patient_id": person.id,
    }
    connection.execute(insert(tables.patient).values(who | {"name_key": name_key(person.name)}))
    connection.execute(insert(tables.patient_identifier).values(number))


def _twin(
    connection: Connection, person: Person, import_id: int, item_id: int, now: datetime
) -> tuple[Body, list[Body]]:
    """Write the facts and return the snapshot's body and organs that rest on them."""
    times = person.times(now)
    courses = {key: course(person, key, now) for key in SIGNALS}
    rows = [
        _measurement(person, key, at, value, is_wild=key in ("alt", "sbp") and k == WILD_VISIT)
        for key, went in courses.items()
        for k, (at, value) in enumerate(zip(went.times, went.values, strict=True))
    ]
    rows.append(_mention("condition", "44054006", "http://snomed.info/sct", "Diabetes mellitus type 2", times[2]))
    rows.append(_mention("medication", "C10AA05", "http://www.whocc.no/atc", "atorvastatin", times[len(times) // 2]))
    rows.append(_mention("allergy", "91936005", "http://snomed.info/sct", "penicillin", times[1]))
    common = {"patient_id": person.id, "item_id": item_id, "import_id": import_id, "known_basis": "issued",
              "recorded_at": now - timedelta(minutes=8), "status": "final", "mapping_version": "1"}  # fmt: skip
    placed = [{**common, **row, "place": f"entry[{k}].resource"} for k, row in enumerate(rows)]
    fact = tables.fact
    ids = list(
        connection.execute(insert(fact).returning(fact.c.id, sort_by_parameter_order=True), placed).scalars()
    )  # fmt: skip
    visits = len(times)
    signals = {
        key: signal_body(key, went, ids[k * visits : (k + 1) * visits], now)
        for k, (key, went) in enumerate(courses.items())
    }
    diabetes, statin, allergy = ids[-3:]
    return _body(person, times, diabetes, statin, allergy, now), [liver(person, signals, now), vessels(signals, now)]


def _measurement(person: Person, key: str, at: datetime, value: float, *, is_wild: bool) -> Body:
    signal = SIGNALS[key]
    given, unit = received(key, value, signal.unit)
    return {
        "kind": "observation", "code_system": "http://loinc.org", "code": signal.loinc, "display": signal.display,
        "value_kind": "number", "value": given, "unit": unit, "observed_at": at, "known_at": at + timedelta(hours=5),
        "resource": f"Observation/{person.index}-{key}", "device": "Cobas 8000", "signal": key,
        "canonical_value": value, "quality": "implausible" if is_wild else "ok",
    }  # fmt: skip


def _mention(kind: str, code: str, system: str, display: str, at: datetime) -> Body:
    return {
        "kind": kind, "code_system": system, "code": code, "display": display, "value_kind": "none", "value": None,
        "unit": None, "observed_at": at, "known_at": at, "resource": f"{kind}/{code}", "device": None, "signal": None,
        "canonical_value": None, "quality": "no_signal",
    }  # fmt: skip


def _body(
    person: Person, times: Sequence[datetime], diabetes: int, statin: int, allergy: int, now: datetime
) -> Body:  # fmt: skip
    def known(display: str, fact_id: int, since: datetime) -> Body:
        return {"key": None, "display": display, "since": since.isoformat(), "until": None, "fact_id": fact_id}

    def event(kind: str, display: str, fact_id: int, at: datetime) -> Body:
        return {"at": at.isoformat(), "kind": kind, "display": display, "fact_id": fact_id}

    half = times[len(times) // 2]
    background = {
        "conditions": [known("Diabetes mellitus type 2", diabetes, times[2])],
        "medications": [known("atorvastatin", statin, half)],
        "allergies": [known("penicillin", allergy, times[1])] if person.index % 2 == 0 else [],
        "family_history": [],
        "smoking": {"status": "former", "since": times[0].isoformat(), "fact_id": diabetes}
        if person.index % 3
        else None,
    }
    events = [
        event("condition", "Diabetes mellitus type 2", diabetes, times[2]),
        event("medication", "atorvastatin", statin, half),
        event("encounter", "Admission", diabetes, times[-5]),
        event("imaging_study", "CT chest", diabetes, times[-2]),
    ]
    flagged = {"fact_id": diabetes, "at": times[-2].isoformat(), "display": "Flagged region", "detail": "7.4 mm"}
    return {
        "patient": {"id": person.id, "name": person.name, "sex": person.sex, "age": int(person.age(now)),
                    "birth_date": person.birth_date.isoformat(), "died_at": None},
        "as_of": now.isoformat(), "versions": {"mapping": "1", "dynamics": "1", "rules": "2026-11"},
        "settings": {"recall_level": 0.2, "horizon_months": 12}, "background": background, "events": events,
        "findings": [flagged] if person.index == 0 else [],
    }  # fmt: skip


def _store(connection: Connection, person: Person, body: Body, organs: Sequence[Body], now: datetime) -> None:
    stored = {"patient_id": person.id, "computed_at": now, "as_of": now, "revision": 1, "model_version": "1"}
    connection.execute(insert(tables.twin).values(**stored, body=body, quiet=[]))
    rows = [
        {"patient_id": person.id, "organ": organ["key"], "model_version": "1", "body": organ, "computed_at": now}
        for organ in organs
    ]
    connection.execute(insert(tables.forecast), rows)


def _write_recalls(connection: Connection, person: Person, organs: Sequence[Body], now: datetime) -> None:
    """Open one recall for everybody: on FIB-4 where it is past or near its line, else on the pressure."""
    today = now.date()
    due = today + timedelta(days=DUE_IN_DAYS[person.index % len(DUE_IN_DAYS)] + person.index // len(DUE_IN_DAYS))
    fib4, line = organs[0]["scores"][0], organs[0]["crossings"][0]
    first, last, chance = fib4["history"][0]["value"], fib4["value"], _within_a_year(line)
    if line["already_past"]:
        since = datetime.fromisoformat(line["past_since"])
        reason = {"en": f"FIB-4 is {last:.1f}, past 2.67 since {since:%b %Y}; it was {first:.1f} ten years ago.",
                  "zh_CN": f"FIB-4 为 {last:.1f}，{since:%Y-%m} 起超过 2.67；十年前为 {first:.1f}。"}  # fmt: skip
        _write_recall(connection, person, "liver/fib4>2.67", FIB4_RULE, reason, ELASTOGRAPHY, due, now)
    elif chance >= 0.2:
        reason = {"en": f"FIB-4 rose from {first:.1f} to {last:.1f} in ten years and is likely to pass 2.67.",
                  "zh_CN": f"FIB-4 十年内由 {first:.1f} 升至 {last:.1f}，很可能超过 2.67。"}  # fmt: skip
        _write_recall(connection, person, "liver/fib4>2.67", FIB4_RULE, reason, ELASTOGRAPHY, due, now, chance=chance)
    else:
        pressure = {"en": "Systolic pressure is likely to pass 140 mmHg within a year.",
                    "zh_CN": "收缩压一年内很可能超过 140 mmHg。"}  # fmt: skip
        chance = _within_a_year(organs[1]["crossings"][0])
        _write_recall(connection, person, "vascular/sbp>=140", BP_RULE, pressure, RECHECK, due, now, chance=chance)
    if person.index == 0:
        lipids = {"en": "No lipid panel for 12 months on a statin.", "zh_CN": "服用他汀期间已 12 个月未查血脂。"}
        old, opened, closed = today - timedelta(days=200), now - timedelta(days=290), now - timedelta(days=210)
        rule = BP_RULE | {"rule_id": "LDL-VH"}
        _write_recall(connection, person, "vascular/ldl_c>=1.4", rule, lipids, PANEL, old, opened, closed=closed)
        rising = {"en": "Systolic pressure is rising.", "zh_CN": "收缩压持续上升。"}
        later, asleep = today + timedelta(days=30), today + timedelta(days=14)
        key = "vascular/sbp>=140"
        _write_recall(connection, person, key, BP_RULE, rising, RECHECK, later, now, chance=0.41, snoozed=asleep)


def _write_recall(
    connection: Connection, person: Person, key: str, rule: Body, reason: Mapping[str, str],
    examination: Mapping[str, str], due: date, opened: datetime, *, chance: float | None = None,
    closed: datetime | None = None, snoozed: date | None = None,
) -> None:  # fmt: skip
    recall_id = str(uuid5(NAMESPACE, f"recall/{person.index}/{key}"))
    ending = {"action": "closed_by_result", "reason": "liver_stiffness", "by": "twin", "note": "", "result": "fact/1"}
    row: dict[str, Any] = {
        "id": recall_id, "patient_id": person.id, "rule_id": rule["rule_id"], "key": key, "reason": reason,
        "state": "closed" if closed else "open", "version": 2 if closed or snoozed else 1, "examination": examination,
        "evidence": {"facts": []}, "closes_with": ["liver_stiffness"], "due_from": due - timedelta(days=60),
        "due_at": due, "overdue_at": due + timedelta(days=15), "priority": rule["priority"], "source": rule["source"],
        "edition": rule["edition"], "verification": rule["status"], "probability": chance, "model_version": "1",
        "opened_at": opened, "snoozed_until": snoozed, "closed_at": closed, "closing": ending if closed else None,
    }  # fmt: skip
    connection.execute(insert(tables.recall).values(row))
    told = {"rule": rule["rule_id"], "due_at": due.isoformat(), "probability": chance}
    events: list[Body] = [{"recall_id": recall_id, "at": opened, "kind": "opened", "actor": "twin", "detail": told}]
    if closed:
        events.append({**events[0], "at": closed, "kind": "closed_by_result", "detail": {}})
    if snoozed:
        asleep = {"until": snoozed.isoformat(), "note": ""}
        events.append({**events[0], "kind": "snoozed", "actor": "dr.lin", "detail": asleep})
    connection.execute(insert(tables.recall_event), events)


def _within_a_year(line: Body) -> float:
    return float(next(row["p"] for row in line["probabilities"] if row["months"] == 12))


def _write_study(connection: Connection, person: Person, import_id: int, now: datetime) -> None:
    places = (
        (0.91, [-61.2, -12.4, 188.0], (0.82, 0.41, 0.63, 0.12)),
        (0.64, [54.0, 31.5, 121.0], (0.55, 0.38, 0.47, 0.29)),
    )
    names = ("brightness", "variation", "boundary", "similarity")
    regions = [
        {"rank": rank, "score": score, "centre_lps_mm": centre, "features": dict(zip(names, features, strict=True)),
         "box_lps_mm": [[x - 5 for x in centre], [x + 5 for x in centre]]}
        for rank, (score, centre, features) in enumerate(places, 1)
    ]  # fmt: skip
    described = {"manufacturer": "Phantom", "model": "Drawn 1", "description": "CT chest", "slice_thickness_mm": 2.5}
    row = {
        "patient_id": person.id, "series_uid": f"1.2.826.{person.index}.1", "study_uid": f"1.2.826.{person.index}",
        "import_id": import_id, "status": "screened",
        "described": described, "screening": {"blocks": 41230, "flagged": 17, "regions": regions},
        "acquired_at": now - timedelta(days=41), "received_at": now - timedelta(days=40), "screened_at": now,
    }  # fmt: skip
    study_id = connection.execute(insert(tables.study).values(row).returning(tables.study.c.id)).scalar_one()
    slices = [
        {"study_id": study_id, "rank": region["rank"], "png": picture(region["rank"]), "region": region}
        for region in regions
    ]
    connection.execute(insert(tables.key_slice), slices)


@cache
def picture(rank: int, size: int = 256) -> bytes:
    """Return a drawn chest as PNG: two dark lungs in a grey body with one bright spot."""
    y, x = np.mgrid[:size, :size]
    body = ((x - 128) / 112) ** 2 + ((y - 128) / 88) ** 2
    lungs = np.minimum(*(((x - centre) / 40) ** 2 + ((y - 124) / 60) ** 2 for centre in (82, 174)))
    spot = (x - (88, 166)[rank - 1]) ** 2 + (y - (96, 150)[rank - 1]) ** 2
    drawn = np.select([spot < 36, body >= 1, body > 0.86, lungs < 1], [205, 8, 150, 26], 128).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(drawn).save(target, "PNG")
    return target.getvalue()
