"""What the pages say of two results of one moment that can't both be right."""

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
AT = "2026-09-01T08:00:00Z"


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


@pytest.mark.parametrize(
    ("language", "words", "mark"),
    [
        ("en", "Two values at the same time contradict each other", "another value of this time contradicts it"),
        ("zh_CN", "同一时间的两个数值相互矛盾", "与同一时间的另一数值矛盾"),
    ],
)
def test_two_results_that_contradict_each_other_say_so(
    site: Site, now: datetime, language: str, words: str, mark: str
) -> None:
    facts = (lab("a", "2160-0", 0.9, "mg/dL", AT), lab("b", "14682-9", 150, "umol/L", AT))
    content = bundle(patient(), *facts, lab("c", "14682-9", 78, "umol/L", "2026-03-01T08:00:00Z"))
    assert site.program("integrator", "fhir.write").post("/fhir", content=content, headers=FHIR).status_code == 200
    with site.engine.connect() as connection:
        patient_id = str(connection.execute(select(tables.patient.c.id)).scalar_one())
    rescore.rescore(site.engine, PostgresAlerts(site.engine), site.settings, patient_id, now=now)
    clinician = site.person("clinician")
    assert clinician.post("/language", data={"language": language}).status_code == 303
    page = clinician.get(f"/patients/{patient_id}").text
    assert words in page and "79.6" in page
    every = clinician.get(f"/patients/{patient_id}/organs/kidney/values/signal-creatinine").text
    assert every.count(mark) == 2
