"""What the pages say of somebody who has died: age at death, and which readings are dated after it."""

from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from sqlalchemy import Engine, select

from tests.builders import bundle, lab, patient
from tests.web_serving import Site, serving
from twin import rescore
from twin.settings import Settings
from twin.store import tables
from twin.store.alerts import PostgresAlerts

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.fixture
def dead(site: Site, now: datetime) -> str:
    """The id of a woman, born 1960-05-04 and dead since 2025-09-10, with one value of life and one of after it."""
    living = (
        lab("a", "14682-9", 70, "umol/L", "2025-03-02"),
        lab("b", "14682-9", 72, "umol/L", "2025-09-10T14:00:00Z"),
    )
    late = lab("late", "14682-9", 300, "umol/L", "2025-11-10")
    content = bundle(patient(deceasedDateTime="2025-09-10"), *living, late)
    assert site.program("integrator", "fhir.write").post("/fhir", content=content, headers=FHIR).status_code == 200
    with site.engine.connect() as connection:
        patient_id = str(connection.execute(select(tables.patient.c.id)).scalar_one())
    rescore.rescore(site.engine, PostgresAlerts(site.engine), site.settings, patient_id, now=now)
    return patient_id


@pytest.fixture
def clinician(site: Site) -> httpx.Client:
    return site.person("clinician")


def test_the_dead_stay_as_old_as_they_died(clinician: httpx.Client, dead: str) -> None:
    assert "65 y" in clinician.get(f"/patients/{dead}").text
    assert '<td class="number">65</td>' in clinician.get("/patients").text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "dated after the patient&#39;s death"), ("zh_CN", "日期在患者去世之后")]
)
def test_a_reading_of_after_death_is_listed_with_the_reason(
    clinician: httpx.Client, dead: str, language: str, words: str
) -> None:
    assert clinician.post("/language", data={"language": language}).status_code == 303
    page = clinician.get(f"/patients/{dead}/organs/kidney/values/signal-creatinine").text
    assert page.count(words) == 1 and "300" in page


def test_a_reading_of_after_death_says_so_itself(clinician: httpx.Client, dead: str, site: Site) -> None:
    fact = tables.fact.c
    with site.engine.connect() as connection:
        asked = select(fact.id, fact.value).where(fact.kind == "observation", fact.patient_id == dead)
        ids = {row.value: row.id for row in connection.execute(asked)}
    said = {value: clinician.get(f"/patients/{dead}/facts/{each}").text for value, each in ids.items()}
    assert [value for value, page in said.items() if "death" in page] == ["300"]
