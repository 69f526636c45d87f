"""What we read of FHIR R4 resources (hl7.org/fhir/R4), checked; everything else in them is left where it is.

A value that breaks a rule of its type is an error with its path, never a guess. `null` is what is not there.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from twin.importers.fhir.primitive import (
    FhirBoolean,
    FhirCode,
    FhirDate,
    FhirDateTimeAsWritten,
    FhirDecimal,
    FhirId,
    FhirInstant,
    FhirInteger,
    FhirMoment,
    FhirPositiveInt,
    FhirString,
    FhirTime,
    FhirUnsignedInt,
    FhirUri,
)


def _listed(value: object) -> object:
    """A list with `null` in it holds elements that have only extensions (R4 json.html, primitive arrays)."""
    if isinstance(value, list):
        return [each for each in value if each is not None] if None in value else value
    return () if value is None else value


ABSENT = BeforeValidator(_listed)


class Lean(BaseModel):
    """Reads the fields it names and ignores the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class CodingModel(Lean):
    system: FhirUri | None = None
    code: FhirCode | None = None
    display: FhirString | None = None


class CodeableConcept(Lean):
    coding: Annotated[tuple[CodingModel, ...], ABSENT] = ()
    text: FhirString | None = None


class IdentifierModel(Lean):
    system: FhirUri | None = None
    value: FhirString | None = None
    type: CodeableConcept | None = None


class Reference(Lean):
    reference: FhirString | None = None
    type: FhirUri | None = None
    identifier: IdentifierModel | None = None
    display: FhirString | None = None


class Period(Lean):
    start: FhirMoment | None = None
    end: FhirMoment | None = None


class PeriodAsWritten(Lean):
    """A period that is a value, not a time: its two ends are checked, and kept as they were written."""

    start: FhirDateTimeAsWritten | None = None
    end: FhirDateTimeAsWritten | None = None


class TimingRepeat(Lean):
    boundsPeriod: Period | None = None


class Timing(Lean):
    event: Annotated[tuple[FhirMoment, ...], ABSENT] = ()
    repeat: TimingRepeat | None = None


class Quantity(Lean):
    value: FhirDecimal | None = None
    comparator: FhirCode | None = None
    unit: FhirString | None = None
    system: FhirUri | None = None
    code: FhirCode | None = None


class Range(Lean):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Lean):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class SampledData(Lean):
    origin: Quantity
    period: FhirDecimal
    dimensions: FhirPositiveInt
    data: FhirString | None = None


class Meta(Lean):
    lastUpdated: FhirInstant | None = None
    profile: Annotated[tuple[FhirUri, ...], ABSENT] = ()


class HumanName(Lean):
    use: FhirCode | None = None
    text: FhirString | None = None
    family: FhirString | None = None
    given: Annotated[tuple[FhirString, ...], ABSENT] = ()


class Resource(Lean):
    resourceType: FhirCode
    id: FhirId | None = None
    meta: Meta | None = None


class PatientLink(Lean):
    other: Reference
    type: FhirCode


class PatientModel(Resource):
    active: FhirBoolean | None = None
    identifier: Annotated[tuple[IdentifierModel, ...], ABSENT] = ()
    name: Annotated[tuple[HumanName, ...], ABSENT] = ()
    gender: FhirCode | None = None
    birthDate: FhirDate | None = None
    deceasedDateTime: FhirMoment | None = None
    deceasedBoolean: FhirBoolean | None = None
    link: Annotated[tuple[PatientLink, ...], ABSENT] = ()


class Measured(Lean):
    """The value part that Observation and Observation.component share."""

    code: CodeableConcept
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: FhirString | None = None
    valueBoolean: FhirBoolean | None = None
    valueInteger: FhirInteger | None = None
    valueDateTime: FhirDateTimeAsWritten | None = None
    valueTime: FhirTime | None = None
    valueRange: Range | None = None
    valueRatio: Ratio | None = None
    valuePeriod: PeriodAsWritten | None = None
    valueSampledData: SampledData | None = None
    dataAbsentReason: CodeableConcept | None = None


class ObservationModel(Measured, Resource):
    status: FhirCode
    subject: Reference | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: FhirInstant | None = None
    effectiveTiming: Timing | None = None
    issued: FhirInstant | None = None
    device: Reference | None = None
    component: Annotated[tuple[Measured, ...], ABSENT] = ()


class ConditionModel(Resource):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference
    onsetDateTime: FhirMoment | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: FhirMoment | None = None
    abatementPeriod: Period | None = None
    recordedDate: FhirMoment | None = None


class ProcedureModel(Resource):
    status: FhirCode
    code: CodeableConcept | None = None
    subject: Reference
    performedDateTime: FhirMoment | None = None
    performedPeriod: Period | None = None


class MedicationModel(Resource):
    """MedicationRequest and MedicationStatement: what we read of the two has the same names."""

    status: FhirCode | None = None
    intent: FhirCode | None = None
    doNotPerform: FhirBoolean | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    subject: Reference
    authoredOn: FhirMoment | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    dateAsserted: FhirMoment | None = None


class Ingredient(Lean):
    itemCodeableConcept: CodeableConcept | None = None


class MedicineModel(Resource):
    """The resource Medication: what a medicine is, told apart from who takes it."""

    code: CodeableConcept | None = None
    ingredient: Annotated[tuple[Ingredient, ...], ABSENT] = ()


class DiagnosticReportModel(Resource):
    status: FhirCode
    code: CodeableConcept
    subject: Reference | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    issued: FhirInstant | None = None
    conclusion: FhirString | None = None


class ImagingStudyModel(Resource):
    status: FhirCode
    subject: Reference
    started: FhirMoment | None = None
    description: FhirString | None = None
    modality: Annotated[tuple[CodingModel, ...], ABSENT] = ()
    procedureCode: Annotated[tuple[CodeableConcept, ...], ABSENT] = ()
    numberOfSeries: FhirUnsignedInt | None = None


class FamilyCondition(Lean):
    code: CodeableConcept


class FamilyMemberHistoryModel(Resource):
    status: FhirCode
    patient: Reference
    date: FhirMoment | None = None
    relationship: CodeableConcept | None = None
    condition: Annotated[tuple[FamilyCondition, ...], ABSENT] = ()


class AllergyModel(Resource):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    patient: Reference
    onsetDateTime: FhirMoment | None = None
    onsetPeriod: Period | None = None
    recordedDate: FhirMoment | None = None


class EncounterModel(Resource):
    status: FhirCode
    type: Annotated[tuple[CodeableConcept, ...], ABSENT] = ()
    subject: Reference | None = None
    period: Period | None = None
