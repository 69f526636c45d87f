"""Write a site's own record as the tables of a cohort, so that a model can be fitted on local patients."""

import csv
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from twin.cohort.errors import CannotPredict
from twin.cohort.record import Member, check, members
from twin.cohort.spec import Spec
from twin.record.fact import Absent
from twin.record.timeline import Timeline


def export(spec: Spec, timelines: Iterable[Timeline], out: Path) -> dict[str, Any]:
    """Write `patients.csv`, `visits.csv`, `events.csv` and `outcomes.csv` into `out`, patient by patient.

    Returns how many patients are in and how many are not, by reason.

    Raises:
        BadSpec: the specification can't be read from a record. CannotPredict: a file can't be written.
    """
    check(spec)
    counts: Counter[str] = Counter()
    readings = events = left_out = 0
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (
            _private(out / "patients.csv") as patients_file,
            _private(out / "visits.csv") as visits_file,
            _private(out / "events.csv") as events_file,
            _private(out / "outcomes.csv") as outcomes_file,
        ):
            names = [each.column for each in spec.biomarkers]
            baseline = [each.column for each in spec.baseline]
            patients, visits = csv.writer(patients_file), csv.writer(visits_file)
            diagnoses, outcomes = csv.writer(events_file), csv.writer(outcomes_file)
            patients.writerow(["patient_id", *baseline])
            visits.writerow(["patient_id", "time", *names])
            diagnoses.writerow(["patient_id", "time", "event"])
            outcomes.writerow(["patient_id", "endpoint", "time", "status"])
            for each in members(spec, timelines):
                if isinstance(each, Absent):
                    counts[each.detail or each.reason] += 1
                    left_out += 1
                    continue
                patients.writerow([each.id, *(_cell(each.baseline[name]) for name in baseline)])
                visits.writerows([each.id, when, *cells] for when, cells in _visits(each, names))
                diagnoses.writerows([each.id, when, name] for when, name in each.diagnoses)
                outcomes.writerow([each.id, spec.endpoint, each.end, each.status])
                counts["patients"] += 1
                counts[f"status {each.status}"] += 1
                readings += len(each.readings)
                events += len(each.diagnoses)
    except OSError as error:
        raise CannotPredict(f"{out.name}: {error.strerror}") from error
    return {
        "patients": counts.pop("patients", 0),
        "events": counts.pop("status 1", 0),
        "competing": counts.pop("status 2", 0),
        "censored": counts.pop("status 0", 0),
        "readings": readings,
        "diagnoses": events,
        "left_out": dict(counts),
    }


def _private(path: Path) -> TextIO:
    """A new file that only its owner may read: these are patients."""
    return open(path, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600))


def _visits(member: Member, names: list[str]) -> list[tuple[float, list[str]]]:
    """One row a moment and reading of a biomarker beyond the first, so that nothing is lost."""
    rows: list[tuple[float, list[str]]] = []
    for when, name, value in member.readings:
        place = names.index(name)
        row = next((cells for at, cells in reversed(rows) if at == when and not cells[place]), None)
        if row is None:
            row = [""] * len(names)
            rows.append((when, row))
        row[place] = repr(value)
    return rows


def _cell(value: float) -> str:
    return "" if value != value else repr(value)
