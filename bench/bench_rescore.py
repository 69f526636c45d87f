"""One new fact to a stored forecast, database included; and how many twins a second one process computes and stores.

python bench/bench_rescore.py [PATIENTS]
"""

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from twin import compose, intake, rescore, synth
from twin.settings import Settings
from twin.store import people


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as home:
        running = compose.instance(Settings(home=Path(home), DATABASE_URL=None))
        cohort = synth.cohort(count, seed=1, until=now.date())
        whose = []
        for patient in cohort:
            content = synth.encode(synth.bundle(patient))
            report = intake.take_bundle(running.engine, content, source="b", actor="b", atomic=True, now=now)
            whose += report.patients

        def compute(patient_id: str) -> None:
            rescore.rescore(running.engine, running.alerts, running.settings, patient_id, now=running.clock.now())

        compute(whose[0])  # the first call compiles
        started = time.perf_counter()
        for patient_id in whose:
            compute(patient_id)
        seconds = time.perf_counter() - started
        print(f"{count} twins of ten years computed, judged and stored: {count / seconds:.1f} patients/s, one process")

        taken = []
        for number, patient_id in enumerate(whose[:25]):
            with running.engine.connect() as connection:
                patient = people.get_patient(connection, patient_id)
            identifier = next(each for each in patient.identifiers if each.kind == "MR")
            fact = _new_fact(number, f"Patient?identifier={identifier.system}|{identifier.value}", now)
            started = time.perf_counter()
            intake.take_bundle(running.engine, fact, source="b", actor="b", atomic=True, now=datetime.now(UTC))
            compute(patient_id)
            taken.append((time.perf_counter() - started) * 1000)
        taken.sort()
        print(
            f"one new fact to stored forecast and recall check: median {statistics.median(taken):.0f} ms, "
            f"p95 {taken[int(len(taken) * 0.95)]:.0f} ms"
        )
        running.engine.dispose()


def _new_fact(number: int, subject: str, now: datetime) -> bytes:
    return synth.encode(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": {
                        "resourceType": "Observation",
                        "id": f"bench-{number}",
                        "status": "final",
                        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
                        "subject": {"reference": subject},
                        "effectiveDateTime": now.isoformat(),
                        "valueQuantity": {"value": 1, "unit": "mg/dL", "code": "mg/dL"},
                    },
                    "request": {"method": "POST", "url": "Observation"},
                }
            ],
        }
    )


if __name__ == "__main__":
    main()
