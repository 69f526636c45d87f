"""What goes back to the PACS: a structured report of the numbers and a segmentation of the organs, as images are kept.

They are series of the same study, given out by WADO-RS like any other. They are never imported: what they say is in
the record already, with its reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from imaging.archive import SourceFile
from imaging.errors import ImagingError
from imaging.examine import Examined
from imaging.labels import Labels
from imaging.receive.instance import read_instance
from imaging.write import report, segmentation, source_of
from twin.scan import files
from twin.scan.files import Staged
from twin.scan.taking import Arrived, Taking, take
from twin.settings import Settings
from twin.store import instances, studies
from twin.store.studies import Study

ALGORITHM = "patient-twin screening and measurement"
# nothing to tell, or headers that lack what the standard demands of every object: highdicom raises these then
_UNWRITABLE = (ValueError, TypeError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Results:
    """Objects that wait to be kept; `told` says of each kind its UID, or why there is none."""

    staged: tuple[Staged, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)


def made(engine: Engine, home: Path, study: Study, examined: Examined, version: str) -> Results:
    """Return the report and the segmentation of a measured series, on the disk and not yet kept."""
    with engine.connect() as connection:
        rows = instances.of_series(connection, study.id)
    named = [SourceFile(name=f"{row.sop_instance_uid}.dcm", path=files.place_of(home, row.sha256)) for row in rows]
    try:
        source = source_of(named)
    except ImagingError as error:
        return Results(told={"SR": str(error), "SEG": str(error)})
    apart = _apart(examined.labels)
    staged, told = [], {}
    for kind, build in (
        ("SR", lambda: report(source, examined.measurements, examined.screening.regions,
                              algorithm=ALGORITHM, version=version)),
        ("SEG", lambda: segmentation(source, examined.volume, apart, tuple(apart.numbers), version)),
    ):  # fmt: skip
        try:
            content = build()
        except _UNWRITABLE as error:
            told[kind] = f"not written: {error}"
            continue
        staged.append(files.stage(home, BytesIO(content)))
        told[kind] = read_instance(staged[-1].path).sop_instance_uid
    return Results(staged=tuple(staged), told=told)


def forget(found: Results) -> None:
    """Take away objects that nobody keeps."""
    for staged in found.staged:
        files.forget(staged)


def _apart(labels: Labels) -> Labels:
    """Return labels in which each voxel belongs to one organ, the narrowest: the left lung, not the lungs."""
    narrowest = sorted(labels.numbers, key=lambda organ: len(labels.numbers[organ]))
    taken: set[int] = set()
    numbers: dict[str, tuple[int, ...]] = {}
    for organ in narrowest:
        own = tuple(number for number in labels.numbers[organ] if number not in taken)
        if own:
            numbers[organ] = own
            taken.update(own)
    return replace(labels, numbers={organ: numbers[organ] for organ in labels.numbers if organ in numbers})


def keep(connection: Connection, settings: Settings, study: Study, found: Results, now: datetime) -> None:
    """Keep the objects as series of the study; the same results are one object, however often they are made."""
    taking = Taking(
        connection=connection, home=settings.home_path, zone=ZoneInfo(settings.time_zone), import_id=study.import_id,
        now=now,
    )  # fmt: skip
    for staged in found.staged:
        read = read_instance(staged.path)
        if instances.contents(connection, {read.sop_instance_uid}):
            files.forget(staged)
            continue
        kept = take(taking, read.said.series_uid or "", [Arrived(staged=staged, read=read)], patient=study.patient_id)
        if kept.study_id is not None:
            studies.link(connection, kept.study_id, made_of=study.id)
