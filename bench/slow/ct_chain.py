"""How long does a real CT take from its files to its findings in the database, without and with segmentation?

    .venv/bin/python bench/slow/ct_chain.py [DATA]     default: ../shared/data, beside the checkout

LIDC-IDRI-0001 (133 slices) as a folder of DICOM files, by the functions that the commands and the worker call, into a
database that is thrown away. Wall and processor seconds of each step; the kernels were loaded by a drawn chest before.
"""

import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from imaging.archive import LIMITS, source_files
from imaging.instance import is_dicom
from imaging.phantom import Phantom, write_phantom
from imaging.study import read_path, screen
from twin.importers.base import PatientDraft
from twin.record.timeline import Identifier
from twin.scan import measuring, screening
from twin.scan.folder import receive
from twin.settings import Settings
from twin.store import measurements, migrate, people, session, studies

OWNER = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"
PATIENT = "LIDC-IDRI-0001"


class Stages:
    """Hears of each stage and adds up the seconds of the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}
        self.peak_mb: dict[str, float] = {}
        self._now: tuple[str, float, float] | None = None

    def enter(self, stage: str) -> None:
        """End the stage before and begin this one; stages that begin alike count as one."""
        wall, processor = time.perf_counter(), time.process_time()
        if self._now is not None:
            name, began, used = self._now
            before = self.seconds.get(name, (0.0, 0.0))
            self.seconds[name] = before[0] + wall - began, before[1] + processor - used
            self.peak_mb[name] = _peak_mb()
        self._now = stage.split(" for ")[0].split(" region ")[0], wall, processor


def main(data: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        home, folder = Path(made) / "home", Path(made) / "ct"
        _laid_out(data / "ct" / "chest_ge_lidc0001", folder)
        write_phantom(Path(made) / "drawn", Phantom(columns=128, slices=40, pixel_mm=2.75, slice_mm=5.6))
        screen(read_path(Path(made) / "drawn")[0])
        settings = Settings(home=home, DATABASE_URL=None, TWIN_DISK_FREE_GB=0)
        engine = session.connect(settings)
        try:
            migrate.upgrade(engine)
            number = Identifier(system="urn:mrn", value=PATIENT, kind="MR")
            whose = PatientDraft(name="Bench", sex="female", birth_date=date(1950, 1, 1), identifiers=(number,))
            with engine.begin() as connection:
                people.add_patient(connection, OWNER, whose, datetime.now(UTC))
            _chain(engine, settings, folder)
        finally:
            engine.dispose()
            session.stop_embedded(home)


def _chain(engine, settings: Settings, folder: Path) -> None:  # type: ignore[no-untyped-def]
    stages, now = Stages(), datetime.now(UTC)
    stages.enter("import: files kept, series entered")
    report = receive(engine, settings, folder, name="ct", actor="bench", patient=OWNER, now=now)
    stages.enter("screen: read, screened, regions stored")
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, now)
    screening.screen(engine, settings, study_id, now=now)
    stages.enter("end")
    _told("without segmentation", stages)
    print(f"{report.facts} facts by the import")
    stages = Stages()
    measuring.measure(engine, settings, study_id, now=now, entering=stages.enter)
    stages.enter("end")
    _told("organs, numbers, findings", stages)
    with engine.connect() as connection:
        found = measurements.get(connection, study_id)
        facts = connection.exec_driver_sql("select count(*) from fact").scalar_one()
    assert found is not None and found.refused is None
    print(f"{facts} facts in all")


def _told(title: str, stages: Stages) -> None:
    print(f"## {title}\n\n| step | s | processor s | peak so far MB |\n| --- | ---: | ---: | ---: |")
    for name, (wall, processor) in stages.seconds.items():
        print(f"| {name} | {wall:.1f} | {processor:.1f} | {stages.peak_mb[name]:.0f} |")
    wall, processor = (sum(each[axis] for each in stages.seconds.values()) for axis in (0, 1))
    print(f"| all | {wall:.1f} | {processor:.1f} | {_peak_mb():.0f} |\n")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _laid_out(archive: Path, folder: Path) -> None:
    folder.mkdir()
    for number, source in enumerate(source_files(archive, LIMITS, is_dicom)):
        with source.open() as stream:
            if is_dicom(stream.read(132)):
                stream.seek(0)
                with (folder / f"{number:04d}.dcm").open("wb") as out:
                    shutil.copyfileobj(stream, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3] / "shared" / "data")
