"""How a CT becomes facts: kept once by content, given to a patient by identifiers, screened, its regions stated.

`imaging` says what it sees; this module says whose it is, when it was true and when it was known.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from imaging import dicom, header
from imaging.absent import Absent as NotFound
from imaging.dicom import SeriesFiles
from imaging.errors import ImagingError
from imaging.findings import FINDINGS
from imaging.findings.base import Finding
from imaging.render import key_slice
from imaging.study import Screening, read_path
from imaging.study import screen as screen_volume
from imaging.volume import Provenance
from twin.errors import UnknownPatient
from twin.importers.base import Item, Outcome, Reject
from twin.importers.report import Fate, Report, of_fates
from twin.record.fact import Coding, Derived, FactDraft
from twin.record.quality import derive
from twin.store import audit, ledger, people, quarantine, records, studies
from twin.store.records import NewFact

SOURCE = "imaging"
OWN_FINDING = "urn:patient-twin:finding"
CT = Coding(system="http://dicom.nema.org/resources/ontology/DCM", code="CT", display="Computed tomography")  # CID 29
_LOOKS = {finder.key: finder.looks_for[:1].upper() + finder.looks_for[1:] for finder in FINDINGS}
_NO_UID = "without-uid-"
WAITS = "nobody known here: import it again with the patient named (--patient, or ?patient=)"


def receive(
    engine: Engine, home: Path, zone: ZoneInfo, path: Path, *, name: str, actor: str, patient: str | None,
    now: datetime, parent_id: int | None = None,
) -> Report:  # fmt: skip
    """Take the CT series that `path` (a folder, file or archive) holds; the worker screens them.

    Files are kept under `home`; the scanner's clock is read in the site's `zone`. `patient` names whose they are (id or
    identifier); without it the DICOM patient id decides, else a person does.
    A series that was received before is a duplicate; what can't be read is a reject with its reason.
    """
    try:
        found = dicom.find_series(path)
    except ImagingError as error:
        return _nothing_taken(engine, name, actor, str(error), now, parent_id)
    kept, file_hash = _keep(home / "studies", path)
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=SOURCE, name=name, file_hash=file_hash, actor=actor, now=now, parent_id=parent_id
        )
        taking = _Taking(connection=connection, import_id=import_id, kept=kept, file_hash=file_hash, zone=zone, now=now)
        entered = [taking.enter(series, patient) for series in found]
        whose = sorted({each.patient_id for each in entered if each.patient_id and each.facts})
        report = of_fates(
            import_id,
            (each.fate for each in entered),
            (each.reject for each in entered if each.reject),
            facts=sum(each.facts for each in entered),
            patients=tuple(whose),
        )
        records.mark_stale(connection, whose, now)
        ledger.finish_run(connection, import_id, status="done", format_key="dicom", report=report.to_json(), now=now)
        for patient_id in whose:
            audit.append(
                connection, at=now, actor=actor, action="import", patient_id=patient_id, resource=f"import/{import_id}"
            )
    return report


def screen(engine: Engine, study_id: int, *, now: datetime) -> None:
    """Screen a received series and state its flagged regions as findings of the patient, or say why it can't be."""
    with engine.connect() as connection:
        study = studies.get(connection, study_id)
    if study is None or study.status != "queued" or study.patient_id is None:
        return
    uid = None if study.series_uid.startswith(_NO_UID) else study.series_uid
    try:
        volume, read_ms = read_path(Path(study.path), uid)
        screening = screen_volume(volume, read_ms)
        slices = [
            studies.Slice(rank=region.rank, png=key_slice(volume, region), region=told)
            for region, told in zip(screening.regions, _regions(screening), strict=True)
        ]
        found = {finder.key: finder.find(volume, screening) for finder in FINDINGS}
    except ImagingError as error:
        with engine.begin() as connection:
            studies.refuse(connection, study_id, str(error), now)
            audit.append(
                connection, at=now, actor="worker", action="screen", patient_id=study.patient_id,
                resource=f"study/{study_id}", outcome="failed", detail={"refused": type(error).__name__},
            )  # fmt: skip
        return
    with engine.begin() as connection:
        if not studies.save_screening(connection, study_id, screening.to_json(), slices, now):
            return
        seen = [each for answer in found.values() if not isinstance(answer, NotFound) for each in answer]
        _state_findings(connection, study, seen, now)
        records.mark_stale(connection, [study.patient_id], now)
        audit.append(
            connection, at=now, actor="worker", action="screen", patient_id=study.patient_id,
            resource=f"study/{study_id}", detail={"regions": len(slices)},
        )  # fmt: skip


def _regions(screening: Screening) -> list[dict[str, Any]]:
    told: Any = screening.to_json()["regions"]
    return list(told)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entered:
    """What became of one series."""

    fate: Fate
    patient_id: str | None = None
    facts: int = 0
    reject: Reject | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taking:
    """One input being taken."""

    connection: Connection
    import_id: int
    kept: Path
    file_hash: str
    zone: ZoneInfo
    now: datetime

    def enter(self, series: SeriesFiles, patient: str | None) -> _Entered:
        where = f"series {series.series_uid or 'without uid'}"
        said = header.provenance([one.header for one in series.files], None)
        made_at = said.study_at.replace(tzinfo=self.zone) if said.study_at else None
        uid = series.series_uid or f"{_NO_UID}{self.file_hash}"
        patient_id = self._whose(said, patient)
        wrong = self._impossible(made_at, patient_id)
        if wrong is not None:
            reject = Reject(where=where, reason="impossible_date", detail=wrong)
            self._quarantine(reject, uid)
            return _Entered(fate=_fate(where, uid, "rejected", wrong), reject=reject)
        study_id = studies.add(
            self.connection,
            patient_id=patient_id,
            series_uid=uid,
            study_uid=series.study_uid or "",
            file_hash=self.file_hash,
            path=str(self.kept),
            import_id=self.import_id,
            acquired_at=made_at,
            described=said.described(),
            now=self.now,
        )
        if study_id is None and patient_id is not None:  # it may have waited for somebody to say whose it is
            study_id = studies.attach(self.connection, uid, patient_id)
        if study_id is None:
            return _Entered(fate=_fate(where, uid, "duplicate"), patient_id=patient_id)
        if patient_id is None:
            return _Entered(fate=_fate(where, uid, "imported", WAITS))
        shown = replace(CT, display=said.description or CT.display)
        at = made_at or self.now
        draft = FactDraft(
            kind="imaging_study", coding=shown, observed_at=at, known_at=at, known_basis="observed",
            where=where, resource=f"study/{study_id}", status="available",
        )  # fmt: skip
        count = _write(self.connection, f"series/{uid}", uid, [draft], patient_id, self.import_id, self.now)
        return _Entered(fate=_fate(where, uid, "imported"), patient_id=patient_id, facts=count)

    def _whose(self, said: Provenance, patient: str | None) -> str | None:
        if patient is not None:
            return people.find_patient(self.connection, patient)
        if not said.patient_id:
            return None
        try:
            return people.find_patient(self.connection, said.patient_id)
        except UnknownPatient:
            return None

    def _impossible(self, made_at: datetime | None, patient_id: str | None) -> str | None:
        if made_at is None or patient_id is None:
            return None
        born = people.birth_dates(self.connection, [patient_id])[patient_id]
        if born is not None and made_at.date() < born:
            return "the study was made before the patient was born"
        return "the study lies in the future" if made_at > self.now else None

    def _quarantine(self, reject: Reject, uid: str) -> None:
        item = Item(key=uid, fingerprint=uid, kind="series", where=reject.where, reject=reject, body=str(self.kept))
        quarantine.add_rejects(self.connection, self.import_id, [item], source=SOURCE, now=self.now)


def _state_findings(connection: Connection, study: studies.Study, found: Sequence[Finding], now: datetime) -> None:
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
    _write(connection, f"screening/{study.series_uid}", content, drafts, study.patient_id, study.import_id, now)


def _write(
    connection: Connection, key: str, fingerprint: str, drafts: list[FactDraft], patient_id: str, import_id: int,
    now: datetime,
) -> int:  # fmt: skip
    item = Item(key=key, fingerprint=fingerprint, kind="series", where=key, facts=tuple(drafts))
    (entered,) = ledger.enter(connection, [item], source=SOURCE, import_id=import_id, patient_ids=[patient_id], now=now)
    if entered is None:
        return 0
    ledger.supersede(connection, entered.supersedes, now)
    new = []
    for draft in drafts:
        derived = derive(draft)
        assert isinstance(derived, Derived), "an imaging fact has no value that could be refused"
        new.append(NewFact(patient_id=patient_id, item_id=entered.item_id, draft=draft, derived=derived))
    return records.add_facts(connection, new, import_id=import_id, now=now)


def _nothing_taken(engine: Engine, name: str, actor: str, reason: str, now: datetime, parent_id: int | None) -> Report:
    reject = Reject(where=name, reason="unreadable", detail=reason)
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=SOURCE, name=name, file_hash="", actor=actor, now=now, parent_id=parent_id
        )
        item = Item(key=name, fingerprint=name, kind="series", where=name, reject=reject, body=name)
        quarantine.add_rejects(connection, import_id, [item], source=SOURCE, now=now)
        report = of_fates(import_id, (_fate(name, name, "rejected", reason),), (reject,))
        ledger.finish_run(connection, import_id, status="done", format_key="dicom", report=report.to_json(), now=now)
    return report


def _fate(where: str, uid: str, outcome: Outcome, reason: str = "") -> Fate:
    return Fate(where=where, kind="CT series", resource=uid, outcome=outcome, reason=reason)


def _keep(store: Path, path: Path) -> tuple[Path, str]:
    """Copy an input into the instance, once, under the hash of its content; return where it lies, and the hash."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    file_hash = digest.hexdigest()
    target = store / file_hash[:2] / file_hash
    if not target.exists():
        staged = store / f"arriving-{file_hash}"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        for number, file in enumerate(files):
            shutil.copyfile(file, staged / (file.name if len(files) == 1 else f"{number:06d}{file.suffix}"))
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)
    return (target / files[0].name if len(files) == 1 else target), file_hash
