"""Images one by one: a series that grows is screened again, one of nobody known finds its patient, and can lose it."""

import gc
import os
import warnings
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.fileset import FileSet
from sqlalchemy import Engine, func, select

from imaging.phantom import Phantom
from imaging.volume import Volume
from tests.builders import bundle, patient
from tests.dicom_sending import changed, draw, tiny
from twin import intake
from twin.errors import UnknownPatient
from twin.importers.report import Report
from twin.scan import volumes
from twin.scan.files import OutOfSpace
from twin.scan.folder import receive as receive_folder
from twin.scan.giving import CannotGive, attach, detach
from twin.scan.screening import screen
from twin.settings import Settings
from twin.store import instances, people, records, studies
from twin.store.tables import dicom_instance, fact, import_reject, key_slice, study

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CHEST = Phantom(
    columns=128, slices=40, pixel_mm=2.75, slice_mm=5.6, patient_id="1", study_at=datetime(2026, 1, 15, 9, 30)
)


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(tmp_path_factory.mktemp("chest"), CHEST)


@pytest.fixture
def whose(engine: Engine) -> str:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=NOW)
    with engine.connect() as connection:
        return people.find_patient(connection, "1")


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", disk_free_gb=0)


def receive(engine: Engine, told: Settings, path: Path) -> Report:
    return receive_folder(engine, told, path, name="ct", actor="t", patient=None, now=NOW)


def linked(folder: Path, files: list[Path]) -> Path:
    """A folder with some of the files."""
    folder.mkdir()
    for file in files:
        os.link(file, folder / file.name)
    return folder


def the_study(engine: Engine) -> studies.Study:
    with engine.connect() as connection:
        found = studies.get(connection, connection.execute(select(study.c.id)).scalar_one())
    assert found is not None
    return found


def standing(engine: Engine, kind: str) -> int:
    asked = select(func.count()).where(fact.c.kind == kind, fact.c.superseded_at.is_(None))
    with engine.connect() as connection:
        return int(connection.execute(asked).scalar_one())


def test_a_series_that_gains_an_image_is_screened_again_and_supersedes_what_it_said(
    engine: Engine, home: Settings, chest: list[Path], whose: str, tmp_path: Path
) -> None:
    assert receive(engine, home, linked(tmp_path / "most", chest[:-1])).imported == 1
    screen(engine, home, the_study(engine).id, now=NOW)
    first = standing(engine, "finding")
    assert the_study(engine).status == "screened"
    more = receive(engine, home, linked(tmp_path / "last", chest[-1:]))
    assert (more.imported, more.facts) == (1, 0)
    grown = the_study(engine)
    assert (grown.status, grown.described["files"]) == ("queued", len(chest))
    screen(engine, home, grown.id, now=NOW)
    with engine.connect() as connection:
        regions = connection.execute(select(study.c.screening)).scalar_one()["regions"]
        pictures = connection.execute(select(func.count()).select_from(key_slice)).scalar_one()
        written = connection.execute(select(func.count()).where(fact.c.kind == "finding")).scalar_one()
    assert len(regions) == pictures
    assert (first, standing(engine, "finding"), written) == (1, 1, 2)


def test_a_screening_of_what_has_changed_meanwhile_is_not_stored(
    engine: Engine, home: Settings, whose: str, tmp_path: Path
) -> None:
    files = draw(tmp_path / "ct", tiny())
    receive(engine, home, linked(tmp_path / "some", files[:2]))
    before = the_study(engine)
    receive(engine, home, linked(tmp_path / "more", files[2:]))
    with engine.begin() as connection:
        assert not studies.save_screening(connection, before, {}, [], NOW)
        assert not studies.refuse(connection, before, "too late", NOW)
    assert the_study(engine).status == "queued"


def test_the_same_images_in_an_archive_are_the_same_images(
    engine: Engine, home: Settings, whose: str, tmp_path: Path
) -> None:
    files = draw(tmp_path / "ct", tiny())
    receive(engine, home, tmp_path / "ct")
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as packed:
        for file in reversed(files):
            packed.write(file, f"other/{file.stem}")
    again = receive(engine, home, tmp_path / "ct.zip")
    assert (again.duplicates, again.imported, again.facts) == (1, 0, 0)
    kept = [path for path in (home.home_path / "dicom").rglob("*") if path.is_file()]
    assert len(kept) == len(files)


def test_a_cd_with_its_directory_is_read_and_the_directory_is_no_image(
    engine: Engine, home: Settings, whose: str, tmp_path: Path
) -> None:
    burn(draw(tmp_path / "ct", tiny()), tmp_path / "cd")
    assert (tmp_path / "cd" / "DICOMDIR").is_file()
    report = receive(engine, home, tmp_path / "cd")
    assert (report.imported, report.rejected, report.facts) == (1, 0, 1)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(dicom_instance)).scalar_one() == 3


def burn(files: list[Path], disc: Path) -> None:
    """Write a CD: files without endings, and their directory."""
    made = FileSet()
    for path in files:
        made.add(path)
    made.write(disc)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its own folder to the collector
        del made
        gc.collect()


def test_an_image_that_contradicts_one_that_is_here_is_told_alone(
    engine: Engine, home: Settings, whose: str, tmp_path: Path
) -> None:
    files = draw(tmp_path / "ct", tiny())
    receive(engine, home, tmp_path / "ct")
    changed(files[0], files[0], SeriesDescription="another")
    report = receive(engine, home, tmp_path / "ct")
    assert (report.duplicates, report.rejected) == (1, 1)
    assert [each.reason for each in report.rejects] == ["conflicting_image"]
    with engine.connect() as connection:
        aside = connection.execute(select(import_reject.c.body)).scalar_one()
    assert Path(aside).read_bytes() == files[0].read_bytes()


def test_a_series_can_be_given_to_a_patient_taken_back_and_given_again(
    engine: Engine, home: Settings, chest: list[Path], tmp_path: Path
) -> None:
    receive(engine, home, linked(tmp_path / "ct", chest))
    study_id = the_study(engine).id
    with engine.connect() as connection:
        (waiting,) = studies.needing_patient(connection)
    assert (waiting.id, waiting.tags["00100020"]["Value"]) == (study_id, ["1"])
    intake.take_bundle(engine, bundle(patient(mrn="other")), source="h", actor="t", atomic=True, now=NOW)
    for _ in range(2):
        with engine.begin() as connection:
            given = attach(connection, study_id, "other", actor="t", now=NOW)
        screen(engine, home, study_id, now=NOW)
        assert standing(engine, "imaging_study") == 1
        assert standing(engine, "finding") > 0
        with engine.begin() as connection:
            assert detach(connection, study_id, actor="t", now=NOW) == given
        assert standing(engine, "imaging_study") == standing(engine, "finding") == 0
        with engine.connect() as connection:
            assert records.read_timeline(connection, given, datetime.now(UTC)).of_kind("imaging_study") == ()
            assert connection.execute(select(func.count()).select_from(key_slice)).scalar_one() == 0
    assert the_study(engine).status == "needs_patient"


def another(**told: object) -> Phantom:
    """A series with the number of the patient who is known here, and other particulars."""
    return Phantom(**(vars(tiny()) | {"patient_id": "1"} | told))


@pytest.mark.parametrize("told", [{"patient_birth_date": date(1961, 5, 4)}, {"patient_sex": "M"}])
def test_a_number_that_fits_somebody_born_otherwise_waits_for_a_person(
    engine: Engine, home: Settings, whose: str, tmp_path: Path, told: dict[str, object]
) -> None:
    draw(tmp_path / "ct", another(**told))
    receive(engine, home, tmp_path / "ct")
    study_id = the_study(engine).id
    assert the_study(engine).status == "needs_patient"
    with engine.begin() as connection:
        with pytest.raises(CannotGive, match=r"names another (birth date|sex) than the record"):
            attach(connection, study_id, whose, actor="t", now=NOW)
        assert attach(connection, study_id, whose, actor="t", now=NOW, despite=True) == whose


def test_a_number_born_alike_finds_its_patient(engine: Engine, home: Settings, whose: str, tmp_path: Path) -> None:
    draw(tmp_path / "ct", another(patient_birth_date=date(1960, 5, 4), patient_sex="F"))
    receive(engine, home, tmp_path / "ct")
    study_id = the_study(engine).id
    assert the_study(engine).patient_id == whose
    with engine.begin() as connection:
        detach(connection, study_id, actor="t", now=NOW)
    receive(engine, home, tmp_path / "ct")
    assert the_study(engine).patient_id is None, "a person took it back: the same number does not give it again"
    with engine.begin() as connection:
        attach(connection, study_id, whose, actor="t", now=NOW)
    receive(engine, home, tmp_path / "ct")
    assert the_study(engine).patient_id == whose


def test_a_series_is_not_given_to_whom_it_can_t_belong(engine: Engine, home: Settings, tmp_path: Path) -> None:
    draw(tmp_path / "ct", tiny("unknown"))
    receive(engine, home, tmp_path / "ct")
    study_id = the_study(engine).id
    for mrn, birth in (("young", "2026-05-01"), ("old", "1960-01-01")):
        content = bundle(patient(mrn=mrn, birth=birth))
        intake.take_bundle(engine, content, source=mrn, actor="t", atomic=True, now=NOW)
    with engine.begin() as connection:
        with pytest.raises(CannotGive, match="before the patient was born"):
            attach(connection, study_id, "young", actor="t", now=NOW)
        with pytest.raises(UnknownPatient):
            attach(connection, study_id, "nobody", actor="t", now=NOW)
        with pytest.raises(CannotGive, match="has no patient"):
            detach(connection, study_id, actor="t", now=NOW)
        attach(connection, study_id, "old", actor="t", now=NOW)
        with pytest.raises(CannotGive, match="has a patient"):
            attach(connection, study_id, "old", actor="t", now=NOW)


def test_a_volume_is_decoded_once_and_the_least_recently_used_go_first(
    engine: Engine, home: Settings, whose: str, tmp_path: Path
) -> None:
    kept: list[Path] = []
    for seed in (1, 2, 3):
        draw(tmp_path / str(seed), tiny(seed=seed, slices=4))
        receive(engine, home, tmp_path / str(seed))
        with engine.connect() as connection:
            newest = connection.execute(select(func.max(study.c.id))).scalar_one()
            hashes = [row.sha256 for row in instances.of_series(connection, newest)]
        made = volumes.volume_of(home.home_path, hashes, None)[0]
        read = volumes.volume_of(home.home_path, hashes, None)[0]
        assert same(made, read)
        kept.append(volumes.folder_of(home.home_path, hashes))
        os.utime(kept[-1], (seed, seed))
    os.utime(kept[0])  # used again
    size = sum(file.stat().st_size for file in kept[0].rglob("*"))
    assert volumes.prune(home.home_path, 10.0) == 0
    assert volumes.prune(home.home_path, 1.5 * size / 1e9) == 2
    assert [folder.is_dir() for folder in kept] == [True, False, False]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(dicom_instance)).scalar_one() == 12
    assert volumes.volume_of(home.home_path, hashes, None)[0].hu.shape == (4, 32, 32), "originals stay"


def same(one: Volume, other: Volume) -> bool:
    return np.array_equal(one.hu, other.hu) and np.array_equal(one.affine_lps, other.affine_lps)


def test_a_damaged_cache_is_made_again(engine: Engine, home: Settings, whose: str, tmp_path: Path) -> None:
    draw(tmp_path / "ct", tiny(slices=4))
    receive(engine, home, tmp_path / "ct")
    with engine.connect() as connection:
        hashes = [row.sha256 for row in instances.of_series(connection, the_study(engine).id)]
    made = volumes.volume_of(home.home_path, hashes, None)[0]
    for file in volumes.folder_of(home.home_path, hashes).iterdir():
        file.write_bytes(file.read_bytes()[:50])
    assert same(volumes.volume_of(home.home_path, hashes, None)[0], made)


def test_an_import_onto_a_full_disk_is_refused_and_leaves_nothing(
    engine: Engine, home: Settings, tmp_path: Path
) -> None:
    draw(tmp_path / "ct", tiny())
    full = home.model_copy(update={"disk_free_gb": 1e9})
    with pytest.raises(OutOfSpace, match="would stay free"):
        receive(engine, full, tmp_path / "ct")
    assert [path for path in (home.home_path / "dicom").rglob("*") if path.is_file()] == []
