"""What does one measurement group say: of which finding, where, with which numbers and judgements?

Source: DICOM PS3.16 TID 1410, 1411, 1501 (groups), 300, 310, 1419 (measurements and their properties).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from imaging.report import concepts as c
from imaging.report.code import Code
from imaging.report.tree import ImageReference, Node, Number


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOver:
    """What was not read, how often, and why."""

    path: str
    reason: str
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Whom a measurement is of, where the report says: the DCM code of the kind (patient, fetus ...), and a number."""

    kind: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """A judgement in words or codes: what was judged, and the answer."""

    path: str
    concept: Code
    code: Code | None
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where in the body: place, side, and what qualifies the place."""

    place: Code
    laterality: Code | None
    modifiers: tuple[Code, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A number of a group. `derivation` (mean, maximum ...) and `method` change what the concept means.

    `uncertainty` is the stated range of measurement uncertainty, lower and upper, as received and in the value's unit
    (None: not stated; one range for both is given twice). A standard deviation among the properties is that of a
    reference population (TID 311) and one among the measurements that of the voxels: neither is taken for it.
    """

    path: str
    concept: Code
    value: Number
    derivation: Code | None
    method: Code | None
    site: Site | None
    uncertainty: tuple[str | None, str | None]
    judgements: tuple[Evaluation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasurementGroup:
    """One thing that was looked at, with what was measured and judged of it."""

    path: str
    title: Code | None
    template: str
    tracking_id: str
    tracking_uid: str
    session: str
    time_point: str
    finding: Code | None
    sites: tuple[Site, ...]
    method: Code | None
    algorithm: str
    measurements: tuple[Measurement, ...]
    evaluations: tuple[Evaluation, ...]
    images: tuple[ImageReference, ...]
    """The images, frames and segments the group was measured on."""
    series_uids: tuple[str, ...]
    subject: Subject
    observed_at: str
    passed_over: tuple[PassedOver, ...]


def is_group(node: Node) -> bool:
    """Say whether a content item is a measurement group, by its concept or its template."""
    return node.kind == "CONTAINER" and (node.is_called(c.MEASUREMENT_GROUP) or node.template in c.GROUP_TEMPLATES)


def group_of(node: Node, by_path: Mapping[str, Node], subject: Subject) -> MeasurementGroup:
    """Return what a measurement group says; containers within it that are no groups are read as part of it."""
    items = (by_path.get(each.points_to, each) for each in _flat(node))
    return _read(node, list({each.path: each for each in items}.values()), subject)


def loose_group(node: Node, subject: Subject) -> MeasurementGroup | None:
    """Return the numbers and coded answers that stand directly in a container that is no group, None without any."""
    kinds = ("NUM", "CODE", "TEXT") if node.is_called(*c.QUALITATIVE_EVALUATIONS) else ("NUM", "CODE")
    stated = [each for each in node.children if each.kind in kinds and each.relation in ("CONTAINS", "")]
    return _read(node, stated, subject) if any(each.concept for each in stated) else None


def _flat(node: Node) -> list[Node]:
    found = []
    for each in node.children:
        if each.kind == "CONTAINER" and not is_group(each):
            found.extend(_flat(each))
        else:
            found.append(each)
    return found


_SINGLE = (c.TRACKING_ID, c.TRACKING_UID, c.ACTIVITY_SESSION, c.TIME_POINT, c.METHOD, c.ALGORITHM_NAME,
           c.ALGORITHM_VERSION, c.SUBJECT_CLASS, c.SUBJECT_ID, c.SOURCE_SERIES)  # fmt: skip
_REGIONS = frozenset({"IMAGE", "SCOORD", "SCOORD3D", "COMPOSITE", "UIDREF"})


def _read(node: Node, items: list[Node], subject: Subject) -> MeasurementGroup:
    def text(key: c.Key) -> str:
        return next((each.text for each in items if each.is_called(key) and each.text), "")

    def code(key: c.Key) -> Code | None:
        return next((each.code for each in items if each.is_called(key) and each.code), None)

    finding = next((each for each in items if each.is_called(c.FINDING) and each.code), None)
    used = [each for each in items if each is not finding and not each.is_called(*_SINGLE, c.FINDING_SITE)]
    regions = [inner for each in used if each.kind in _REGIONS for inner in each.walk()]
    measurements = [each for each in used if each.kind == "NUM" and each.concept]
    evaluations = tuple(found for each in used if (found := _evaluation(each)) is not None)
    read = {each.path for each in (*regions, *measurements)} | {each.path for each in evaluations}
    algorithm = " ".join(part for part in (text(c.ALGORITHM_NAME), text(c.ALGORITHM_VERSION)) if part)
    return MeasurementGroup(
        path=node.path,
        title=node.concept,
        template=node.template,
        tracking_id=text(c.TRACKING_ID),
        tracking_uid=text(c.TRACKING_UID),
        session=text(c.ACTIVITY_SESSION),
        time_point=text(c.TIME_POINT),
        finding=finding.code if finding else None,
        sites=tuple(_site(each) for each in items if each.is_called(c.FINDING_SITE) and each.code),
        method=code(c.METHOD),
        algorithm=algorithm,
        measurements=tuple(_measurement(each) for each in measurements),
        evaluations=evaluations,
        images=tuple(reference for each in regions for reference in each.references),
        series_uids=tuple(each.text for each in items if each.is_called(c.SOURCE_SERIES) and each.text),
        subject=subject,
        observed_at=node.observed_at,
        passed_over=tuple(_passed(used, read, measurements)),
    )


def _measurement(node: Node) -> Measurement:
    assert node.concept is not None and node.number is not None, "the caller looked"

    def code(key: c.Key) -> Code | None:
        found = node.child(key)
        return found.code if found else None

    site = node.child(c.FINDING_SITE)
    told = (c.DERIVATION, c.METHOD, c.FINDING_SITE)
    judgements = (_evaluation(each) for each in node.children if each.kind == "CODE" and not each.is_called(*told))
    return Measurement(
        path=node.path,
        concept=node.concept,
        value=node.number,
        derivation=code(c.DERIVATION),
        method=code(c.METHOD),
        site=_site(site) if site and site.code else None,
        uncertainty=(_range(node, c.LOWER_UNCERTAINTY), _range(node, c.UPPER_UNCERTAINTY)),
        judgements=tuple(each for each in judgements if each),
    )


def _range(node: Node, key: c.Key) -> str | None:
    found = node.child(key) or node.child(c.UNCERTAINTY)
    if found is None or found.number is None or not found.number.is_number:
        return None
    unit, stated = node.number.unit if node.number else None, found.number.unit
    if unit is not None and stated is not None and unit.key != stated.key:
        return None  # a range in another unit (such as %) is not one of the value's
    return found.number.text


def _site(node: Node) -> Site:
    assert node.code is not None, "the caller looked"
    side = node.child(c.LATERALITY)
    modifiers = tuple(each.code for each in node.children if each.is_called(c.SITE_MODIFIER) and each.code)
    return Site(place=node.code, laterality=side.code if side else None, modifiers=modifiers)


def _evaluation(node: Node) -> Evaluation | None:
    if node.kind not in ("CODE", "TEXT") or node.concept is None or (node.code is None and not node.text):
        return None
    return Evaluation(path=node.path, concept=node.concept, code=node.code, text=node.text)


def _passed(used: list[Node], read: set[str], measurements: list[Node]) -> list[PassedOver]:
    """Name what stands in a group and is neither read nor another group of its own."""
    known = (c.LOWER_UNCERTAINTY, c.UPPER_UNCERTAINTY, c.UNCERTAINTY, c.TRACKING_UID, c.TRACKING_ID)
    missed = [
        PassedOver(path=each.path, reason=c.NOT_A_STATEMENT)
        for each in used
        if each.path not in read and not is_group(each)
    ]
    missed += [
        PassedOver(path=each.path, reason=c.STATISTICS)
        for measurement in measurements
        for each in measurement.children
        if each.kind in ("NUM", "TEXT") and not each.is_called(*known)
    ]
    return missed
