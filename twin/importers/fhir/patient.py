"""Who a Patient resource is about, when that person died, and which of a source's patients are one."""

from dataclasses import replace

from twin.importers.base import MergeDraft, PatientDraft, Subject
from twin.importers.fhir.facts import NO_CODE, Place, fact
from twin.importers.fhir.models import HumanName, IdentifierModel, PatientModel
from twin.importers.fhir.reference import subject_of
from twin.record.fact import FactDraft
from twin.record.timeline import Identifier, Sex


def patient_of(model: PatientModel) -> PatientDraft:
    """Return the patient a Patient resource describes, with the identifiers that have a value."""
    sex: Sex = "male" if model.gender == "male" else "female" if model.gender == "female" else "unknown"
    return PatientDraft(
        name=_name(model.name), sex=sex, birth_date=model.birthDate, identifiers=identifiers_of(model.identifier)
    )


def identifiers_of(stated: tuple[IdentifierModel, ...]) -> tuple[Identifier, ...]:
    """Return the identifiers that have a value, with the kind their type says (`MR`)."""
    return tuple(
        Identifier(
            system=each.system or "",
            value=each.value,
            kind=(each.type.coding[0].code or "") if each.type and each.type.coding else "",
        )
        for each in stated
        if each.value
    )


def deaths(model: PatientModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the death a Patient resource tells of, where it gives a date."""
    if model.deceasedDateTime is None:
        return ()
    told = fact(model, place, "death", NO_CODE, model.deceasedDateTime, None)
    return (replace(told, ended_at=model.deceasedDateTime.until),)


def notes(model: PatientModel) -> tuple[tuple[str, str], ...]:
    """Return what is said of a patient that makes no fact: the element, and why."""
    found = []
    if model.deceasedBoolean:
        found.append(("deceasedBoolean", "dead, without a date: not a dated fact"))
    if model.active is False:
        found.append(("active", "the source no longer uses this patient record"))
    return tuple(found)


def merges(model: PatientModel, own: Subject) -> tuple[tuple[str, MergeDraft], ...]:
    """Return the links by which one of two patient records replaces the other (R4 link-type); `seealso` is no merge."""
    found = []
    for index, link in enumerate(model.link):
        other, _ = subject_of(link.other)
        if not (other.keys or other.identifiers):
            continue
        if link.type == "replaced-by":
            found.append((f"link[{index}]", MergeDraft(into=other, retired=own)))
        elif link.type == "replaces":
            found.append((f"link[{index}]", MergeDraft(into=own, retired=other)))
    return tuple(found)


def _name(names: tuple[HumanName, ...]) -> str:
    ranked = sorted(names, key=lambda each: each.use not in ("official", "usual", None))
    if not ranked:
        return ""
    chosen = ranked[0]
    return chosen.text or ", ".join(part for part in (chosen.family, " ".join(chosen.given)) if part)
