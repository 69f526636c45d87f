"""What was measured and judged, on what, by whom? The measurement groups of a structured report.

Source: DICOM PS3.16 TID 1500 (measurement report) with 1410, 1411, 1501 (groups), 300 and 310 (measurements and their
properties), 1001 (observers), 1006 (subject), 1600 (image library); PS3.3 C.17.2 (completion and verification).
A group is recognised by its concept or its template; measurements outside any group are kept too, by their container.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydicom import Dataset
from pydicom.filereader import read_dataset

from imaging import header
from imaging.errors import DamagedReport, NotAReport, ProtectedReport, TooLarge
from imaging.report import concepts as c
from imaging.report.code import Code, code_of, scheme_uids
from imaging.report.file import damage_named, open_report
from imaging.report.groups import MeasurementGroup, PassedOver, Subject, group_of, is_group, loose_group
from imaging.report.origin import Origin, origin_of, stamp, stamp_of
from imaging.report.survey import survey
from imaging.report.tree import Node, tree_of
from imaging.sop_class import READ_REPORTS, kind_name

MAX_BYTES = 32 * 2**20  # real measurement reports are below 5 MB; outlines in full belong into a segmentation
MAX_ELEMENTS = 300_000  # about 25,000 content items: 0.3 GB and half a minute once parsed


@dataclass(frozen=True, kw_only=True, slots=True)
class Observer:
    """A person or device that observed. A person's name is kept apart from what a device says of itself."""

    is_device: bool
    name: str = ""
    manufacturer: str = ""
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A structured report: where it comes from, how far it is attested, and what it measured.

    `verified_at` and `observed_at` are DT texts, as in `Origin`. `acquired_at` gives, of referenced images that the
    report's image library dates, the acquisition time; `study_of` the study of each referenced object.
    """

    origin: Origin
    title: Code | None
    template: str
    is_complete: bool
    is_verified: bool
    is_preliminary: bool
    verified_at: str
    observed_at: str
    observers: tuple[Observer, ...]
    groups: tuple[MeasurementGroup, ...]
    passed_over: tuple[PassedOver, ...]
    acquired_at: dict[str, str]
    study_of: dict[str, str]


def read_report(file: BinaryIO) -> Report:
    """Return the report in a DICOM file.

    Raises: NotAReport (naming what it is), ProtectedReport, DamagedReport, TooLarge.
    """
    with damage_named():
        opened = open_report(file, MAX_BYTES)
        if opened.sop_class_uid not in READ_REPORTS:
            raise NotAReport(f"{kind_name(opened.sop_class_uid) or 'an object of no kind'} is not read as a report")
        if opened.ends_at - opened.begins_at > MAX_BYTES:
            raise TooLarge(f"a report of more than {MAX_BYTES >> 20} MiB")
        layout = survey(opened, MAX_ELEMENTS)
        opened.stream.seek(opened.begins_at)
        dataset = read_dataset(opened.stream, layout.is_implicit, opened.is_little_endian)
        if "ContentSequence" not in dataset:
            if "EncryptedAttributesSequence" in dataset:
                raise ProtectedReport()
            raise DamagedReport("a report without content")
        return _report(dataset, opened.sop_class_uid)


def _report(dataset: Dataset, sop_class_uid: str) -> Report:
    origin = origin_of(dataset, sop_class_uid)
    schemes = scheme_uids(dataset)
    root = tree_of(dataset, schemes)
    groups, passed_over = _contents(root)
    verifying = dataset.get("VerifyingObserverSequence") or ()
    stamps = (stamp_of(header.text(each, "VerificationDateTime"), origin.offset) for each in verifying)
    return Report(
        origin=origin,
        title=code_of(dataset, "ConceptNameCodeSequence", schemes),
        template=root.template,
        is_complete=header.text(dataset, "CompletionFlag") == "COMPLETE",
        is_verified=header.text(dataset, "VerificationFlag") == "VERIFIED",
        is_preliminary=header.text(dataset, "PreliminaryFlag") == "PRELIMINARY",
        verified_at=max(stamps, default=""),
        observed_at=stamp_of(root.observed_at, origin.offset),
        observers=tuple(_observers(root)),
        groups=groups,
        passed_over=passed_over,
        acquired_at=_acquisition_times(root, origin.offset),
        study_of=_studies(dataset),
    )


def _contents(root: Node) -> tuple[tuple[MeasurementGroup, ...], tuple[PassedOver, ...]]:
    by_path = {node.path: node for node in root.walk()}
    groups: list[MeasurementGroup] = []
    missed: Counter[str] = Counter()
    images = 0
    for container, subject, is_inside in _containers(root, Subject(), is_inside=False):
        if container.is_called(c.IMAGE_LIBRARY):
            missed[c.IMAGES_ONLY] += 1
            continue
        group = None
        if is_group(container):
            group = group_of(container, by_path, subject)
        elif not is_inside:
            group = loose_group(container, subject)
            missed[c.NARRATIVE] += _narrative(container)
        if group is not None:
            groups.append(group)
            missed.update(each.reason for each in group.passed_over)
            images += len(group.images)
            if images > MAX_ELEMENTS:
                raise TooLarge("the groups of this report refer to more images than a study can have")
    passed = (PassedOver(path=root.path, reason=reason, count=count) for reason, count in sorted(missed.items()))
    return tuple(groups), tuple(each for each in passed if each.count)


def _containers(node: Node, subject: Subject, *, is_inside: bool) -> Iterator[tuple[Node, Subject, bool]]:
    """Yield every container with whom it is about and whether it stands inside a group; nothing below a library."""
    subject = _subject(node, subject)
    yield node, subject, is_inside
    if not node.is_called(c.IMAGE_LIBRARY):
        for each in node.children:
            if each.kind == "CONTAINER":
                yield from _containers(each, subject, is_inside=is_inside or is_group(node))


def _narrative(container: Node) -> int:
    if container.is_called(*c.QUALITATIVE_EVALUATIONS):
        return 0
    return sum(each.kind == "TEXT" and each.relation == "CONTAINS" for each in container.children)


def _subject(container: Node, inherited: Subject) -> Subject:
    """Return whom a container's measurements are said to be of (TID 1006), else whom those around it are of."""
    stated, number = container.child(c.SUBJECT_CLASS), container.child(c.SUBJECT_ID)
    return Subject(
        kind=stated.code.value if stated and stated.code else inherited.kind,
        number=(number.text if number else None) or inherited.number,
    )


def _observers(root: Node) -> Iterator[Observer]:
    told: list[dict[str, str]] = []
    for each in root.children:
        if each.is_called(c.OBSERVER_TYPE):
            told.append({"type": each.code.value if each.code else ""})
        for name, key in c.OBSERVER_PARTS.items():
            if each.is_called(key) and each.text:
                if not told:
                    told.append({"type": c.DEVICE if name.startswith("device") else ""})
                told[-1][name] = each.text
    for one in told:
        yield Observer(
            is_device=one["type"] == c.DEVICE,
            name=one.get("person_name") or one.get("device_name") or "",
            manufacturer=one.get("device_manufacturer", ""),
            model=one.get("device_model", ""),
        )


def _acquisition_times(root: Node, offset: str) -> dict[str, str]:
    """Return when the images of the image library were acquired; what a group of them shares stands beside them."""
    found: dict[str, str] = {}
    for library in root.walk():
        if not library.is_called(c.IMAGE_LIBRARY):
            continue
        for holder in library.walk():
            shared = _acquired(holder, offset)
            for image in holder.children:
                at = _acquired(image, offset) or shared
                if image.kind == "IMAGE" and at:
                    found.update({reference.sop_uid: at for reference in image.references})
    return found


def _acquired(node: Node, offset: str) -> str:
    moment, day, time = (node.child(key) for key in (c.ACQUISITION_DATETIME, c.ACQUISITION_DATE, c.ACQUISITION_TIME))
    if moment is not None and (at := stamp_of(moment.text, offset)):
        return at
    return stamp(day.text if day else None, time.text if time else None, offset)


def _studies(dataset: Dataset) -> dict[str, str]:
    found: dict[str, str] = {}
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in dataset.get(keyword) or ():
            uid = header.text(study, "StudyInstanceUID") or ""
            for series in study.get("ReferencedSeriesSequence") or ():
                for each in series.get("ReferencedSOPSequence") or ():
                    found[header.text(each, "ReferencedSOPInstanceUID") or ""] = uid
    return found
