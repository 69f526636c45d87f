"""What the page of a child says of ranges that are known of adults only."""

from collections.abc import Iterator
from datetime import datetime

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


@pytest.mark.parametrize(
    ("born", "language", "words"),
    [
        ("2016-05-04", "en", "reference range: the range known here is one of adults"),
        ("2016-05-04", "zh_CN", "此处的参考范围仅适用于成人"),
        ("2007-05-04", "en", "reference range since 4 May 2025: the range known here is one of adults"),
        ("1976-05-04", "en", ""),
    ],
)
def test_a_range_of_adults_is_not_shown_of_a_child(
    site: Site, now: datetime, born: str, language: str, words: str
) -> None:
    facts = [lab(f"c{year}", "14682-9", 45, "umol/L", f"{year}-03-01T08:00:00Z") for year in (2024, 2026)]
    content = bundle(patient(birth=born), *facts)
    assert site.program("integrator", "fhir.write").post("/fhir", content=content, headers=FHIR).status_code == 200
    with site.engine.connect() as connection:
        patient_id = str(connection.execute(select(tables.patient.c.id)).scalar_one())
    rescore.rescore(site.engine, PostgresAlerts(site.engine), site.settings, patient_id, now=now)
    clinician = site.person("clinician")
    assert clinician.post("/language", data={"language": language}).status_code == 303
    page = clinician.get(f"/patients/{patient_id}").text
    assert words in page
    assert words or "the range known here" not in page
