"""A CT on its way into the record: whose it is, screened once, its regions stated as findings; or refused by name."""

import logging
import shutil
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from imaging.phantom import Phantom, write_phantom
from tests.builders import bundle, patient
from twin import intake
from twin.errors import UnknownPatient
from twin.importers.report import Report
from twin.scan.folder import receive as receive_folder
from twin.scan.screening import screen
from twin.scan.taking import WAITS
from twin.settings import Settings
from twin.store import people, records, studies
from twin.store.tables import audit_event, fact, key_slice, study

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SMALL = Phantom(
    columns=160, slices=50, pixel_mm=2.2, slice_mm=4.5, patient_id="1", study_at=datetime(2026, 1, 15, 9, 30)
)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(folder, SMALL)
    return folder


@pytest.fixture
def whose(engine: Engine) -> str:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=NOW)
    with engine.connect() as connection:
        return people.find_patient(connection, "1")


def receive(engine: Engine, home: Path, path: Path, whose: str | None = None) -> Report:
    return receive_folder(engine, at(home), path, name="ct", actor="t", patient=whose, now=NOW)


def at(home: Path) -> Settings:
    return Settings(home=home, time_zone="Asia/Shanghai", disk_free_gb=0)


def test_a_series_becomes_a_study_findings_and_key_slices(
    engine: Engine, tmp_path: Path, series: Path, whose: str
) -> None:
    report = receive(engine, tmp_path, series)
    assert (report.read, report.imported, report.facts) == (1, 1, 1)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, at(tmp_path), study_id, now=NOW)
    with engine.connect() as connection:
        row = connection.execute(select(study)).one()
        slices = connection.execute(select(key_slice)).all()
        timeline = records.read_timeline(connection, whose, NOW)
    assert row.status == "screened"
    assert row.acquired_at == datetime(2026, 1, 15, 1, 30, tzinfo=UTC), "the scanner's clock is the site's"
    found = timeline.of_kind("finding")
    regions = row.screening["regions"]
    assert len(slices) == len(regions) > 1
    (finding,) = found
    assert finding.coding.code == "flagged_region"
    assert f"the foremost of {len(regions)}" in finding.coding.display
    assert float(finding.value or 0) == pytest.approx(regions[0]["score"], abs=0.001)
    assert all(each.png.startswith(b"\x89PNG") for each in slices)
    assert all(each.known_at == NOW and each.observed_at == row.acquired_at for each in found)
    assert [each.derived.signal for each in timeline.of_kind("imaging_study")] == [None]


def test_the_same_series_again_changes_nothing(engine: Engine, tmp_path: Path, series: Path, whose: str) -> None:
    receive(engine, tmp_path, series)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, at(tmp_path), study_id, now=NOW)
    with engine.connect() as connection:
        before = connection.execute(text("select count(*) from fact")).scalar_one()
    again = receive(engine, tmp_path, series)
    screen(engine, at(tmp_path), study_id, now=NOW)
    assert (again.duplicates, again.imported, again.facts) == (1, 0, 0)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from fact")).scalar_one() == before


def test_a_series_of_nobody_known_waits_for_a_person(engine: Engine, tmp_path: Path, series: Path) -> None:
    report = receive(engine, tmp_path, series)
    assert report.fates[0].reason == WAITS
    (note,) = report.to_json()["notes"]
    assert (note["reason"], note["places"]) == (WAITS, [report.fates[0].where])
    with engine.connect() as connection:
        assert studies.queued(connection, 10, NOW) == []
        assert connection.execute(select(study.c.status)).scalar_one() == "needs_patient"


def test_a_waiting_series_goes_to_the_patient_named_at_the_next_import(
    engine: Engine, tmp_path: Path, series: Path
) -> None:
    receive(engine, tmp_path, series)
    intake.take_bundle(engine, bundle(patient(mrn="other")), source="h", actor="t", atomic=True, now=NOW)
    report = receive(engine, tmp_path, series, "other")
    assert (report.imported, report.duplicates, report.facts) == (1, 0, 1)
    with engine.connect() as connection:
        assert len(studies.queued(connection, 10, NOW)) == 1


def test_an_unknown_patient_named_on_purpose_is_an_error_and_nothing_is_written(
    engine: Engine, tmp_path: Path, series: Path
) -> None:
    with pytest.raises(UnknownPatient):
        receive(engine, tmp_path, series, "nobody")
    with engine.connect() as connection:
        assert connection.execute(select(study)).all() == []


def test_a_study_before_birth_is_refused(engine: Engine, tmp_path: Path, series: Path) -> None:
    young = patient(birth=date(2026, 5, 1).isoformat())
    intake.take_bundle(engine, bundle(young), source="h", actor="t", atomic=True, now=NOW)
    report = receive(engine, tmp_path, series)
    assert [(each.reason, each.detail) for each in report.rejects] == [
        ("impossible_date", "the study was made before the patient was born")
    ]


def test_a_file_s_name_is_told_to_who_imports_it_and_neither_to_logs_nor_to_the_audit(
    engine: Engine, tmp_path: Path, series: Path, whose: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "Zhang^San_19551231"
    shutil.copytree(series, folder)
    (folder / "Zhang^San.dcm").write_bytes(b"named as DICOM only" * 20)
    with caplog.at_level(logging.DEBUG):
        report = receive(engine, tmp_path / "home", folder)
    assert [reject.where for reject in report.rejects] == ["Zhang^San.dcm"]
    with engine.connect() as connection:
        kept = connection.execute(select(audit_event)).all()
    assert kept and "Zhang" not in str(kept) and "Zhang" not in caplog.text


def test_a_folder_without_ct_is_a_reject_with_its_reason(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("hello")
    report = receive(engine, tmp_path / "home", tmp_path / "empty")
    assert report.rejected == 1
    assert "no CT image" in report.rejects[0].detail


def test_a_series_that_can_t_be_screened_says_why(engine: Engine, tmp_path: Path, series: Path, whose: str) -> None:
    archive = tmp_path / "one.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(sorted(series.iterdir())[0], "1.dcm")
    receive(engine, tmp_path, archive)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, at(tmp_path), study_id, now=NOW)
    with engine.connect() as connection:
        row = connection.execute(select(study)).one()
        assert connection.execute(select(fact).where(fact.c.kind == "finding")).all() == []
    assert (row.status, row.refused) == ("refused", "a single slice is not a volume")
