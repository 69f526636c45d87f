"""What readers say here joins the annotated cases, answers for other patients, and leaves when it is withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from imaging.phantom import Phantom, write_phantom
from tests.builders import bundle, patient
from twin import intake
from twin.scan.folder import receive
from twin.scan.learning import learn_once
from twin.scan.local_bank import bank_for
from twin.scan.screening import screen
from twin.settings import Settings
from twin.store import people, studies, verdicts
from twin.store.tables import local_case, study

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SMALL = Phantom(columns=160, slices=50, pixel_mm=2.2, slice_mm=4.5, study_at=datetime(2026, 1, 15, 9, 30))


@pytest.fixture
def settings_here(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, disk_free_gb=0)


@pytest.fixture
def judged(engine: Engine, settings_here: Settings, tmp_path: Path) -> int:
    """The screened CT of the patient "one"."""
    return screened(engine, settings_here, tmp_path, "one")


def screened(engine: Engine, settings: Settings, folder: Path, mrn: str) -> int:
    """Give somebody the drawn CT, screen it, and return it."""
    intake.take_bundle(engine, bundle(patient(mrn=mrn)), source=mrn, actor="t", atomic=True, now=NOW)
    write_phantom(folder / f"ct-{mrn}", replace(SMALL, patient_id=mrn))
    receive(engine, settings, folder / f"ct-{mrn}", name="ct", actor="t", patient=mrn, now=NOW)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, settings, study_id, now=NOW)
    return study_id


def judge(engine: Engine, study_id: int, said: str, rank: int | None = None) -> int:
    with engine.begin() as connection:
        return verdicts.add(connection, study_id, said, rank=rank, by="zhao", now=NOW).id


def labels(engine: Engine, study_id: int) -> list[str]:
    """What the nearest case of the first region is called."""
    with engine.connect() as connection:
        found = connection.execute(select(study.c.screening).where(study.c.id == study_id)).scalar_one()
    return [match["label"] for match in found["regions"][0]["matches"]]


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(local_case)).scalar_one()


def patient_id(engine: Engine, mrn: str) -> str:
    with engine.connect() as connection:
        return people.find_patient(connection, mrn)


def test_a_verdict_answers_for_the_next_patient_with_such_a_region(
    engine: Engine, settings_here: Settings, tmp_path: Path, judged: int
) -> None:
    assert not any("this site" in label for label in labels(engine, judged))
    judge(engine, judged, "harmless", rank=1)
    assert learn_once(engine, settings_here, now=NOW) == 1
    other = screened(engine, settings_here, tmp_path, "two")
    assert labels(engine, other)[0] == "harmless; this site's reader"


def test_a_withdrawn_verdict_answers_no_longer_and_leaves_nothing(
    engine: Engine, settings_here: Settings, judged: int
) -> None:
    verdict_id = judge(engine, judged, "suspicious", rank=1)
    learn_once(engine, settings_here, now=NOW)
    anybody = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"
    assert len(bank_for(engine, anybody).local) == 1
    with engine.begin() as connection:
        verdicts.withdraw(connection, verdict_id, by="zhao", now=NOW)
    assert bank_for(engine, anybody).local == ()  # at once, before the worker tidies up
    learn_once(engine, settings_here, now=NOW)
    assert kept(engine) == 0


def test_a_patient_s_own_region_never_answers_for_that_patient(
    engine: Engine, settings_here: Settings, judged: int
) -> None:
    judge(engine, judged, "suspicious", rank=1)
    learn_once(engine, settings_here, now=NOW)
    assert bank_for(engine, patient_id(engine, "one")).local == ()


def test_a_normal_study_makes_its_regions_normal_tissue(engine: Engine, settings_here: Settings, judged: int) -> None:
    judge(engine, judged, "normal")
    with engine.connect() as connection:
        regions = connection.execute(select(study.c.screening)).scalar_one()["regions"]
    assert learn_once(engine, settings_here, now=NOW) == len(regions) > 1
    own = bank_for(engine, "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11").local
    assert {(case.kind, case.verdict) for case in own} == {("normal_tissue", "normal tissue")}


def test_nothing_is_learnt_twice_and_an_abnormal_study_gives_no_case(
    engine: Engine, settings_here: Settings, judged: int
) -> None:
    judge(engine, judged, "harmless", rank=1)
    judge(engine, judged, "abnormal")
    assert [learn_once(engine, settings_here, now=NOW) for _ in range(2)] == [1, 0]
