"""A real PACS: Orthanc sends to us by C-STORE and STOW-RS, and we query and retrieve a patient's prior CT from it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread
from sqlalchemy import Engine, select

from tests import orthanc
from tests.builders import bundle, patient
from tests.dicom_sending import draw, tiny
from tests.integration.test_receive_cstore import receiving
from tests.orthanc import Orthanc
from tests.web_serving import serving
from twin import intake, pacs
from twin.errors import ConfigurationError
from twin.settings import Settings
from twin.store import people, studies
from twin.store.api_tokens import create_token
from twin.store.tables import dicom_instance, study

pytestmark = pytest.mark.skipif(orthanc.PROGRAM is None, reason="Orthanc is not installed")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """A PACS that holds two studies of patient 1 and one of patient 2."""
    home = tmp_path_factory.mktemp("orthanc")
    with orthanc.running(home / "pacs") as found:
        for seed, (number, slices) in enumerate((("1", 3), ("1", 4), ("2", 3)), start=1):
            found.upload(draw(home / str(seed), tiny(number, seed=seed, slices=slices)))
        yield found


@pytest.fixture
def whose(engine: Engine, now: datetime) -> str:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=now)
    with engine.connect() as connection:
        return people.find_patient(connection, "1")


@pytest.fixture
def asking(settings: Settings, archive: Orthanc) -> Settings:
    return settings.model_copy(update={"pacs_url": archive.dicomweb, "disk_free_gb": 0.0})


def kept(engine: Engine) -> dict[str, int]:
    """How many images of each series are here."""
    with engine.connect() as connection:
        rows = connection.execute(select(study.c.series_uid, dicom_instance.c.id).join(dicom_instance)).all()
    return {uid: sum(row.series_uid == uid for row in rows) for uid in {row.series_uid for row in rows}}


def clock() -> datetime:
    return datetime.now(UTC)


def test_it_sends_to_us_by_c_store(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    with (
        receiving(engine, settings) as port,
        orthanc.running(tmp_path / "pacs", our_dicom_port=port) as pacs_,
    ):
        (held,) = pacs_.upload(draw(tmp_path / "ct", tiny()))
        assert pacs_.client.post("/modalities/twin/echo", json={}).is_success
        sent = pacs_.send_by_cstore(held)
        assert sent.is_success, sent.text
        assert sent.json()["FailedInstancesCount"] == 0
    assert kept(engine) == {tiny().series_uid: 3}


def test_it_sends_to_us_by_stow(engine: Engine, settings: Settings, now: datetime, tmp_path: Path) -> None:
    told = settings.model_copy(update={"disk_free_gb": 0.0})
    with serving(engine, told, now) as site:
        with engine.begin() as connection:
            _, token = create_token(connection, site.user("integrator"), name="t", scopes=("import.write",), now=now)
        with orthanc.running(tmp_path / "pacs", our_web=site.address, token=token) as pacs_:
            files = draw(tmp_path / "ct", tiny())
            (held,) = pacs_.upload(files)
            sent = pacs_.send_by_stow(held)
            assert sent.is_success, sent.text
    assert kept(engine) == {tiny().series_uid: 3}
    places = (settings.home_path / "dicom").glob("??/*")
    assert {dcmread(place).SOPInstanceUID for place in places} == {dcmread(path).SOPInstanceUID for path in files}


def test_a_patient_s_prior_cts_are_found_and_retrieved_once(
    engine: Engine, asking: Settings, whose: str, archive: Orthanc
) -> None:
    pacs.echo(asking)
    found = pacs.query(engine, asking, whose)
    assert {each.study_uid: each.images for each in found} == {
        tiny("1", seed=1).study_uid: 3, tiny("1", seed=2).study_uid: 4,
    }  # fmt: skip
    done = pacs.retrieve_priors(engine, asking, whose, actor="t", clock=clock)
    assert sorted((each.kept, each.refused) for each in done) == [(3, 0), (4, 0)]
    assert kept(engine) == {tiny("1", seed=1).series_uid: 3, tiny("1", seed=2).series_uid: 4}
    with engine.connect() as connection:
        assert set(connection.execute(select(study.c.patient_id)).scalars()) == {whose}
        assert studies.wanting_priors(connection, 10) == []
    assert pacs.retrieve_priors(engine, asking, whose, actor="t", clock=clock) == []


def test_a_study_of_another_patient_is_not_taken(
    engine: Engine, asking: Settings, whose: str, archive: Orthanc
) -> None:
    stranger = tiny("2", seed=3).study_uid
    done = pacs.retrieve(engine, asking, whose, stranger, actor="t", clock=clock)
    assert (done.kept, done.refused) == (0, 3)
    assert kept(engine) == {}
    assert [each for each in (asking.home_path / "dicom").rglob("*") if each.is_file()] == []


def test_more_than_is_allowed_is_not_taken(engine: Engine, asking: Settings, whose: str) -> None:
    small = asking.model_copy(update={"pacs_max_gb": 1e-6})
    with pytest.raises(pacs.PacsError, match="larger than"):
        pacs.retrieve(engine, small, whose, tiny().study_uid, actor="t", clock=clock)
    assert [each for each in (asking.home_path / "dicom").rglob("*") if each.is_file()] == []


def test_what_is_not_there_or_can_t_be_reached_is_said(engine: Engine, asking: Settings, whose: str) -> None:
    with pytest.raises(pacs.PacsError, match="answered 404"):
        pacs.retrieve(engine, asking, whose, "1.2.3", actor="t", clock=clock)
    nowhere = asking.model_copy(update={"pacs_url": "http://127.0.0.1:1/dicom-web"})
    with pytest.raises(pacs.PacsError, match="does not answer"):
        pacs.query(engine, nowhere, whose)
    with pytest.raises(ConfigurationError, match="https only"):
        pacs.echo(Settings(pacs_url="http://pacs.example.org/dicom-web", pacs_token="secret"))
