"""A clinic drawn from a seed: people as timelines, and the specification of a model fitted on them."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from tests.unit.forecast.timelines import ago, fact, timeline
from twin.record.timeline import Timeline

WRITTEN = {
    "key": "local",
    "title": "A local model",
    "organ": "liver",
    "endpoint": {"name": "death", "death": True, "horizons": [1, 2]},
    "landmarks": {"times": [1, 2], "visits": 2},
    "biomarkers": {"platelets": {"scale": "log", "signal": "platelets", "plausible": [1, 2000]}},
    "baseline": {"age": {"grows": True, "from": "age"}, "male": {"from": "male"}},
    "diagnoses": {"names": ["diabetes"]},
    "card": {"serves": {"min_age": 18, "max_age": 100}},
}


def people(count: int, seed: int = 0) -> list[Timeline]:
    """People whose platelets fall, and who die the sooner the lower they are; one in ten has no reading at all."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        level, drift, end = rng.normal(5.3, 0.3), rng.normal(-0.1, 0.15), rng.uniform(20, 60)
        facts, died = [], None
        for month in range(0, 60, 4):
            low = 5.3 - (level + drift * month / 12)
            if month and rng.random() < 0.02 * np.exp(2.5 * low):
                died = month
            if month > end or died is not None:
                break
            value = float(np.exp(level + drift * month / 12 + rng.normal(0, 0.08)))
            facts.append(fact(len(facts) + 1, "platelets", ago(60 - month), round(value, 1)))
        if rng.random() < 0.3:
            facts.append(fact(90, "diabetes", ago(60 - float(rng.uniform(-12, 30))), kind="condition"))
        if died is not None:
            facts.append(fact(99, "death", ago(60 - died) + timedelta(days=9), kind="death", signal=None))
        if number % 10 == 9:
            facts = [each for each in facts if each.derived.signal != "platelets"]
        made = timeline(facts, sex=("male", "female")[number % 2], born=date(1950 + number % 20, 5, 4))
        found.append(replace(made, patient=replace(made.patient, id=f"id-{number:03d}")))
    return found
