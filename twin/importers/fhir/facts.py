"""Which facts one FHIR R4 resource states: code, value as received, when it was true and when it could be known."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from twin.importers.base import PatientDraft
from twin.importers.fhir.models import (
    AllergyModel,
    CodeableConcept,
    ConditionModel,
    DiagnosticReportModel,
    EncounterModel,
    FamilyMemberHistoryModel,
    HumanName,
    ImagingStudyModel,
    Measured,
    MedicationModel,
    Moment,
    ObservationModel,
    PatientModel,
    Period,
    ProcedureModel,
    Quantity,
    Reference,
    Resource,
)
from twin.record.fact import Coding, FactDraft, KnownBasis
from twin.record.timeline import Identifier, Sex

_NO_CODE = Coding(system="", code="")
_REFUTED = frozenset({"refuted", "entered-in-error"})
_OVER = frozenset({"inactive", "resolved", "remission"})


class NotAFact(Exception):
    """The resource is sound but states nothing that can be dated or coded; the reason follows."""


def codings_of(concept: CodeableConcept | None) -> tuple[Coding, tuple[Coding, ...]]:
    """Return the first coding and the others; the text stands in for a missing display or code."""
    if concept is None:
        return _NO_CODE, ()
    found = tuple(
        Coding(system=each.system, code=each.code, display=each.display or concept.text) for each in concept.coding
    )
    if not found:
        return Coding(system="", code="", display=concept.text), ()
    return found[0], found[1:]


def patient_of(model: PatientModel) -> PatientDraft:
    """Return the patient a Patient resource describes, with the identifiers that have a value."""
    identifiers = tuple(
        Identifier(
            system=each.system,
            value=each.value,
            kind=each.type.coding[0].code if each.type and each.type.coding else "",
        )
        for each in model.identifier
        if each.value
    )
    sex: Sex = "male" if model.gender == "male" else "female" if model.gender == "female" else "unknown"
    return PatientDraft(name=_name(model.name), sex=sex, birth_date=model.birthDate, identifiers=identifiers)


def _name(names: tuple[HumanName, ...]) -> str:
    ranked = sorted(names, key=lambda each: each.use not in ("official", "usual", ""))
    if not ranked:
        return ""
    chosen = ranked[0]
    return chosen.text or ", ".join(part for part in (chosen.family, " ".join(chosen.given)) if part)


def deaths(model: PatientModel, where: str) -> tuple[FactDraft, ...]:
    """Return the death a Patient resource tells of, where it gives a date."""
    if model.deceasedDateTime is None:
        return ()
    return (_fact(model, where, "death", _NO_CODE, model.deceasedDateTime, None),)


def observations(model: ObservationModel, where: str) -> tuple[FactDraft, ...]:
    """Return the facts of an Observation: its own value and one a component."""
    observed = model.effectiveDateTime or model.effectiveInstant or _start(model.effectivePeriod)
    if observed is None:
        raise NotAFact("no effective time")
    parts = ((model, ""), *((part, f"component[{index}]") for index, part in enumerate(model.component)))
    facts = []
    for part, name in parts:
        if name == "" and model.component and not _has_value(part):
            continue
        coding, others = codings_of(part.code)
        facts.append(
            _fact(
                model,
                where,
                "observation",
                coding,
                observed,
                model.issued,
                others=others,
                status=model.status,
                part=name,
                device=_named(model.device),
                **_value(part),
            )
        )
    return tuple(facts)


def conditions(model: ConditionModel, where: str) -> tuple[FactDraft, ...]:
    onset = model.onsetDateTime or _start(model.onsetPeriod) or model.recordedDate
    if onset is None:
        raise NotAFact("no onset or recorded date")
    coding, others = codings_of(model.code)
    ended = model.abatementDateTime or _end(model.abatementPeriod)
    status = _first_code(model.clinicalStatus) or "active"
    if _first_code(model.verificationStatus) in _REFUTED:
        status = "refuted"
    elif status in _OVER and ended is not None:
        status = "completed"
    return (
        _fact(model, where, "condition", coding, onset, model.recordedDate, others=others, ended=ended, status=status),
    )


def procedures(model: ProcedureModel, where: str) -> tuple[FactDraft, ...]:
    performed = model.performedDateTime or _start(model.performedPeriod)
    if performed is None:
        raise NotAFact("no performed time")
    coding, others = codings_of(model.code)
    # `ended_at` stays empty: that it was done stays true
    return (
        _fact(
            model,
            where,
            "procedure",
            coding,
            performed,
            _end(model.performedPeriod),
            others=others,
            status=model.status,
        ),
    )


def medications(model: MedicationModel, where: str) -> tuple[FactDraft, ...]:
    began = model.authoredOn or model.effectiveDateTime or _start(model.effectivePeriod) or model.dateAsserted
    if began is None:
        raise NotAFact("no date")
    coding, others = codings_of(model.medicationCodeableConcept)
    if coding is _NO_CODE and model.medicationReference is not None:
        coding = Coding(system="", code="", display=model.medicationReference.display)
    ended = _end(model.effectivePeriod)
    status = model.status
    if status in ("stopped", "completed") and ended is None:
        status = "ended-unknown"  # over, but not said when: no model may take it as running
    return (
        _fact(model, where, "medication", coding, began, model.dateAsserted, others=others, ended=ended, status=status),
    )


def reports(model: DiagnosticReportModel, where: str) -> tuple[FactDraft, ...]:
    observed = model.effectiveDateTime or _start(model.effectivePeriod) or model.issued
    if observed is None:
        raise NotAFact("no effective or issued time")
    coding, others = codings_of(model.code)
    value: dict[str, Any] = {"value_kind": "text", "value": model.conclusion} if model.conclusion else {}
    return (_fact(model, where, "report", coding, observed, model.issued, others=others, status=model.status, **value),)


def imaging_studies(model: ImagingStudyModel, where: str) -> tuple[FactDraft, ...]:
    if model.started is None:
        raise NotAFact("no start time")
    coding, others = codings_of(model.procedureCode[0] if model.procedureCode else None)
    modality = "/".join(each.code for each in model.modality)
    shown = Coding(system=coding.system, code=coding.code, display=coding.display or model.description or modality)
    return (_fact(model, where, "imaging_study", shown, model.started, None, others=others, status=model.status),)


def family_histories(model: FamilyMemberHistoryModel, where: str) -> tuple[FactDraft, ...]:
    told = model.date or (model.meta.lastUpdated if model.meta else None)
    if told is None:
        raise NotAFact("no date")
    relative, _ = codings_of(model.relationship)
    facts = []
    for index, condition in enumerate(model.condition):
        coding, others = codings_of(condition.code)
        facts.append(
            _fact(
                model,
                where,
                "family_history",
                coding,
                told,
                None,
                others=others,
                status=model.status,
                part=f"condition[{index}]",
                value_kind="code",
                value=relative.display or relative.code,
                value_coding=relative,
            )
        )
    if not facts:
        raise NotAFact("no condition")
    return tuple(facts)


def allergies(model: AllergyModel, where: str) -> tuple[FactDraft, ...]:
    noted = model.onsetDateTime or model.recordedDate or (model.meta.lastUpdated if model.meta else None)
    if noted is None:
        raise NotAFact("no date")
    coding, others = codings_of(model.code)
    refuted = _first_code(model.verificationStatus) in _REFUTED
    status = "refuted" if refuted else _first_code(model.clinicalStatus) or "active"
    return (_fact(model, where, "allergy", coding, noted, model.recordedDate, others=others, status=status),)


def encounters(model: EncounterModel, where: str) -> tuple[FactDraft, ...]:
    began = _start(model.period)
    if began is None:
        raise NotAFact("no period")
    coding, others = codings_of(model.type[0] if model.type else None)
    return (
        _fact(
            model, where, "encounter", coding, began, None, others=others, ended=_end(model.period), status=model.status
        ),
    )


READERS: Mapping[str, tuple[type[Resource], Callable[[Any, str], tuple[FactDraft, ...]]]] = MappingProxyType(
    {
        "Observation": (ObservationModel, observations),
        "Condition": (ConditionModel, conditions),
        "Procedure": (ProcedureModel, procedures),
        "MedicationRequest": (MedicationModel, medications),
        "MedicationStatement": (MedicationModel, medications),
        "DiagnosticReport": (DiagnosticReportModel, reports),
        "ImagingStudy": (ImagingStudyModel, imaging_studies),
        "FamilyMemberHistory": (FamilyMemberHistoryModel, family_histories),
        "AllergyIntolerance": (AllergyModel, allergies),
        "Encounter": (EncounterModel, encounters),
    }
)
"""Resource type to its model and the function that states its facts. Patient is read by `patient_of`."""


def _fact(
    model: Resource,
    where: str,
    kind: Any,  # a FactKind; each caller names its own literally
    coding: Coding,
    observed: Moment,
    issued: Moment | None,
    *,
    others: tuple[Coding, ...] = (),
    ended: Moment | None = None,
    status: str = "final",
    part: str = "",
    **value: Any,  # the value fields of FactDraft, as `_value` makes them
) -> FactDraft:
    known_at, basis = _known(model, observed, issued)
    return FactDraft(
        kind=kind,
        coding=coding,
        other_codings=others,
        observed_at=observed.start,
        ended_at=ended.start if ended else None,
        known_at=known_at,
        known_basis=basis,
        where=where,
        resource=f"{model.resourceType}/{model.id or ''}",
        part=part,
        status=status,
        **value,
    )


def _known(model: Resource, observed: Moment, issued: Moment | None) -> tuple[datetime, KnownBasis]:
    """Issued time, else the message's, else the observed time, said to be assumed (never before it was true)."""
    if issued is not None:
        return max(issued.end, observed.start), "issued"
    if model.meta is not None and model.meta.lastUpdated is not None:
        return max(model.meta.lastUpdated.end, observed.start), "message"
    return observed.end, "observed"


def _has_value(part: Measured) -> bool:
    return any(getattr(part, name) is not None for name in type(part).model_fields if name.startswith("value"))


def _value(part: Measured) -> dict[str, Any]:
    if part.valueQuantity is not None:
        return _quantity(part.valueQuantity)
    if part.valueCodeableConcept is not None:
        coding, _ = codings_of(part.valueCodeableConcept)
        return {"value_kind": "code", "value": coding.code or coding.display, "value_coding": coding}
    if part.valueInteger is not None:
        return {"value_kind": "number", "value": str(part.valueInteger)}
    for text in (part.valueString, part.valueDateTime, part.valueTime):
        if text is not None:
            return {"value_kind": "text", "value": text}
    if part.valueBoolean is not None:
        return {"value_kind": "code", "value": "true" if part.valueBoolean else "false"}
    for structure in (part.valueRange, part.valueRatio, part.valuePeriod, part.valueSampledData):
        if structure is not None:
            return {"value_kind": "text", "value": str(structure)}
    return {}


def _quantity(quantity: Quantity) -> dict[str, Any]:
    if quantity.value is None:
        return {}
    return {
        "value_kind": "number",
        "value": str(quantity.value),
        "comparator": quantity.comparator,
        "unit": quantity.code or quantity.unit,
    }


def _start(period: Period | None) -> Moment | None:
    return period.start if period else None


def _end(period: Period | None) -> Moment | None:
    return period.end if period else None


def _named(reference: Reference | None) -> str | None:
    return (reference.display or reference.reference) if reference else None


def _first_code(concept: CodeableConcept | None) -> str | None:
    return concept.coding[0].code if concept and concept.coding else None
