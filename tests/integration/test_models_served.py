"""A model fitted on a site's own record, put to use: asked at rescoring, kept to be judged, shown with its version."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from tests.builders import bundle, lab, patient
from tests.unit.cohort.drawn_clinic import WRITTEN, people
from tests.web_serving import serving
from twin import intake, rescore
from twin.cohort import exporting, fitted, fitting, spec
from twin.models import files
from twin.models.shelf import Shelf
from twin.settings import Settings
from twin.store import forecasts, models
from twin.store import people as stored_people
from twin.store.alerts import PostgresAlerts
from twin.store.models import Registered
from twin.store.tables import forecast, prediction

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PLATELETS = "777-3"
FALLING = (230.0, 222.0, 215.0, 204.0, 199.0, 190.0, 184.0, 176.0, 170.0)  # every four months


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model fitted on what was exported of 200 people who are in no database."""
    out, asked = tmp_path_factory.mktemp("clinic"), spec.of(WRITTEN)
    exporting.export(asked, people(200), out)
    fit = fitting.fit(asked, out, None, date(2026, 11, 22))
    fitted.save(fit.fitted, fit.card, out / "local.model", date(2026, 11, 22))
    return (out / "local.model").read_bytes()


class Clinic:
    """An instance whose models are loaded once, as in a worker."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings, self.shelf = engine, settings, Shelf()

    def take(self, data: bytes) -> Registered:
        with self.engine.begin() as connection:
            return files.take(connection, data, actor="test", now=NOW)

    def use(self, version: str, *, shadow: bool = False) -> None:
        with self.engine.begin() as connection:
            (models.shadow if shadow else models.activate)(connection, version, actor="test", now=NOW)

    def arrive(self, *, born: int = 1960, values: tuple[float, ...] = FALLING) -> str:
        begin = NOW - timedelta(days=120 * len(values))
        labs = [
            lab(f"l{place}", PLATELETS, value, "10*9/L", (begin + timedelta(days=120 * place + 100)).isoformat())
            for place, value in enumerate(values)
        ]
        resources = (patient(birth=f"{born}-05-04"), *labs)
        intake.take_bundle(self.engine, bundle(*resources), source="h", actor="t", atomic=True, now=NOW)
        with self.engine.connect() as connection:
            return stored_people.find_patient(connection, "1")

    def compute(self, whose: str, now: datetime = NOW) -> None:
        rescore.rescore(self.engine, PostgresAlerts(self.engine), self.settings, whose, now=now, shelf=self.shelf)

    def risks(self, whose: str) -> list[dict[str, Any]]:
        liver = (forecast.c.patient_id == whose, forecast.c.organ == "liver")
        with self.engine.connect() as connection:
            body = connection.execute(select(forecast.c.body).where(*liver)).scalar_one()
        return list(body.get("risks", []))

    def kept(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(prediction).order_by(prediction.c.horizon)))

    def page(self, whose: str, language: str = "en") -> str:
        with serving(self.engine, self.settings, NOW) as site:
            client = site.person("clinician")
            assert client.post("/language", data={"language": language}).status_code == 303
            answer = client.get(f"/patients/{whose}")
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def clinic(engine: Engine, settings: Settings) -> Clinic:
    return Clinic(engine, settings)


def test_a_model_in_use_is_shown_and_kept_with_the_same_digits(clinic: Clinic, made: bytes) -> None:
    version = clinic.take(made).version
    clinic.use(version)
    whose = clinic.arrive()
    clinic.compute(whose)
    (shown,) = clinic.risks(whose)
    assert shown["version"] == version and shown["absent"] is None
    assert [each["years"] for each in shown["horizons"]] == [1.0, 2.0]
    assert all(0 < each["low"] < each["risk"] < each["high"] < 1 for each in shown["horizons"])
    assert 1 <= len(shown["drivers"]) <= 3
    known = {"platelets", "diabetes", "diagnoses", "age", "male", "seen", "years since time zero"}
    assert {each["key"] for each in shown["drivers"]} <= known

    kept = clinic.kept()
    assert [round(each.risk, 6) for each in kept] == [each["risk"] for each in shown["horizons"]]
    assert kept[0].inputs["platelets: newest"] == pytest.approx(np.log(170.0))
    assert not kept[0].is_shadow and kept[0].landmark == NOW


def test_the_first_answer_of_a_month_is_kept(clinic: Clinic, made: bytes) -> None:
    clinic.use(clinic.take(made).version)
    whose = clinic.arrive()
    for day in (0, 1, 2, 40):
        clinic.compute(whose, NOW + timedelta(days=day))
    assert len(clinic.kept()) == 2 * 2


def test_a_shadow_model_is_kept_and_shown_to_nobody(clinic: Clinic, made: bytes) -> None:
    clinic.use(clinic.take(made).version, shadow=True)
    whose = clinic.arrive()
    clinic.compute(whose)
    assert clinic.risks(whose) == []
    assert [each.is_shadow for each in clinic.kept()] == [True, True]
    assert "/models/" not in clinic.page(whose)


def test_who_is_outside_the_population_is_told_so_and_nothing_is_kept(clinic: Clinic, made: bytes) -> None:
    clinic.use(clinic.take(made).version)
    whose = clinic.arrive(born=2012)
    clinic.compute(whose)
    (shown,) = clinic.risks(whose)
    assert (shown["absent"], shown["horizons"]) == ("no_model_for_this_population", [])
    assert clinic.kept() == []
    assert "no model for this population" in clinic.page(whose)
    assert "没有适用于该人群的模型" in clinic.page(whose, "zh_CN")


def test_the_page_shows_risk_interval_drivers_and_the_card(clinic: Clinic, made: bytes) -> None:
    version = clinic.take(made).version
    clinic.use(version)
    whose = clinic.arrive()
    clinic.compute(whose)
    page = clinic.page(whose)
    assert "A local model" in page and f'href="/models/{version}"' in page
    assert "within 1 year" in page and "within 2 years" in page
    assert "1 年内" in clinic.page(whose, "zh_CN")


def test_whoever_was_not_seen_for_years_is_told_so(clinic: Clinic, made: bytes) -> None:
    clinic.use(clinic.take(made).version)
    whose = clinic.arrive()
    clinic.compute(whose, NOW + timedelta(days=3 * 365))
    (shown,) = clinic.risks(whose)
    assert (shown["absent"], shown["horizons"]) == ("stale_input", [])
    assert clinic.kept() == []


def test_other_models_in_use_make_every_twin_stale(clinic: Clinic, made: bytes) -> None:
    whose = clinic.arrive()
    clinic.compute(whose)

    def stale() -> int:
        with clinic.engine.begin() as connection:
            version = rescore.model_version(connection)
            return forecasts.age_out(connection, NOW + timedelta(minutes=5), version)

    assert stale() == 0
    clinic.use(clinic.take(made).version)
    assert stale() == 1


def test_the_worker_loads_a_model_once(clinic: Clinic, made: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.use(clinic.take(made).version)
    whose = clinic.arrive()
    clinic.compute(whose)
    assert len(clinic.shelf.files) == 1
    monkeypatch.setattr("twin.models.shelf.verified", lambda *_: pytest.fail("loaded again"))
    clinic.compute(whose, NOW + timedelta(days=1))
