"""Which facts the clinical resources state, other than Observation: diagnoses, procedures, medicines, histories."""

from typing import Any

from twin.importers.fhir.facts import (
    NO_CODE,
    NotAFact,
    NotUsed,
    Place,
    codings_of,
    end_of,
    fact,
    first_code,
    standing,
    start_of,
    told,
)
from twin.importers.fhir.models import (
    AllergyModel,
    ConditionModel,
    DiagnosticReportModel,
    EncounterModel,
    FamilyMemberHistoryModel,
    ImagingStudyModel,
    MedicationModel,
    ProcedureModel,
)
from twin.importers.fhir.observation import contained_observations, effective_of
from twin.record.fact import Coding, FactDraft

_REFUTED = frozenset({"refuted", "entered-in-error"})
_NOT_SURE = frozenset({"unconfirmed", "provisional", "differential"})
_OVER = frozenset({"inactive", "resolved", "remission"})
_NOT_ORDERED = frozenset({"proposal", "option"})  # R4 request-intent: a suggestion, which nobody has acted on


def conditions(model: ConditionModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the condition; one without a date stands from when it was told."""
    onset = model.onsetDateTime or start_of(model.onsetPeriod) or model.recordedDate or standing(model, place)
    coding, others = codings_of(model.code)
    ended = model.abatementDateTime or end_of(model.abatementPeriod)
    status = first_code(model.clinicalStatus) or "active"
    certainty = first_code(model.verificationStatus)
    if certainty in _REFUTED:
        status = "refuted"
    elif certainty in _NOT_SURE:
        status = str(certainty)
    elif status in _OVER and ended is not None:
        status = "completed"
    return (
        fact(model, place, "condition", coding, onset, model.recordedDate, others=others, ended=ended, status=status),
    )


def procedures(model: ProcedureModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the procedure with its end, where one is told; that it was done stays true after it (`record.holding`)."""
    performed = model.performedDateTime or start_of(model.performedPeriod)
    if performed is None and model.status == "entered-in-error":
        performed = told(model, place)
    if performed is None:
        raise NotAFact("no performed time")
    coding, others = codings_of(model.code)
    ended = end_of(model.performedPeriod)
    return (fact(model, place, "procedure", coding, performed, ended, others=others, ended=ended, status=model.status),)


def medications(model: MedicationModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the medicine that is ordered or taken; what must not be given, or is only proposed, is no `active` one."""
    began = (
        model.authoredOn
        or model.effectiveDateTime
        or start_of(model.effectivePeriod)
        or model.dateAsserted
        or standing(model, place)
    )
    coding, others = codings_of(model.medicationCodeableConcept or place.medicine)
    if coding is NO_CODE and model.medicationReference is not None:
        reference = model.medicationReference
        coding = Coding(system="", code="", display=reference.display or reference.reference or "")
    ended = end_of(model.effectivePeriod)
    status = model.status or "unknown"
    if model.doNotPerform:
        status = "do-not-perform"
    elif model.intent in _NOT_ORDERED:
        status = str(model.intent)
    elif status in ("stopped", "completed") and ended is None:
        status = "ended-unknown"  # over, but not said when: no model may take it as running
    return (
        fact(model, place, "medication", coding, began, model.dateAsserted, others=others, ended=ended, status=status),
    )


def reports(model: DiagnosticReportModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the report with its conclusion, and the results it contains."""
    observed = effective_of(model) or model.issued
    if observed is None and model.status == "entered-in-error":
        observed = told(model, place)
    if observed is None:
        raise NotAFact("no effective or issued time")
    coding, others = codings_of(model.code)
    value: dict[str, Any] = {"value_kind": "text", "value": model.conclusion} if model.conclusion else {}
    own = fact(model, place, "report", coding, observed, model.issued, others=others, status=model.status, value=value)
    return (own, *contained_observations(place, observed, model.issued))


def imaging_studies(model: ImagingStudyModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the study under its first procedure code, else its description or modalities."""
    if model.started is None:
        raise NotAFact("no start time")
    coding, others = codings_of(model.procedureCode[0] if model.procedureCode else None)
    modality = "/".join(each.code or "" for each in model.modality)
    shown = Coding(system=coding.system, code=coding.code, display=coding.display or model.description or modality)
    return (fact(model, place, "imaging_study", shown, model.started, None, others=others, status=model.status),)


def family_histories(model: FamilyMemberHistoryModel, place: Place) -> tuple[FactDraft, ...]:
    """Return one fact a condition of the relative, whose kinship is the value."""
    stated = model.date or standing(model, place)
    relative, _ = codings_of(model.relationship)
    facts = []
    for index, condition in enumerate(model.condition):
        coding, others = codings_of(condition.code)
        facts.append(
            fact(
                model,
                place,
                "family_history",
                coding,
                stated,
                None,
                others=others,
                status=model.status,
                part=f"condition[{index}]",
                value={"value_kind": "code", "value": relative.display or relative.code, "value_coding": relative},
            )
        )
    if not facts:
        raise NotUsed("a relative, without a condition")
    return tuple(facts)


def allergies(model: AllergyModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the allergy; one without a date stands from when it was told."""
    noted = model.onsetDateTime or start_of(model.onsetPeriod) or model.recordedDate or standing(model, place)
    coding, others = codings_of(model.code)
    refuted = first_code(model.verificationStatus) in _REFUTED
    status = "refuted" if refuted else first_code(model.clinicalStatus) or "active"
    return (fact(model, place, "allergy", coding, noted, model.recordedDate, others=others, status=status),)


def encounters(model: EncounterModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the visit with its first type."""
    began = start_of(model.period)
    if began is None and model.status == "entered-in-error":
        began = told(model, place)
    if began is None:
        raise NotAFact("no period")
    coding, others = codings_of(model.type[0] if model.type else None)
    ended = end_of(model.period)
    return (fact(model, place, "encounter", coding, began, None, others=others, ended=ended, status=model.status),)
