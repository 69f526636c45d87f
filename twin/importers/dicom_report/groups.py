"""Which facts does a measurement group state? Its finding, its place, its numbers, its judgements.

A corrected report of the same thing has the same key: study, tracking UID, session, time point and kind of report.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from imaging.report import Code, Evaluation, Measurement, MeasurementGroup, Number, PassedOver, Report, Site
from twin.importers.base import Item, Reject
from twin.importers.dicom_report.named import count_unnamed, named_in
from twin.importers.dicom_report.source import UCUM, File, coding_of, codings_of, digest, fingerprint, unused
from twin.importers.finding import NO_KEY
from twin.record.fact import FactDraft, FactKind
from twin.record.moment import Moment

_OF_THE_PATIENT = frozenset({"", "121025"})  # DCM codes of CID 271: patient; the others are fetus, specimen, device
_MEAN = "373098007"  # SNOMED CT
_SITE = Code(value="363698007", scheme="SCT", meaning="Finding Site", snomed_ct="363698007")  # PS3.16 TID 1410
_SIDE = Code(value="272741003", scheme="SCT", meaning="Laterality", snomed_ct="272741003")
_MODIFIER = Code(value="106233006", scheme="SCT", meaning="Topographical modifier", snomed_ct="106233006")


def items(report: Report, file: File) -> Iterator[Item]:
    """Yield one item a measurement group, in the order of the document, then what is not used."""
    seen: Counter[str] = Counter()
    unnamed = 0
    for group in report.groups:
        key = _key(report, group)
        seen[key] += 1
        item = _item(report, group, file, key if seen[key] == 1 else f"{key}#{seen[key]}")
        unnamed += count_unnamed(group, item.facts)
        yield item
    unkeyed = (PassedOver(path="1", reason=NO_KEY, count=unnamed),) if unnamed else ()
    for each in (*report.passed_over, *unkeyed):
        yield unused(file, "sr", each)
    if not report.groups and not report.passed_over:
        yield Item(
            key=f"sr/{file.origin.sop_uid}",
            fingerprint=digest(file.origin.sop_uid),
            kind=file.origin.kind,
            where="1",
            not_used="the report holds no measurement and no coded statement",
        )


def _item(report: Report, group: MeasurementGroup, file: File, key: str) -> Item:
    blank = Item(
        key=key,
        fingerprint=digest([key, file.body or group.path]),
        kind="measurement group",
        where=group.path,
        subject=file.subject,
        version_at=file.version_at,
        sent_at=file.sent_at,
        body=file.body,
    )
    if group.subject.kind not in _OF_THE_PATIENT:
        return replace(blank, not_used="measured on a fetus, a specimen or a device, not on the patient")
    if group.subject.number and group.subject.number != file.origin.patient.patient_id:
        return _refused(blank, "two_patients", "the group names another subject than the report's patient")
    observed = _observed(report, group, file)
    if observed is None:
        return _refused(blank, "no_date_or_code", "no date of the study or of the images measured")
    drafts = named_in(group, tuple(_facts(report, group, file, observed)))
    if not drafts:
        return replace(blank, not_used="a measurement group that states nothing")
    return replace(blank, fingerprint=fingerprint(file, drafts), facts=drafts)


def _refused(item: Item, reason: str, detail: str) -> Item:
    return replace(item, reject=Reject(where=item.where, reason=reason, detail=detail))


def _key(report: Report, group: MeasurementGroup) -> str:
    said = (group.session, group.time_point, report.title.value if report.title else "")
    named = group.tracking_uid
    if not named:  # what it says it measured, on which images: a correction changes numbers, not these
        told = (group.tracking_id, group.path if not (group.images or group.tracking_id) else "")
        codes = [c.value for c in (group.title, group.finding, *(s.place for s in group.sites)) if c]
        named = digest([*told, codes, [m.concept.value for m in group.measurements],
                        sorted(image.sop_uid for image in group.images)])[:32]  # fmt: skip
    return "/".join(("sr", report.origin.study_uid, named, *said)).rstrip("/")


def _observed(report: Report, group: MeasurementGroup, file: File) -> Moment | None:
    """Return when the images were made: acquisition as dated by the image library, else the study's own time.

    A date alone from the library says no more than the study's time does, unless it is another day. Images of another
    study (a prior that is measured again) are not of this study's day.
    """
    study_at = report.origin.study_at
    dated = [stamp for image in group.images if (stamp := report.acquired_at.get(image.sop_uid))]
    if dated:
        first = min(dated)
        if len(first) > len("YYYYMMDD") or first != study_at[: len("YYYYMMDD")]:
            return file.at(first)
    studies = {study for image in group.images if (study := report.study_of.get(image.sop_uid))}
    if studies and report.origin.study_uid and report.origin.study_uid not in studies:
        return None
    return file.at(study_at)


def _facts(report: Report, group: MeasurementGroup, file: File, observed: Moment) -> Iterator[FactDraft]:
    released = report.verified_at if report.is_verified and report.verified_at else report.origin.content_at
    known_at, basis = file.known(observed, released)
    is_final = report.is_complete and report.is_verified and not report.is_preliminary
    by = next((each for each in report.observers if each.is_device and (each.model or each.manufacturer)), None)
    made_by = file.device or (" ".join(part for part in (by.manufacturer, by.model) if part) if by else None)

    def fact(kind: FactKind, concept: Code, path: str, part: str, **value: Any) -> FactDraft:  # Any: value fields
        coding, others = codings_of(concept)
        return FactDraft(
            kind=kind,
            coding=coding,
            other_codings=others,
            observed_at=observed.start,
            known_at=known_at,
            known_basis=basis,
            where=path,
            resource=f"SR/{file.origin.sop_uid}",
            part=part,
            device=" ".join(part for part in (made_by, group.algorithm) if part) or None,
            status="final" if is_final else "preliminary",
            **value,
        )

    if group.finding is not None:
        yield fact("finding", group.finding, group.path, group.tracking_id)
    for site in group.sites:
        for concept, code in _places(site):
            yield fact("finding", concept, group.path, "", **_coded(code))
    for each in group.measurements:
        part = _part(each, group)
        # only what a number is, not its spread or extreme, may be taken for the measurement of that code
        plain = each.derivation is None or each.derivation.snomed_ct == _MEAN
        concept = each.concept
        if each.derivation is not None:  # maximum and minimum are told apart where only the words are shown
            concept = replace(concept, meaning=f"{concept.meaning} ({each.derivation.meaning})")
        yield fact("observation" if plain else "finding", concept, each.path, part, sd=_sd(each), **_valued(each.value))
        for judgement in each.judgements:
            yield fact("finding", judgement.concept, judgement.path, each.concept.meaning, **_judged(judgement))
        for concept, code in _places(each.site) if each.site else ():
            yield fact("finding", concept, each.path, each.concept.meaning, **_coded(code))
    for judgement in group.evaluations:
        yield fact("finding", judgement.concept, judgement.path, "", **_judged(judgement))


def _places(site: Site) -> Iterator[tuple[Code, Code]]:
    yield _SITE, site.place
    if site.laterality is not None:
        yield _SIDE, site.laterality
    for each in site.modifiers:
        yield _MODIFIER, each


def _part(measurement: Measurement, group: MeasurementGroup) -> str:
    """What sets a number apart from others of the same code: how it was derived, and by which method."""
    told = (measurement.derivation, measurement.method or group.method)
    return ", ".join(each.meaning or each.value for each in told if each)


def _valued(number: Number) -> dict[str, Any]:
    unit = number.unit
    stated = {"unit": unit.value if unit.scheme == UCUM else unit.meaning or unit.value} if unit else {}
    if number.qualifier is not None:  # not a number, out of range, failed: what stands beside it is no measurement
        reason = {"value_coding": coding_of(number.qualifier)}
        return stated | reason | ({"value_kind": "text", "value": number.text} if number.text else {})
    if number.text is None:
        return stated
    return stated | {"value_kind": "number" if number.is_number else "text", "value": number.text}


def _judged(judgement: Evaluation) -> dict[str, Any]:
    return _coded(judgement.code) if judgement.code else {"value_kind": "text", "value": judgement.text}


def _coded(code: Code) -> dict[str, Any]:
    return {"value_kind": "code", "value": code.meaning or code.value, "value_coding": coding_of(code)}


def _sd(measurement: Measurement) -> float | None:
    """Return the wider half of the stated uncertainty range, taken for one standard deviation.

    DICOM states no coverage with the range (TID 310): read so it is too wide rather than too narrow.
    """
    stated = [abs(float(text)) for text in measurement.uncertainty if text]
    return max(stated, default=0.0) or None
