"""Twins judged again as time passes: carried forward on what is kept, computed anew where the decision is another."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, select

from tests.builders import bundle, lab, patient
from twin import carry, intake, merge, rescore, sweep, synth
from twin.settings import Settings
from twin.store import forecasts, people, states
from twin.store.alerts import PostgresAlerts
from twin.store.tables import twin

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HBA1C = "4548-4"
DAY = timedelta(days=1)


class Clinic:
    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings

    def arrive(self, values: Sequence[float], number: int = 1, born: int = 1960) -> str:
        begin = NOW - timedelta(days=365 * len(values) - 360)
        labs = [
            lab(f"{number}-{year}", HBA1C, value, "%", (begin + timedelta(days=365 * year)).isoformat(),
                subject=f"Patient/p{number}")
            for year, value in enumerate(values)
        ]  # fmt: skip
        named = patient(f"p{number}", mrn=str(number), birth=f"{born}-05-04")
        intake.take_bundle(self.engine, bundle(named, *labs), source="h", actor="t", atomic=True, now=NOW)
        with self.engine.connect() as connection:
            whose = people.find_patient(connection, str(number))
        self.compute(whose, NOW)
        return whose

    def compute(self, whose: str, now: datetime) -> None:
        rescore.rescore(self.engine, PostgresAlerts(self.engine), self.settings, whose, now=now)

    def sweep(self, now: datetime) -> tuple[int, int]:
        found = [sweep.sweep(self.engine, self.settings, *shard, now) for shard in self.due(now)]
        return sum(each.judged for each in found), sum(each.changed for each in found)

    def due(self, now: datetime) -> list[tuple[str, str | None]]:
        return sweep.due(self.engine, self.settings, now)

    def stale(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.execute(select(twin.c.patient_id).where(twin.c.stale_since.is_not(None))).scalars())

    def lines(self, whose: str) -> dict[str, np.void]:
        with self.engine.connect() as connection:
            kept = states.of_patient(connection, whose)
        return {
            f"{organ}/{key}": row
            for organ, each in kept.items()
            for key, row in zip(each.keys, np.frombuffer(each.lines, carry.LINE), strict=True)
        }


@pytest.fixture
def clinic(engine: Engine, settings: Settings) -> Clinic:
    return Clinic(engine, settings)


def test_a_calm_twin_is_judged_and_stands(clinic: Clinic) -> None:
    clinic.arrive((5.1, 5.2, 5.1, 5.2))
    assert clinic.due(NOW + DAY / 2) == []
    assert clinic.sweep(NOW + 2 * DAY) == (1, 0)
    assert clinic.sweep(NOW + 2 * DAY) == (0, 0)  # done once
    assert clinic.stale() == set()


def test_evidence_that_grows_too_old_is_a_change(clinic: Clinic) -> None:
    whose = clinic.arrive((5.6, 6.1, 6.4, 6.9))
    assert clinic.lines(whose)["pancreas/hba1c>=6.5"]["decision"] == carry.RAISED
    clinic.settings = clinic.settings.model_copy(update={"refresh_days": 90.0})
    when = NOW - 5 * DAY + timedelta(days=3 * 365.25) - timedelta(days=60)
    clinic.compute(whose, when)
    assert clinic.sweep(when + timedelta(days=20)) == (1, 0)
    assert clinic.sweep(when + timedelta(days=62)) == (1, 1)
    assert clinic.stale() == {whose}


def test_beyond_what_is_kept_a_twin_is_computed_anew(clinic: Clinic) -> None:
    whose = clinic.arrive((5.1, 5.2, 5.1, 5.2))
    assert clinic.sweep(NOW + timedelta(days=200)) == (1, 1)
    assert clinic.stale() == {whose}


def test_another_recall_level_changes_what_was_decided(clinic: Clinic) -> None:
    whose = clinic.arrive((5.7, 5.9, 6.0, 6.2))
    row = clinic.lines(whose)["pancreas/hba1c>=6.5"]
    level = float(row["within"][0])
    assert 0.02 < level < 0.98
    for site, expected in ((level - 0.01, carry.RAISED), (level + 0.01, carry.NONE)):
        clinic.settings = clinic.settings.model_copy(update={"recall_level": site})
        clinic.compute(whose, NOW)
        assert clinic.lines(whose)["pancreas/hba1c>=6.5"]["decision"] == expected
    clinic.settings = clinic.settings.model_copy(update={"recall_level": level - 0.01})
    assert clinic.sweep(NOW + 2 * DAY) == (1, 1)


def test_shards_hold_every_twin_once(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = {clinic.arrive((5.1, 5.2), number) for number in range(1, 6)}
    monkeypatch.setattr(sweep, "SHARD", 2)
    shards = clinic.due(NOW + 2 * DAY)
    assert len(shards) == 3 and shards[-1][1] is None
    found = [sweep.sweep(clinic.engine, clinic.settings, *shard, NOW + 2 * DAY) for shard in shards]
    assert [each.judged for each in found] == [2, 2, 1]
    assert clinic.due(NOW + 2 * DAY) == [] and len(whose) == 5


def test_a_merged_or_waiting_twin_is_not_swept(clinic: Clinic) -> None:
    first, second = clinic.arrive((5.1, 5.2)), clinic.arrive((5.1, 5.2), 2)
    merge.merge(clinic.engine, second, first, reason="same person", actor="t", now=NOW + timedelta(minutes=1))
    assert clinic.sweep(NOW + 2 * DAY) == (0, 0)  # the survivor waits to be computed


def test_carried_forward_is_what_is_computed_then(clinic: Clinic) -> None:
    """The tower rule, on people drawn: within the error of 1,024 futures of either computation."""
    for drawn in synth.cohort(8, seed=3, until=NOW.date()):
        content = synth.encode(synth.bundle(drawn))
        intake.take_bundle(clinic.engine, content, source="s", actor="t", atomic=True, now=NOW)
    everybody, later = clinic.stale(), NOW + timedelta(days=60)
    off = []
    for whose in everybody:
        clinic.compute(whose, NOW)
        before = clinic.lines(whose)
        clinic.compute(whose, later)
        after = clinic.lines(whose)
        months = 60 / (365.25 / 12)
        for key in before.keys() & after.keys():
            carried = float(np.interp(months, np.arange(4), before[key]["within"]))
            now = float(after[key]["within"][0])
            spread = np.sqrt((carried * (1 - carried) + now * (1 - now)) / 1024)
            off.append((carried - now) / max(float(spread), 1 / 1024))
    assert len(off) > 50
    assert abs(np.mean(off)) < 0.5 and np.std(off) < 1.5


def test_what_is_decided_at_once_is_what_the_whole_twin_decides(clinic: Clinic) -> None:
    for drawn in synth.cohort(6, seed=4, until=NOW.date()):
        content = synth.encode(synth.bundle(drawn))
        intake.take_bundle(clinic.engine, content, source="s", actor="t", atomic=True, now=NOW)
    decided = []
    for whose in clinic.stale():
        clinic.compute(whose, NOW)
        rows = np.array(list(clinic.lines(whose).values()), carry.LINE)
        fresh = carry.decisions(rows, NOW.timestamp(), clinic.settings.recall_level)
        assert (fresh == rows["decision"]).all()
        decided += fresh.tolist()
    assert {carry.NONE, carry.RAISED} <= set(decided)


def test_a_twin_kept_before_states_were_is_computed_anew(clinic: Clinic) -> None:
    whose = clinic.arrive((5.1, 5.2))
    with clinic.engine.begin() as connection:
        connection.execute(twin.update().values(look_at=None))
        version = rescore.model_version(connection)
        assert forecasts.age_out(connection, NOW, version) == 1
    assert clinic.stale() == {whose}
