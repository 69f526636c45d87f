"""Which findings does a FHIR resource of an imaging examination state, under our own keys?

Read are codes and exact names: of an Observation and its components with their answers, of a report's conclusionCode,
of a Condition that was seen in images. What the resource states beside them stays as its own reader has it. The rest of
its text is not read.

Source: hl7.org/fhir/R4 observation, diagnosticreport, condition; categories of terminology.hl7.org.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from twin.importers.finding import DCM, NO_KEY, answers_a_finding, named, sized
from twin.record.codes import LOINC, OWN_FINDING, SNOMED, same_system
from twin.record.fact import Coding, FactDraft

UNREAD = "a finding whose answer is none that we read: kept as it was"
_SERVICES = "http://terminology.hl7.org/CodeSystem/v2-0074"
_IMAGING = frozenset(  # categories of observations (observation-category) and of reports (v2-0074, LOINC)
    {
        ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging"),
        (_SERVICES, "RAD"), (_SERVICES, "CT"), (_SERVICES, "RX"), (_SERVICES, "IMG"),
        (LOINC, "LP29684-5"), (LOINC, "18748-4"),  # Radiology; Diagnostic imaging study
    }
)  # fmt: skip
_OF_IMAGES = frozenset({OWN_FINDING, DCM, "http://radlex.org", "http://www.radlex.org"})
"""Systems of codes that only what is seen in images has."""
_POINTERS = ("partOf", "derivedFrom", "imagingStudy")
_SITE = (SNOMED, "363698007")
_SIDE = (SNOMED, "272741003")
_NOTHING_STATED = frozenset({"entered-in-error", "cancelled", "registered"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})

Json = Mapping[str, Any]  # Any: JSON, of which each part is looked at before it is used


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The findings of a resource as further facts, and each part that names one without a key, with the reason."""

    facts: tuple[FactDraft, ...] = ()
    unnamed: tuple[tuple[str, str], ...] = ()


def findings_of(resource: Json, drafts: tuple[FactDraft, ...]) -> Seen:
    """Return what a resource states of findings in images; `drafts` are its facts as its own reader has them."""
    kind = resource.get("resourceType")
    if kind not in ("Observation", "DiagnosticReport", "Condition") or not _is_of_images(resource):
        return Seen()
    if resource.get("status") in _NOTHING_STATED or _certainty(resource) == "entered-in-error":
        return Seen()
    if kind == "Condition":
        return _seen(_diagnosed(draft, resource) for draft in drafts[:1])
    if kind == "Observation":
        return _seen(_answered(resource, drafts))
    return _seen((*_concluded(resource, drafts[0]), *_answered(resource, drafts[1:])))


_Told = tuple[FactDraft | None, tuple[str, str] | None]
"""A finding, and where and why there is none under a key of ours."""


def _seen(told: Iterator[_Told] | tuple[_Told, ...]) -> Seen:
    found = tuple(told)
    return Seen(
        facts=tuple(draft for draft, _ in found if draft is not None),
        unnamed=tuple(dict.fromkeys(where for _, where in found if where is not None)),
    )


def _answered(resource: Json, drafts: tuple[FactDraft, ...]) -> Iterator[_Told]:
    """Each result that names a finding, with the answer it gives; its site and size stand beside it."""
    beside = [*drafts]
    sites = [*_concept(resource.get("bodySite")), *(c for each in beside if (c := _value(each, _SITE)))]
    sides = [c for each in beside if (c := _value(each, _SIDE))]
    by = _performer(resource)
    for draft in drafts:
        asked = draft
        if not draft.part:  # the words of the question itself, where a code stands beside them
            asked = replace(draft, other_codings=(*draft.other_codings, *_words(resource.get("code"))))
        found = named(asked, sites=sites, side=sides[0] if len(sides) == 1 else None)
        if found is not None:
            part = f"{draft.part}.finding" if draft.part else "finding"
            yield replace(sized(found, beside), part=part, device=draft.device or by), None
        elif (why := _why_unnamed(draft)) is not None:
            yield None, (draft.part or "code", why)


def _concluded(resource: Json, report: FactDraft) -> Iterator[_Told]:
    """What a report concludes in codes: kept under our key, else as it was, for its own reader does not take it."""
    listed = resource.get("conclusionCode")
    by = _performer(resource)
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        codings = (*_concept(each), *_words(each))
        if codings:
            part = f"conclusionCode[{index}]"
            bare = replace(
                report, kind="finding", coding=codings[0], other_codings=codings[1:], value_kind="none", value=None,
                value_coding=None, part=part, device=report.device or by,
            )  # fmt: skip
            found = named(bare, is_asserted=True)
            yield found or bare, None if found else (part, NO_KEY)


def _diagnosed(draft: FactDraft, resource: Json) -> _Told:
    told: dict[str, Any] = {}  # Any: the value fields of FactDraft
    certainty = _certainty(resource)
    if certainty == "refuted" or certainty in _UNSURE:
        told = {"value_kind": "code", "value": "absent" if certainty == "refuted" else "undetermined"}
    asked = replace(draft, other_codings=(*draft.other_codings, *_words(resource.get("code"))), **told)
    found = named(asked, sites=_concept(resource.get("bodySite")), is_asserted=True)
    if found is None:
        return None, ("code", NO_KEY)
    return replace(found, part="finding", device=_performer(resource)), None


def _why_unnamed(draft: FactDraft) -> str | None:
    if named(replace(draft, value_kind="none", value=None, value_coding=None), is_asserted=True) is not None:
        return UNREAD
    return NO_KEY if answers_a_finding(draft) else None


def _is_of_images(resource: Json) -> bool:
    """By its category, the study it points at, or codes that only findings in images have."""
    for each in _list(resource.get("category")):
        if any((c.system, c.code) in _IMAGING for c in _concept(each)):
            return True
    pointers = [pointer for name in _POINTERS for pointer in _list(resource.get(name))]
    pointers += [detail for each in _list(resource.get("evidence")) if isinstance(each, Mapping)
                 for detail in _list(each.get("detail"))]  # fmt: skip
    if any("ImagingStudy/" in str(each.get("reference")) for each in pointers if isinstance(each, Mapping)):
        return True
    return any(each.system in _OF_IMAGES for each in _concept(resource.get("code")))


def _certainty(resource: Json) -> str | None:
    return next((each.code for each in _concept(resource.get("verificationStatus"))), None)


def _performer(resource: Json) -> str | None:
    """Who says it, where the resource has words for that: interpreter, performer, asserter or recorder."""
    for name in ("resultsInterpreter", "performer", "asserter", "recorder"):
        for each in _list(resource.get(name)):
            said = each.get("display") if isinstance(each, Mapping) else None
            if isinstance(said, str) and said:
                return said
    return None


def _value(draft: FactDraft, question: tuple[str, str]) -> Coding | None:
    is_it = any((same_system(each.system), each.code) == question for each in (draft.coding, *draft.other_codings))
    return draft.value_coding if is_it else None


def _concept(value: object) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept, else its words; nothing where it is none."""
    if not isinstance(value, Mapping):
        return ()
    found = []
    for each in _list(value.get("coding")):
        if isinstance(each, Mapping):
            system, code, display = (str(each.get(name) or "") for name in ("system", "code", "display"))
            found.append(Coding(system=same_system(system), code=code, display=display))
    return tuple(found) or _words(value)


def _words(value: object) -> tuple[Coding, ...]:
    text = value.get("text") if isinstance(value, Mapping) else None
    return (Coding(system="", code="", display=text),) if isinstance(text, str) and text else ()


def _list(value: object) -> list[Any]:  # Any: JSON
    return value if isinstance(value, list) else [] if value is None else [value]
