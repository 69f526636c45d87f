"""A folder, archive, CD or file of images that a person points at: complete at once, and told as one import."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from imaging.archive import LIMITS, source_files
from imaging.errors import ImagingError, NoImages
from imaging.instance import is_dicom
from imaging.receive.instance import read_instance
from twin.importers.base import Item, Reject
from twin.importers.report import Report, Tally
from twin.scan import files
from twin.scan.stating import SOURCE
from twin.scan.taking import NO_UID, WAITS, Arrived, Taken, Taking, take
from twin.settings import Settings
from twin.store import audit, ledger, quarantine

KIND = "CT series"


@dataclass(kw_only=True, slots=True)
class _Found:
    """What lay there: images by series, what else there is, and what could not be read."""

    series: dict[str, list[Arrived]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Leave nothing of it on the disk but what was taken."""
        for group in self.series.values():
            for one in group:
                files.forget(one.staged)


def receive(
    engine: Engine, settings: Settings, path: Path, *, name: str, actor: str, patient: str | None, now: datetime,
    parent_id: int | None = None,
) -> Report:  # fmt: skip
    """Take the CT series that `path` (a folder, file or archive) holds; the worker screens them.

    Images are kept under `home`; the scanner's clock is read in the site's zone. `patient` names whose they are (id or
    identifier); without it the DICOM patient id decides, else a person does. An image that was received before changes
    nothing; one that is new to a known series opens it again; what can't be taken is a reject with its reason.

    Raises:
        UnknownPatient: `patient` is nobody known here.
        OutOfSpace: the disk is full.
    """
    found = _Found()
    try:
        _stage(settings, path, found)
        if not found.series:
            raise NoImages(_nothing(found))
        with engine.begin() as connection:
            file_hash = hashlib.sha256("\n".join(_hashes(found)).encode()).hexdigest()
            import_id = ledger.start_run(
                connection, source=SOURCE, name=name, file_hash=file_hash, actor=actor, now=now, parent_id=parent_id
            )
            taking = Taking(
                connection=connection, home=settings.home_path, zone=ZoneInfo(settings.time_zone),
                import_id=import_id, now=now,
            )  # fmt: skip
            return _take(taking, found, patient, actor)
    except ImagingError as error:
        return _nothing_taken(engine, name, actor, str(error), now, parent_id)
    finally:
        found.forget()


def _stage(settings: Settings, path: Path, found: _Found) -> None:
    for source in source_files(path, LIMITS, is_dicom):
        with source.open() as stream:
            head = stream.read(132)
            if not is_dicom(head):
                if source.name.lower().endswith((".dcm", ".ima")):
                    found.unread.append(source.name)
                continue
            stream.seek(0)
            files.check_room(settings)
            staged = files.stage(settings.home_path, stream)
        try:
            read = read_instance(staged.path)
        except NoImages:  # the directory of a CD
            files.forget(staged)
            continue
        except ImagingError:
            found.unread.append(source.name)
            files.forget(staged)
            continue
        if read.modality != "CT":
            found.others[read.modality or "without modality"] += 1
            files.forget(staged)
            continue
        found.series.setdefault(read.said.series_uid or "", []).append(Arrived(staged=staged, read=read))


def _take(taking: Taking, found: _Found, patient: str | None, actor: str) -> Report:
    tally = Tally(keeps_fates=True)
    for uid, group in sorted(found.series.items(), key=lambda each: (-len(each[1]), each[0])):
        named = uid or NO_UID + hashlib.sha256("\n".join(sorted(_contents(group))).encode()).hexdigest()
        _tell(tally, named, uid, take(taking, named, group, patient))
    for name in found.unread:
        reject = Reject(where=name, reason="unreadable", detail="named as DICOM, and not readable as such")
        tally.reject(reject, kind="CT image", resource=name)
    report = tally.report(taking.import_id)
    ledger.finish_run(
        taking.connection, taking.import_id, status="done", format_key="dicom", report=report.to_json(), now=taking.now
    )
    for patient_id in report.patients:
        audit.append(
            taking.connection, at=taking.now, actor=actor, action="import", patient_id=patient_id,
            resource=f"import/{taking.import_id}",
        )  # fmt: skip
    return report


def _tell(tally: Tally, named: str, uid: str, taken: Taken) -> None:
    """Count a series once, by what became of most of it; images that were refused are told one by one."""
    where = f"series {uid or 'without uid'}"
    refusals = {(each.reason, each.detail): each for each in taken.refused.values()}
    if taken.study_id is None:  # all for the one reason
        (reject,) = refusals.values()
        tally.reject(Reject(where=where, reason=reject.reason, detail=reject.detail), kind=KIND, resource=named)
        return
    for reject in taken.refused.values():
        tally.reject(reject, kind="CT image", resource=reject.where)
    if taken.new or taken.facts:
        reason = WAITS if taken.patient_id is None else ""
        tally.note(where=where, kind=KIND, resource=named, outcome="imported", reason=reason)
    elif taken.duplicates:
        tally.note(where=where, kind=KIND, resource=named, outcome="duplicate")
    tally.facts += taken.facts
    if taken.patient_id is not None and (taken.facts or taken.new):
        tally.patients.add(taken.patient_id)


def _nothing(found: _Found) -> str:
    there = ", ".join(f"{count} x {modality}" for modality, count in sorted(found.others.items()))
    broken = f"; not readable: {', '.join(found.unread[:5])}" if found.unread else ""
    return f"there is no CT image here (other DICOM: {there or 'none'}{broken})"


def _nothing_taken(engine: Engine, name: str, actor: str, reason: str, now: datetime, parent_id: int | None) -> Report:
    reject = Reject(where=name, reason="unreadable", detail=reason)
    with engine.begin() as connection:
        import_id = ledger.start_run(
            connection, source=SOURCE, name=name, file_hash="", actor=actor, now=now, parent_id=parent_id
        )
        _quarantine(connection, import_id, reject, now)
        tally = Tally(keeps_fates=True)
        tally.reject(reject, kind=KIND, resource=name)
        report = tally.report(import_id)
        ledger.finish_run(connection, import_id, status="done", format_key="dicom", report=report.to_json(), now=now)
    return report


def _quarantine(connection: Connection, import_id: int, reject: Reject, now: datetime) -> None:
    name = reject.where
    item = Item(key=name, fingerprint=name, kind="series", where=name, reject=reject, body=name)
    quarantine.add_rejects(connection, import_id, [item], source=SOURCE, now=now)


def _hashes(found: _Found) -> list[str]:
    return sorted(one.staged.sha256 for group in found.series.values() for one in group)


def _contents(group: list[Arrived]) -> list[str]:
    return [one.read.content_sha256 for one in group]
