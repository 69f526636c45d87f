"""Which facts does a segment state? What was outlined, where, and its volume in mL, computed from its voxels."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from imaging.catalogue import denies
from imaging.report import Code, PassedOver, Segment, Segmentation
from imaging.report.measured import NOTHING_OUTLINED
from twin.importers.base import Item, Reject
from twin.importers.dicom_report.source import File, coding_of, codings_of, digest, fingerprint, unused
from twin.importers.finding import NO_KEY, named
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft
from twin.record.moment import Moment

MILLILITRE = "mL"  # UCUM
_DIGITS = 6  # significant digits of a computed volume: far below the size of a voxel, far above rounding noise
_CATEGORY = Code(value="276214006", scheme="SCT", meaning="Finding category", snomed_ct="276214006")  # TID 1411
_SITE = Code(value="363698007", scheme="SCT", meaning="Finding Site", snomed_ct="363698007")
_ANATOMY = frozenset({("SCT", "123037004"), ("SCT", "91723000"), ("SCT", "91772007"), ("SCT", "85756007")})
"""Categories of parts of the body, among them organ and tissue (PS3.16 CID 7150): no findings."""
_ABNORMAL = ("SCT", "49755003")  # the category of what is morphologically abnormal
_ANY_KIND = frozenset({"lesion", "mass"})  # types that a label may say more of


def items(segmentation: Segmentation, file: File) -> Iterator[Item]:
    """Yield one item a segment, in the order of the file."""
    seen: Counter[str] = Counter()
    unnamed = 0
    for segment in segmentation.segments:
        key = _key(segmentation, segment)
        seen[key] += 1
        item = _item(segmentation, segment, file, key if seen[key] == 1 else f"{key}#{seen[key]}")
        is_abnormal = segment.category is not None and segment.category.key == _ABNORMAL
        unnamed += is_abnormal and bool(item.facts) and item.facts[0].coding.system != OWN_FINDING
        yield item
    if unnamed:
        yield unused(file, "seg", PassedOver(path="1", reason=NO_KEY, count=unnamed))


def _item(segmentation: Segmentation, segment: Segment, file: File, key: str) -> Item:
    blank = Item(
        key=key,
        fingerprint=digest([key, file.body or segment.number]),
        kind="segment",
        where=f"segment {segment.number}",
        subject=file.subject,
        version_at=file.version_at,
        sent_at=file.sent_at,
        body=file.body,
    )
    observed = file.at(segmentation.origin.study_at)
    if observed is None or segment.kind is None:
        detail = "no date of the study" if observed is None else "no code of what was outlined"
        return replace(blank, reject=Reject(where=blank.where, reason="no_date_or_code", detail=detail))
    drafts = tuple(_facts(segment, file, observed, segment.kind))
    return replace(blank, fingerprint=fingerprint(file, drafts), facts=drafts)


def _key(segmentation: Segmentation, segment: Segment) -> str:
    named = segment.tracking_uid
    if not named:
        codes = [each.value for each in (segment.kind, segment.category, segment.region) if each]
        told = (segmentation.label, segment.label, segment.number, segment.algorithm_name)
        named = digest([codes, *told, sorted(segmentation.series_uids)])[:32]
    return f"seg/{segmentation.origin.study_uid}/{named}"


def _facts(segment: Segment, file: File, observed: Moment, kind: Code) -> Iterator[FactDraft]:
    known_at, basis = file.known(observed, file.origin.content_at)
    algorithm = f"{segment.algorithm_type.lower()} {segment.algorithm_name}".strip()

    def fact(concept: Code, part: str, **value: Any) -> FactDraft:  # Any: the value fields of FactDraft
        coding, others = codings_of(concept)
        return FactDraft(
            kind="finding",
            coding=coding,
            other_codings=others,
            observed_at=observed.start,
            known_at=known_at,
            known_basis=basis,
            where=f"segment {segment.number}",
            resource=f"SEG/{file.origin.sop_uid}",
            part=part,
            device=" ".join(part for part in (file.device, algorithm) if part) or None,
            status="preliminary",  # nothing in a segmentation says that a person stands for it
            **value,
        )

    volume: dict[str, Any] = {}  # an outline whose volume can't be told is a finding without a number
    if segment.volume_ml is not None:
        volume = {"value_kind": "number", "value": f"{segment.volume_ml:.{_DIGITS}g}", "unit": MILLILITRE}
    outlined = fact(kind, segment.label, **volume)
    yield _named(outlined, segment) or outlined
    for concept, code in ((_CATEGORY, segment.category), (_SITE, segment.region)):
        if code is not None:
            said = {"value": code.meaning or code.value, "value_coding": coding_of(code)}
            yield fact(concept, segment.label, value_kind="code", **said)


def _named(outlined: FactDraft, segment: Segment) -> FactDraft | None:
    """Return what was outlined under our own key, by its type, else by its label; None for an organ or another thing.

    Nothing outlined is no proof that nothing is there: it leaves the finding undetermined.
    """
    if denies(segment.label) or (segment.category is not None and segment.category.key in _ANATOMY):
        return None
    if segment.why_no_volume in NOTHING_OUTLINED:
        outlined = replace(outlined, value_kind="code", value="undetermined")
    region = coding_of(segment.region)
    sites = () if region is None else (region,)
    by_type = named(outlined, sites=sites, is_asserted=True)
    only_label = replace(outlined, coding=Coding(system="", code="", display=segment.label), other_codings=())
    by_label = named(only_label, sites=sites, is_asserted=True)
    if by_label is not None and (by_type is None or by_type.coding.code in _ANY_KIND):
        return replace(by_label, other_codings=(outlined.coding, *outlined.other_codings))
    is_contradicted = by_label is not None and by_type is not None and by_label.coding.code != by_type.coding.code
    return None if is_contradicted else by_type
