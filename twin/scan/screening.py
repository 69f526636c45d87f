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
from imaging.findings import FINDINGS, flagged_region
from imaging.findings.base import Finding
from imaging.render import key_slice
from imaging.source import read_path
from imaging.study import Screening
from imaging.study import screen as screen_volume
from imaging.volume import Volume
from twin.record.fact import Coding, FactDraft
from twin.scan import local_bank, volumes
from twin.scan.stating import SCREENING, retract, state
from twin.scan.taking import NO_UID
from twin.settings import Settings
from twin.store import audit, instances, records, studies
from twin.store.studies import Study

OWN_FINDING = "urn:patient-twin:finding"
_LOOKS = {finder.key: finder.looks_for[:1].upper() + finder.looks_for[1:] for finder in FINDINGS}


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
        found = {flagged_region.KEY: flagged_region.found_in(screening)}
    except ImagingError as error:
        _refuse(engine, study, error, now)
        return
    with engine.begin() as connection:
        if not studies.save_screening(connection, study, screening.to_json(), slices, now):
            return
        seen = [each for answer in found.values() if not isinstance(answer, NotFound) for each in answer]
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


def _state_findings(connection: Connection, study: Study, found: Sequence[Finding], now: datetime) -> None:
    """Write one fact a finding. It was true when the CT was made, and is known from now on."""
    assert study.patient_id is not None
    at = study.acquired_at or now
    drafts = [
        FactDraft(
            kind="finding", coding=Coding(system=OWN_FINDING, code=each.key, display=_LOOKS[each.key]),
            value_kind="number", value=f"{each.score:.3f}", observed_at=at, known_at=max(now, at),
            known_basis="received", where=f"{each.key}[{each.rank}]", resource=f"study/{study.id}",
            part=f"{each.key}[{each.rank}]", device=study.described.get("model") or study.described.get("manufacturer"),
        )
        for each in found
    ]  # fmt: skip
    content = hashlib.sha256(repr(found).encode()).hexdigest()
    state(connection, study, SCREENING, content, drafts, study.patient_id, study.import_id, now)
