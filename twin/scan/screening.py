"""What is seen in a series that has been quiet: its volume, the flagged regions with pictures, and findings as facts.

`imaging` says what it sees; this module says whose it is, when it was true and when it was known.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from imaging.absent import Absent as NotFound
from imaging.errors import ImagingError
from imaging.findings import flagged_region
from imaging.findings.base import Finding
from imaging.render import key_slice
from imaging.source import read_path
from imaging.study import Screening
from imaging.study import screen as screen_volume
from imaging.volume import Volume
from twin.scan import found, local_bank, volumes
from twin.scan.stating import SCREENING, retract, state
from twin.scan.taking import NO_UID
from twin.settings import Settings
from twin.store import audit, instances, records, studies
from twin.store.studies import Study


def screen(engine: Engine, settings: Settings, study_id: int, *, now: datetime) -> None:
    """Screen a series and state its flagged regions as findings of the patient, or say why it can't be.

    A series that gained images is screened again: what was stated before is superseded. Whoever comes second, or read
    the series before it changed, writes nothing.
    """
    with engine.connect() as connection:
        study = studies.get(connection, study_id)
    if study is None or study.status != "queued" or study.patient_id is None:
        return
    try:
        volume, read_ms = decoded(engine, settings.home_path, study)
        screening = local_bank.compared(engine, volume, screen_volume(volume, read_ms), study.patient_id)
        slices = [
            studies.Slice(rank=region.rank, png=key_slice(volume, region), region=told)
            for region, told in zip(screening.regions, _regions(screening), strict=True)
        ]
        looked = {flagged_region.KEY: flagged_region.found_in(screening)}
    except ImagingError as error:
        _refuse(engine, study, error, now)
        return
    with engine.begin() as connection:
        if not studies.save_screening(connection, study, screening.to_json(), slices, now):
            return
        seen = [each for answer in looked.values() if not isinstance(answer, NotFound) for each in answer]
        _state_findings(connection, study, seen, now)
        records.mark_stale(connection, [study.patient_id], now)
        audit.append(
            connection, at=now, actor="worker", action="screen", patient_id=study.patient_id,
            resource=f"study/{study_id}", detail={"regions": len(slices)},
        )  # fmt: skip


def decoded(engine: Engine, home: Path, study: Study) -> tuple[Volume, float]:
    """Return the volume of a series and the milliseconds it took; from the cache where it is kept.

    Raises: ImagingError with the reason why there is none.
    """
    uid = None if study.series_uid.startswith(NO_UID) else study.series_uid
    with engine.connect() as connection:
        hashes = [row.sha256 for row in instances.of_series(connection, study.id)]
    if not hashes and study.path is not None:
        return read_path(Path(study.path), uid)
    return volumes.volume_of(home, hashes, uid)


def _refuse(engine: Engine, study: Study, error: ImagingError, now: datetime) -> None:
    with engine.begin() as connection:
        if not studies.refuse(connection, study, str(error), now):
            return
        if retract(connection, study, SCREENING, now):
            assert study.patient_id is not None
            records.mark_stale(connection, [study.patient_id], now)
        audit.append(
            connection, at=now, actor="worker", action="screen", patient_id=study.patient_id,
            resource=f"study/{study.id}", outcome="failed", detail={"refused": type(error).__name__},
        )  # fmt: skip


def _regions(screening: Screening) -> list[dict[str, Any]]:
    told: Any = screening.to_json()["regions"]
    return list(told)


def _state_findings(connection: Connection, study: Study, seen: Sequence[Finding], now: datetime) -> None:
    assert study.patient_id is not None
    content = hashlib.sha256(repr(seen).encode()).hexdigest()
    state(connection, study, SCREENING, content, found.drafts(study, seen, now), study.patient_id, study.import_id, now)
