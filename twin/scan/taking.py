"""What becomes of images that arrived: each kept once, its series given to a patient, or refused with the reason.

Every way in (folder, archive, STOW-RS, C-STORE, a PACS) ends here, with images of one series at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from imaging.instance import Instance
from imaging.volume import Provenance
from twin.errors import UnknownPatient
from twin.importers.base import Item, Reject
from twin.scan import files
from twin.scan.files import Staged
from twin.scan.owner import contradictions, told
from twin.scan.stating import SOURCE, state_series
from twin.store import instances, people, quarantine, records, studies
from twin.store.instances import NewInstance
from twin.store.studies import NewSeries, Study

NO_UID = "without-uid-"
WAITS = (
    "nobody known here, or born otherwise: a person has to say whose it is"
    " (POST /api/v1/studies/ID/patient, or import with --patient)"
)
Fault = Literal["impossible_date", "conflicting_image", "two_patients", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A file on the disk and what it says of itself."""

    staged: Staged
    read: Instance


@dataclass(frozen=True, kw_only=True)
class Taking:
    """What images are taken by: the transaction, where files are kept, and when a series counts as quiet."""

    connection: Connection
    home: Path
    zone: ZoneInfo
    import_id: int
    now: datetime
    quiet: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of some images of one series, by where each was staged: new, a copy, or refused and why."""

    study_id: int | None
    patient_id: str | None
    new: frozenset[Path] = frozenset()
    duplicates: frozenset[Path] = frozenset()
    refused: Mapping[Path, Reject] = field(default_factory=dict)
    facts: int = 0


def take(taking: Taking, series_uid: str, arrived: Sequence[Arrived], patient: str | None = None) -> Taken:
    """Take images of one series in the caller's transaction.

    `patient` (id or identifier) names whose they are, else the DICOM patient id decides, else they wait for a person.

    Raises:
        UnknownPatient: `patient` is nobody known here, or several.
    """
    connection, first = taking.connection, arrived[0].read
    made_at = first.said.study_at.replace(tzinfo=taking.zone) if first.said.study_at else None
    patient_id = _whose(connection, first, patient)
    wrong = impossible(connection, made_at, patient_id, taking.now)
    if wrong is not None:
        refused = {one.staged.path: _reject(one, "impossible_date", wrong) for one in arrived}
        return _put_away(taking, arrived, Taken(study_id=None, patient_id=patient_id, refused=refused))
    study, is_new = studies.open_series(
        connection,
        NewSeries(
            series_uid=series_uid, study_uid=first.said.study_uid or "", modality=first.modality or "CT",
            acquired_at=made_at, described=first.said.described(), tags=first.tags,
        ),
        patient_id=patient_id, import_id=taking.import_id, now=taking.now,
    )  # fmt: skip
    fresh, taken = _sort_out(taking, study, arrived)
    _enter(taking, study, fresh)
    if study.is_taken_back and patient is None:
        patient_id = None  # a person said that the number misleads: only a person, or who sends it, gives it again
    is_given = study.patient_id is None and patient_id is not None
    if is_given:
        studies.hand(connection, study.id, patient_id)
    if fresh:
        described = {**study.described, "files": instances.count(connection, study.id)}
        studies.changed(connection, study.id, quiet_at=taking.now + taking.quiet, described=described)
    owner = study.patient_id or patient_id
    facts = 0
    if owner is not None and study.modality == "CT" and (is_new or is_given):
        standing = studies.get(connection, study.id)
        assert standing is not None
        facts = state_series(connection, standing, owner, taking.import_id, taking.now)
    if owner is not None and (facts or fresh):
        records.mark_stale(connection, [owner], taking.now)
    new = frozenset(one.staged.path for one in fresh)
    return _put_away(taking, arrived, replace(taken, patient_id=owner, new=new, facts=facts))


def impossible(
    connection: Connection, made_at: datetime | None, patient_id: str | None, now: datetime
) -> str | None:  # fmt: skip
    """Return why a study of this moment can't be this patient's; None where it can."""
    if made_at is None or patient_id is None:
        return None
    born = people.birth_dates(connection, [patient_id])[patient_id]
    if born is not None and made_at.date() < born:
        return "the study was made before the patient was born"
    return "the study lies in the future" if made_at > now else None


def _sort_out(taking: Taking, study: Study, arrived: Sequence[Arrived]) -> tuple[list[Arrived], Taken]:
    """Tell what is new from copies of what is there, and from what contradicts it."""
    there = instances.contents(taking.connection, {_name(one) for one in arrived})
    fresh: list[Arrived] = []
    copies: set[Path] = set()
    refused: dict[Path, Reject] = {}
    for one in arrived:
        standing = there.get(_name(one))
        if standing is not None and standing != one.read.content_sha256:
            told = "an image of this SOP instance UID is here with other content; it stays as it is"
            refused[one.staged.path] = _reject(one, "conflicting_image", told)
        elif standing is not None:
            copies.add(one.staged.path)
        elif study.tags and one.read.said.patient_id != study.patient_told:
            told = "the image names another patient than its series does"
            refused[one.staged.path] = _reject(one, "two_patients", told)
        else:
            fresh.append(one)
            there[_name(one)] = one.read.content_sha256
    return fresh, Taken(study_id=study.id, patient_id=None, duplicates=frozenset(copies), refused=refused)


def _enter(taking: Taking, study: Study, fresh: Sequence[Arrived]) -> None:
    """Keep the files of new images, and enter them."""
    for one in fresh:
        files.settle(taking.home, one.staged)
    new = [
        NewInstance(
            sop_instance_uid=_name(one), sop_class_uid=one.read.sop_class_uid,
            transfer_syntax_uid=one.read.transfer_syntax_uid, sha256=one.staged.sha256,
            content_sha256=one.read.content_sha256, size=one.staged.size, instance_number=one.read.instance_number,
            rows=one.read.rows, columns=one.read.columns, frames=one.read.frames,
        )
        for one in fresh
    ]  # fmt: skip
    instances.add(taking.connection, study.id, new, taking.now)


def _put_away(taking: Taking, arrived: Sequence[Arrived], taken: Taken) -> Taken:
    """Put what is refused into quarantine with its file, and forget the copies."""
    items = []
    for one in arrived:
        reject = taken.refused.get(one.staged.path)
        if reject is None:
            files.forget(one.staged)  # a new image has moved to its place already
            continue
        place = files.settle(taking.home, one.staged)
        items.append(
            Item(
                key=_name(one), fingerprint=one.staged.sha256, kind="image", where=reject.where, reject=reject,
                body=str(place),
            )
        )  # fmt: skip
    quarantine.add_rejects(taking.connection, taking.import_id, items, source=SOURCE, now=taking.now)
    return taken


def _name(one: Arrived) -> str:
    """Return the image's UID; of a de-identified one without any, a name by its content."""
    return one.read.sop_instance_uid or f"{NO_UID}{one.read.content_sha256}"


def _reject(one: Arrived, fault: Fault, detail: str) -> Reject:
    return Reject(where=f"image {_name(one)}", reason=fault, detail=detail)


def _whose(connection: Connection, read: Instance, patient: str | None) -> str | None:
    """Return whose it is: as the sender says, else by number - unless birth date or sex say that it is another's."""
    if patient is not None:
        return people.find_patient(connection, patient)
    said: Provenance = read.said
    for name in (f"{read.issuer}|{said.patient_id}" if read.issuer else None, said.patient_id):
        if name and said.patient_id:
            try:
                found = people.find_patient(connection, name)
            except UnknownPatient:
                continue
            return None if contradictions(told(read.tags), *people.born_and_sex(connection, found)) else found
    return None
