"""Which facts does a segment state? What was outlined, where, and its volume in mL, computed from its voxels."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from imaging.report import Code, Segment, Segmentation
from twin.importers.base import Item, Reject
from twin.importers.dicom_report.source import File, coding_of, codings_of, digest, fingerprint
from twin.record.fact import FactDraft
from twin.record.moment import Moment

MILLILITRE = "mL"  # UCUM
_DIGITS = 6  # significant digits of a computed volume: far below the size of a voxel, far above rounding noise
_CATEGORY = Code(value="276214006", scheme="SCT", meaning="Finding category", snomed_ct="276214006")  # TID 1411
_SITE = Code(value="363698007", scheme="SCT", meaning="Finding Site", snomed_ct="363698007")


def items(segmentation: Segmentation, file: File) -> Iterator[Item]:
    """Yield one item a segment, in the order of the file."""
    seen: Counter[str] = Counter()
    for segment in segmentation.segments:
        key = _key(segmentation, segment)
        seen[key] += 1
        yield _item(segmentation, segment, file, key if seen[key] == 1 else f"{key}#{seen[key]}")


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
    yield fact(kind, segment.label, **volume)
    for concept, code in ((_CATEGORY, segment.category), (_SITE, segment.region)):
        if code is not None:
            said = {"value": code.meaning or code.value, "value_coding": coding_of(code)}
            yield fact(concept, segment.label, value_kind="code", **said)
