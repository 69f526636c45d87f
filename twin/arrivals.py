"""What becomes of DICOM files that came over a line (STOW-RS, C-STORE, a PACS): kept before anybody is told so.

Images go to `scan`; structured reports and segmentations are kept as they are and handed to the import, which turns
them into facts. Whoever sends gets an answer for each file, in the words of the standard.

Source: PS3.4 B.2.3 and PS3.18 I.2.2 (failure reasons).
"""

import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from imaging.errors import ImagingError
from imaging.instance import Instance
from imaging.sop_class import is_read
from twin.importers.base import DEFAULT_SOURCE, Outcome
from twin.importers.report import Tally
from twin.scan import files
from twin.scan.files import Staged
from twin.scan.stating import SOURCE
from twin.scan.taking import Arrived, Taken, Taking, take
from twin.settings import Settings
from twin.store import audit, ledger
from twin.uploads import WAITING


class Failure(IntEnum):
    """Why a file was not kept."""

    OUT_OF_RESOURCES = 0xA700
    MISMATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    PROCESSING = 0x0110
    DUPLICATE = 0x0111
    NOT_SUPPORTED = 0x0122


_FAULTS = {"conflicting_image": Failure.DUPLICATE, "two_patients": Failure.MISMATCH}


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """A file on the disk, and what it says of itself or why it can't be read."""

    staged: Staged
    read: Instance | ImagingError


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the sender is told of one file: kept (`failure` None), or why not. UIDs are empty where it names none."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    failure: Failure | None = None


@dataclass(kw_only=True)
class Arrivals:
    """One request or association: what it brought is one import, and each patient is noted in the audit once."""

    engine: Engine
    settings: Settings
    name: str
    actor: str
    clock: Callable[[], datetime]
    import_id: int | None = None
    _tally: Tally = field(default_factory=Tally)
    _noted: set[str] = field(default_factory=set)

    def take(self, came: Iterable[Came], *, study_uid: str | None = None) -> list[Answer]:
        """Keep what can be kept, on the disk and in the database when this returns; an answer for each, in order.

        `study_uid`: everything is to belong to this study.
        """
        asked = list(came)
        answers: dict[Path, Answer] = {}
        series: dict[str, list[Arrived]] = {}
        for each in asked:
            failure = _unfit(each.read, study_uid)
            if failure is None and isinstance(each.read, Instance):
                arrived = Arrived(staged=each.staged, read=each.read)
                series.setdefault(each.read.said.series_uid or "", []).append(arrived)
                continue
            answers[each.staged.path] = _answer(each.read, failure)
            files.forget(each.staged)
            self._note(each.read, "not_used")
        for uid, group in series.items():
            answers.update(self._series(uid, group))
        return [answers[each.staged.path] for each in asked]

    def close(self) -> None:
        """Write down what came in all."""
        if self.import_id is not None:
            report = self._tally.report(self.import_id).to_json()
            with self.engine.begin() as connection:
                ledger.finish_run(
                    connection, self.import_id, status="done", format_key="dicom", report=report, now=self.clock()
                )

    def _series(self, uid: str, group: Sequence[Arrived]) -> dict[Path, Answer]:
        now = self.clock()
        try:
            files.check_room(self.settings)
            with self.engine.begin() as connection:
                taking = Taking(
                    connection=connection, home=self.settings.home_path, zone=ZoneInfo(self.settings.time_zone),
                    import_id=self._opened(now), now=now,
                    quiet=timedelta(seconds=self.settings.dicom_quiet_seconds),
                )  # fmt: skip
                taken = take(taking, uid, group)
                for one in group:
                    if one.read.is_report and one.staged.path in taken.new:
                        self._hand_over(connection, one, now)
                self._audit(connection, taken, now)
        except files.OutOfSpace:
            for one in group:
                files.forget(one.staged)
            return {one.staged.path: _answer(one.read, Failure.OUT_OF_RESOURCES) for one in group}
        return {one.staged.path: self._told(one, taken) for one in group}

    def _told(self, one: Arrived, taken: Taken) -> Answer:
        reject = taken.refused.get(one.staged.path)
        if reject is not None:
            self._tally.reject(reject, kind=_kind(one.read), resource=reject.where)
            return _answer(one.read, _FAULTS.get(reject.reason, Failure.PROCESSING))
        self._note(one.read, "imported" if one.staged.path in taken.new else "duplicate")
        return _answer(one.read, None)

    def _note(self, read: Instance | ImagingError, outcome: Outcome) -> None:
        """Count one file; what is not kept is told with the reason, and its sender has the answer."""
        uid = read.sop_instance_uid if isinstance(read, Instance) else ""
        kind = _kind(read) if isinstance(read, Instance) else "file"
        why = str(read) if isinstance(read, ImagingError) else "not an object that is kept here"
        reason = why if outcome == "not_used" else ""
        self._tally.note(where=f"image {uid or 'without uid'}", kind=kind, resource=uid, outcome=outcome, reason=reason)

    def _opened(self, now: datetime) -> int:
        """Return the import that this belongs to; its row is there before anything refers to it."""
        if self.import_id is None:
            with self.engine.begin() as connection:
                self.import_id = ledger.start_run(
                    connection, source=SOURCE, name=self.name, file_hash="", actor=self.actor, now=now, status="done"
                )
        return self.import_id

    def _audit(self, connection: Connection, taken: Taken, now: datetime) -> None:
        whose = taken.patient_id
        if whose is not None and whose not in self._noted and (taken.new or taken.facts):
            self._noted.add(whose)
            self._tally.patients.add(whose)
            resource = f"import/{self.import_id}"
            audit.append(connection, at=now, actor=self.actor, action="import", patient_id=whose, resource=resource)
        self._tally.facts += taken.facts

    def _hand_over(self, connection: Connection, one: Arrived, now: datetime) -> None:
        """Let the import read a report or segmentation, from a link of its own to the kept file."""
        home = self.settings.home_path
        folder = home / "incoming"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / secrets.token_hex(16)
        os.link(files.place_of(home, one.staged.sha256), path)
        ledger.start_run(
            connection, source=DEFAULT_SOURCE, name=f"{one.read.sop_instance_uid}.dcm", file_hash=one.staged.sha256,
            actor=self.actor, now=now, status=WAITING, options={"upload": {"path": str(path), "told": {}}},
            bytes_total=one.staged.size,
        )  # fmt: skip


def _unfit(read: Instance | ImagingError, study_uid: str | None) -> Failure | None:
    if isinstance(read, ImagingError):
        return Failure.CANNOT_UNDERSTAND
    if not (read.sop_instance_uid and read.said.series_uid and read.said.study_uid):
        return Failure.MISMATCH
    if study_uid is not None and read.said.study_uid != study_uid:
        return Failure.MISMATCH
    if read.modality == "CT" or (read.is_report and is_read(read.sop_class_uid)):
        return None
    return Failure.NOT_SUPPORTED


def _kind(read: Instance) -> str:
    return "CT image" if read.modality == "CT" else "DICOM report"


def _answer(read: Instance | ImagingError, failure: Failure | None) -> Answer:
    if isinstance(read, ImagingError):
        return Answer(failure=failure)
    return Answer(
        sop_class_uid=read.sop_class_uid, sop_instance_uid=read.sop_instance_uid,
        study_uid=read.said.study_uid or "", series_uid=read.said.series_uid or "", failure=failure,
    )  # fmt: skip
