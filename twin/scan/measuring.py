"""What can be measured in a screened series: organs, the lumps in flagged regions, and how those changed since before.

Numbers become facts (`measured`), refusals stay beside the study with their reasons. A region's lump is no fact: what
it is, is for a reader to say. The results also go back as DICOM objects (`results`).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from imaging.absent import Absent
from imaging.errors import ImagingError
from imaging.examine import Examined, examine, go_on
from imaging.findings import FINDINGS, flagged_region
from imaging.findings.base import Finding
from imaging.gate import Fitness
from imaging.measure import growth, nodule
from imaging.register import register
from imaging.scale import UNCHECKED
from imaging.volume import Volume
from twin.scan import found, judged, measured, results, volumes
from twin.scan.screening import decoded
from twin.scan.stating import MEASURES, retract, state
from twin.settings import Settings
from twin.store import audit, instances, measurements, records, studies
from twin.store.studies import Study

VERSION = "2026-11.2"  # of what is measured and how: with another one every series is measured again


def measure(
    engine: Engine, settings: Settings, study_id: int, *, now: datetime, entering: Callable[[str], None] = go_on
) -> None:
    """Measure a screened series and state what was found; whoever comes second, or late, writes nothing.

    `entering` hears of each stage before it begins; what it raises ends the measuring there, with nothing written.
    """
    with engine.connect() as connection:
        study = studies.get(connection, study_id)
        if study is None or study.status != "screened" or study.patient_id is None:
            return
        if measurements.done(connection, study, VERSION):  # queued again while it was measured
            return
        prior = _prior(connection, study)
    try:
        entering("reading")
        volume, _ = decoded(engine, settings.home_path, study)
        examined = examine(volume, entering=entering)
        lumps = _lumps(engine, settings, study, prior, examined, entering)
        looked = dict(_looked_for(examined, entering))
    except ImagingError as error:
        _refuse(engine, study, error, now)
        return
    entering("writing the results")  # from here on it is ended by nothing: files and rows belong together
    with engine.connect() as connection:
        hashes = [row.sha256 for row in instances.of_series(connection, study.id)]
    volumes.lay_labels(settings.home_path, hashes, volume, examined.labels)
    sent = results.made(engine, settings.home_path, study, examined, VERSION)
    body = {
        "fitness": _fitness_json(examined.fitness),
        "organs": {"method": examined.labels.method, "absent": dict(examined.labels.absent)},
        "measurements": [each.to_json() | {"source": each.source} for each in examined.measurements],
        "regions": lumps,
        "findings": [asdict(each) for answer in looked.values() if not isinstance(answer, Absent) for each in answer],
        "not_looked_for": {key: answer.reason for key, answer in looked.items() if isinstance(answer, Absent)},
        "compared_with": prior.id if prior is not None else None,
        "results": sent.told,
    }
    with engine.begin() as connection:
        if not measurements.save(connection, study, version=VERSION, body=body, refused=None, now=now):
            results.forget(sent)  # the series changed meanwhile
            return
        seen = [each for answer in looked.values() if not isinstance(answer, Absent) for each in answer]
        written = _state(connection, study, examined, seen, now)
        results.keep(connection, settings, study, sent, now)
        records.mark_stale(connection, [study.patient_id], now)
        audit.append(
            connection, at=now, actor="worker", action="measure", patient_id=study.patient_id,
            resource=f"study/{study_id}", detail={"facts": written},
        )  # fmt: skip


def note_failed(engine: Engine, study_id: int, error: str, now: datetime) -> None:
    """Note that measuring a series failed by a fault of ours; it is measured again by the next version."""
    with engine.begin() as connection:
        study = studies.get(connection, study_id)
        if study is not None:
            measurements.save(connection, study, version=VERSION, body={}, refused=f"a fault of ours: {error}", now=now)


def _looked_for(
    examined: Examined, entering: Callable[[str], None]
) -> Iterator[tuple[str, tuple[Finding, ...] | Absent]]:
    """Look for each finding but the flagged regions, which screening stated; none where HU may be no HU."""
    doubt = next((said for said in examined.volume.provenance.warnings if UNCHECKED in said), None)
    for finder in FINDINGS:
        if finder.key != flagged_region.KEY:
            entering(f"looking for {finder.key}")
            yield finder.key, (finder.find(examined) if doubt is None else Absent(reason=doubt))


def _prior(connection: Connection, study: Study) -> Study | None:
    """Return the latest earlier series of the patient that was measured."""
    for each in measurements.earlier(connection, study, limit=1):
        return studies.get(connection, each)
    return None


def _state(
    connection: Connection, study: Study, examined: Examined, seen: Sequence[Finding], now: datetime
) -> int:  # fmt: skip
    assert study.patient_id is not None
    at = study.acquired_at or now
    drafts = [
        *measured.drafts(examined.measurements, study.described, f"study/{study.id}", at, now),
        *judged.drafts(study, examined.measurements, now),
        *found.drafts(study, seen, now),
    ]
    content = hashlib.sha256(json.dumps([(one.where, one.value, one.sd, one.status) for one in drafts]).encode())
    return state(
        connection, study, MEASURES, f"{VERSION}/{content.hexdigest()}", drafts, study.patient_id, study.import_id, now
    )


def _lumps(
    engine: Engine,
    settings: Settings,
    study: Study,
    prior: Study | None,
    examined: Examined,
    entering: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Measure what lies in each flagged region, and again in the prior where there is one."""
    entering("reading the prior")
    before = _decoded_prior(engine, settings, prior)
    days = 0
    if prior is not None and prior.acquired_at is not None and study.acquired_at is not None:
        days = (study.acquired_at - prior.acquired_at).days
    entering("laying the prior on this scan")
    laid = None if before is None else register(examined.volume, before)
    told = []
    for region in examined.screening.regions:
        entering(f"outlining region {region.rank}")
        lump = nodule.nodule_at(examined.volume, region.centre_lps_mm)
        numbers = nodule.measured(examined.volume, lump, examined.fitness, f"region {region.rank}")
        change = None
        if not isinstance(lump, Absent) and before is not None:
            change = _change(growth.grown(examined.volume, before, region.centre_lps_mm, days, laid))
        told.append(
            {
                "rank": region.rank,
                "kind": None if isinstance(lump, Absent) else lump.kind,
                "measurements": [each.to_json() | {"source": each.source} for each in numbers],
                "change": change,
            }
        )
    return told


def _decoded_prior(engine: Engine, settings: Settings, prior: Study | None) -> Volume | None:
    if prior is None:
        return None
    try:
        return decoded(engine, settings.home_path, prior)[0]
    except ImagingError:  # it was measured once; that its files are damaged now is told by `twin check`
        return None


def _change(seen: growth.Growth | Absent) -> Mapping[str, Any]:
    if isinstance(seen, Absent):
        return {"absent": seen.reason}
    told = asdict(seen)
    del told["current"], told["prior"]
    return told | {"prior_volume_mm3": seen.prior.volume_mm3, "prior_volume_sd": seen.prior.volume_sd}


def _fitness_json(fitness: Fitness) -> dict[str, Any]:
    return {
        "contrast": fitness.contrast,
        "unfit": {str(use): reason for use, reason in fitness.unfit.items()},
        "cautions": {str(use): reason for use, reason in fitness.cautions.items()},
    }


def _refuse(engine: Engine, study: Study, error: ImagingError, now: datetime) -> None:
    with engine.begin() as connection:
        if not measurements.save(connection, study, version=VERSION, body={}, refused=str(error), now=now):
            return
        if retract(connection, study, MEASURES, now):
            assert study.patient_id is not None
            records.mark_stale(connection, [study.patient_id], now)
        audit.append(
            connection, at=now, actor="worker", action="measure", patient_id=study.patient_id,
            resource=f"study/{study.id}", outcome="failed", detail={"refused": type(error).__name__},
        )  # fmt: skip
