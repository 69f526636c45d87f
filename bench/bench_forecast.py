"""One new fact to state and forecast, and the whole snapshot of a 30-year record, in milliseconds.

python bench/bench_forecast.py [ROUNDS]
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np

from twin.forecast.dynamics import fan, follow, observation, reading, sample, update
from twin.forecast.futures import MONTH_YEARS, MONTHS, draws
from twin.forecast.group import Group, group_of, groups
from twin.forecast.motion import motions
from twin.forecast.signal_panel import FAN_MONTHS
from twin.record.fact import Coding, Derived, Fact, Source
from twin.record.timeline import Patient, Timeline
from twin.snapshot import build, to_json

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CONCEPTS = ("fatty_liver", "diabetes", "hypertension", "statin", "antihypertensive")


def fact(number: int, key: str, at: datetime, value: float | None, code: str | None = None) -> Fact:
    """One usable fact."""
    return Fact(
        id=number,
        patient_id="bench",
        kind="condition" if key in CONCEPTS else "observation",
        coding=Coding(system="urn:bench", code=key, display=key),
        value_kind="number",
        value=str(value),
        value_coding=None,
        comparator=None,
        unit=None,
        observed_at=at,
        ended_at=None,
        known_at=at,
        known_basis="issued",
        recorded_at=at,
        superseded_at=None,
        source=Source(import_id=None, file_hash="", where="", resource=""),
        device=None,
        sd=None,
        status="final",
        derived=Derived(signal=key, value=value, code=code, quality="ok", mapping_version="bench"),
    )


def record(years: int, visits_a_year: int) -> Timeline:
    """Every signal that can be followed, at every visit, around its typical value, with five lasting concepts."""
    rng = np.random.default_rng(1)
    facts = [fact(n, key, NOW - timedelta(days=365 * years), None) for n, key in enumerate(CONCEPTS)]
    facts.append(fact(len(facts), "smoking_status", NOW - timedelta(days=365 * years), None, code="former"))
    for visit in range(years * visits_a_year):
        at = NOW - timedelta(days=365.25 * (years - visit / visits_a_year))
        for key, moves in motions().items():
            level = moves.working(moves.typical) or 0.0
            noisy = level + rng.normal() * moves.noise(moves.typical) ** 0.5
            facts.append(fact(len(facts), key, at, moves.canonical(noisy)))
    patient = Patient(id="bench", name="", sex="male", birth_date=date(1962, 1, 1))
    return Timeline(patient=patient, as_of=NOW, facts=tuple(facts))


def milliseconds(run: Callable[[], object], rounds: int) -> str:
    """Median and 95th percentile over the rounds, after one to warm up."""
    run()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - started))
    return f"{statistics.median(taken):.2f} ms, p95 {sorted(taken)[int(0.95 * (rounds - 1))]:.2f} ms"


def one_new_fact(group: Group) -> Callable[[], object]:
    """What is done when the first signal of a group gets a new value, after thirty years of all of them."""
    seen = [
        (place, observation(moves, NOW - timedelta(days=90 * n), moves.typical * (1 + 0.01 * (n % 7))))
        for n in range(120, 0, -1)
        for place, moves in enumerate(group.motions)
    ]
    before = follow(group, [reading(item, place) for place, item in seen if item is not None]).last
    first = group.motions[0]
    new = observation(first, NOW, 0.95 * first.typical)
    assert new is not None

    def run() -> object:
        state, _ = update(group, before, reading(new))
        paths = sample(group, state, draws(group.keys), MONTHS + 1, MONTH_YEARS)
        years = np.array(FAN_MONTHS) * MONTH_YEARS
        return [fan(moves, state.of(place), years) for place, moves in enumerate(group.motions)], paths

    return run


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    largest = max(groups(motions()), key=lambda each: len(each.motions))
    for group in dict.fromkeys((group_of("platelets"), largest)):
        told = f"one new fact to state, fans and 1,024 futures, group of {len(group.motions)}"
        print(f"{told}: {milliseconds(one_new_fact(group), 10 * rounds)}")
    for years, visits in ((10, 2), (30, 4)):
        known = record(years, visits)
        count = f"{years} years, {visits} visits a year, {len(known.facts)} facts"
        print(f"snapshot, {count}: {milliseconds(lambda known=known: build(known, now=NOW), rounds)}")
        taken = build(known, now=NOW)
        size = len(json.dumps(to_json(taken)))
        print(f"  to JSON ({size / 1e6:.2f} MB): {milliseconds(lambda taken=taken: to_json(taken), rounds)}")


if __name__ == "__main__":
    main()
