"""A screened CT is measured: numbers become facts, refusals stay with their reason, results go back as DICOM."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from imaging.findings import FINDINGS
from imaging.phantom import Phantom, write_phantom
from imaging.report import read_report, read_segmentation
from tests.builders import bundle, patient
from twin import intake
from twin.scan import files
from twin.scan.folder import receive
from twin.scan.giving import attach, detach
from twin.scan.measuring import VERSION, measure
from twin.scan.screening import screen
from twin.settings import Settings
from twin.store import measurements, people, records, studies
from twin.store.tables import dicom_instance, fact, study

KEYS = {finder.key for finder in FINDINGS}
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FIRST = Phantom(columns=160, slices=60, pixel_mm=2.2, slice_mm=4.5, patient_id="1", study_at=datetime(2026, 1, 15, 9))


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Settings:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=NOW)
    return Settings(home=tmp_path / "home", disk_free_gb=0)


def screened(engine: Engine, site: Settings, folder: Path, phantom: Phantom) -> int:
    write_phantom(folder, phantom)
    receive(engine, site, folder, name="ct", actor="t", patient=None, now=NOW)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, site, study_id, now=NOW)
    return study_id


def test_a_screened_series_is_measured_once(engine: Engine, site: Settings, tmp_path: Path) -> None:
    study_id = screened(engine, site, tmp_path / "ct", FIRST)
    with engine.connect() as connection:
        assert measurements.pending(connection, VERSION, 10) == [study_id]
    measure(engine, site, study_id, now=NOW)
    with engine.connect() as connection:
        assert measurements.pending(connection, VERSION, 10) == []
        assert measurements.pending(connection, "another", 10) == [study_id]
        found = measurements.get(connection, study_id)
        whose = people.find_patient(connection, "1")
        timeline = records.read_timeline(connection, whose, NOW)
        kept = connection.execute(select(dicom_instance.c.sha256, study.c.modality).join(study)).all()
        count = len(connection.execute(select(fact.c.id)).all())
    assert found is not None and found.refused is None
    valued = {(each["key"], each["level"]) for each in found.body["measurements"] if each["value"] is not None}
    refused = [each for each in found.body["measurements"] if each["refused"]]
    assert ("lung_volume_ml", None) in valued
    assert refused and all(each["refused"].strip() for each in refused)
    stated = {each.derived.signal: each for each in timeline.facts if each.source.resource == f"study/{study_id}"}
    assert stated["lung_volume_ct"].device == "Phantom Works Drawn 1, STANDARD, 4.5 mm, 120 kVp"
    assert {modality for _, modality in kept} == {"CT", "SR", "SEG"}
    by_kind = {modality: files.place_of(site.home_path, sha256) for sha256, modality in kept}
    with by_kind["SR"].open("rb") as stream:
        told = {each.concept.value for group in read_report(stream).groups for each in group.measurements}
    assert {key for key, _ in valued} <= told
    with by_kind["SEG"].open("rb") as stream:
        assert any(segment.volume_ml for segment in read_segmentation(stream).segments)

    (labels,) = (site.home_path / "volumes").glob("??/*/labels.nii.gz")
    assert labels.stat().st_size > 0
    assert {each["key"] for each in found.body["findings"]} <= KEYS
    assert all(found.body["not_looked_for"].values())

    measure(engine, site, study_id, now=NOW)
    with engine.connect() as connection:
        assert len(connection.execute(select(fact.c.id)).all()) == count
        assert (
            len(connection.execute(select(dicom_instance.c.id).join(study).where(study.c.modality != "CT")).all()) == 2
        )
    with engine.begin() as connection:  # the report and the segmentation go with their series
        detach(connection, study_id, actor="t", now=NOW)
        assert set(connection.execute(select(study.c.patient_id)).scalars()) == {None}
        attach(connection, study_id, whose, actor="t", now=NOW)
        assert set(connection.execute(select(study.c.patient_id)).scalars()) == {whose}


def test_a_lump_is_compared_with_the_earlier_scan(engine: Engine, site: Settings, tmp_path: Path) -> None:
    earlier = screened(engine, site, tmp_path / "one", FIRST)
    measure(engine, site, earlier, now=NOW)
    later = Phantom(**(vars(FIRST) | {"study_at": datetime(2026, 8, 15, 9), "seed": 1}))
    second = screened(engine, site, tmp_path / "two", later)
    measure(engine, site, second, now=NOW)
    with engine.connect() as connection:
        found = measurements.get(connection, second)
    assert found is not None
    assert found.body["compared_with"] == earlier
    changes = [each["change"] for each in found.body["regions"] if each["kind"] is not None]
    assert changes
    assert all(each.get("absent") or each["change"] in ("changed", "no real change", "can't tell") for each in changes)
