"""What we read of FHIR R4 resources (hl7.org/fhir/R4), checked; everything else in them is left where it is.

Decimals come in as `Decimal`, so that digits are kept. A value that breaks a rule of its type is an error with its
path, never a guess.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf

from twin.record.moment import Moment, of_parts

# hl7.org/fhir/R4/datatypes.html#dateTime: year, year-month, date, or date-time with seconds and zone.
_DATE_TIME = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?)(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)


def read_moment(value: object) -> Moment:
    """Return what a FHIR date, dateTime or instant means; a time without a zone is read as UTC.

    Raises:
        ValueError: it is not a FHIR dateTime, or no such day exists.
    """
    if isinstance(value, Moment):
        return value
    match = _DATE_TIME.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a FHIR dateTime")
    year, month, day, clock, zone = match.groups()
    if clock is not None:
        moment = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{zone or 'Z'}").astimezone(UTC)
        return Moment(start=moment, end=moment)
    return of_parts(int(year), int(month) if month else None, int(day) if day else None)


def _read_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueError("not a JSON number")
    return Decimal(value)


def _read_date(value: object) -> date:
    return read_moment(value).start.date()


FhirMoment = Annotated[InstanceOf[Moment], BeforeValidator(read_moment)]
FhirDate = Annotated[date, BeforeValidator(_read_date)]
FhirDecimal = Annotated[Decimal, BeforeValidator(_read_decimal)]


class Lean(BaseModel):
    """Reads the fields it names and ignores the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_max_length=1_000_000)


class CodingModel(Lean):
    system: str = ""
    code: str = ""
    display: str = ""


class CodeableConcept(Lean):
    coding: tuple[CodingModel, ...] = ()
    text: str = ""


class IdentifierModel(Lean):
    system: str = ""
    value: str | None = None
    type: CodeableConcept | None = None


class Reference(Lean):
    reference: str | None = None
    identifier: IdentifierModel | None = None
    display: str = ""


class Period(Lean):
    start: FhirMoment | None = None
    end: FhirMoment | None = None


class Quantity(Lean):
    value: FhirDecimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Meta(Lean):
    lastUpdated: FhirMoment | None = None


class HumanName(Lean):
    use: str = ""
    text: str = ""
    family: str = ""
    given: tuple[str, ...] = ()


class Resource(Lean):
    resourceType: str
    id: str | None = None
    meta: Meta | None = None


class PatientModel(Resource):
    identifier: tuple[IdentifierModel, ...] = ()
    name: tuple[HumanName, ...] = ()
    gender: str = "unknown"
    birthDate: FhirDate | None = None
    deceasedDateTime: FhirMoment | None = None
    deceasedBoolean: bool | None = None


class Measured(Lean):
    """The value part that Observation and Observation.component share."""

    code: CodeableConcept
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: Annotated[int | None, Field(strict=True)] = None
    valueDateTime: str | None = None
    valueTime: str | None = None
    valueRange: dict[str, Any] | None = None
    valueRatio: dict[str, Any] | None = None
    valuePeriod: dict[str, Any] | None = None
    valueSampledData: dict[str, Any] | None = None
    dataAbsentReason: CodeableConcept | None = None


class ObservationModel(Measured, Resource):
    status: str
    subject: Reference | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: FhirMoment | None = None
    issued: FhirMoment | None = None
    device: Reference | None = None
    component: tuple[Measured, ...] = ()


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
    status: str
    code: CodeableConcept | None = None
    subject: Reference
    performedDateTime: FhirMoment | None = None
    performedPeriod: Period | None = None


class MedicationModel(Resource):
    status: str = "unknown"
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    subject: Reference
    authoredOn: FhirMoment | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    dateAsserted: FhirMoment | None = None


class DiagnosticReportModel(Resource):
    status: str
    code: CodeableConcept
    subject: Reference | None = None
    effectiveDateTime: FhirMoment | None = None
    effectivePeriod: Period | None = None
    issued: FhirMoment | None = None
    conclusion: str | None = None


class ImagingStudyModel(Resource):
    status: str
    subject: Reference
    started: FhirMoment | None = None
    description: str | None = None
    modality: tuple[CodingModel, ...] = ()
    procedureCode: tuple[CodeableConcept, ...] = ()


class FamilyCondition(Lean):
    code: CodeableConcept


class FamilyMemberHistoryModel(Resource):
    status: str
    patient: Reference
    date: FhirMoment | None = None
    relationship: CodeableConcept | None = None
    condition: tuple[FamilyCondition, ...] = ()


class AllergyModel(Resource):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    patient: Reference
    onsetDateTime: FhirMoment | None = None
    recordedDate: FhirMoment | None = None


class EncounterModel(Resource):
    status: str
    type: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    period: Period | None = None
