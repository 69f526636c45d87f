"""What does one FHIR R4 resource of the simulated hospital look like?

Numbers are `Decimal`, so that 5.10 stays 5.10; `twin.synth.fhir.encode` writes them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from twin.record.codes import LOINC
from twin.synth import coding
from twin.synth.coding import concept
from twin.synth.identity import uuid
from twin.synth.patient import Medicine, Problem, Reading, SyntheticPatient, Visit

Resource = dict[str, object]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
ORGANIZATION_ID = uuid("organization")
_CATEGORY = {
    **dict.fromkeys(("blood_pressure", "heart_rate", "weight", "height", "bmi", "waist"), "vital-signs"),
    **dict.fromkeys(("smoking_status", "pack_years"), "social-history"),
}


def reference(resource_id: str) -> dict[str, str]:
    """Return a reference to another entry of the same bundle."""
    return {"reference": f"urn:uuid:{resource_id}"}


def patient_resource(patient: SyntheticPatient) -> Resource:
    """Return the Patient, found again by its MRN."""
    use = {"use": "official", "text": patient.name.text, "family": patient.name.family, "given": [patient.name.given]}
    kind = concept(((f"{_TERMINOLOGY}v2-0203", "MR", "Medical record number"),))
    return {
        "resourceType": "Patient",
        "id": patient.id,
        "identifier": [{"use": "usual", "type": kind, "system": coding.MRN, "value": patient.mrn}],
        "name": [use],
        "gender": patient.sex,
        "birthDate": patient.birth_date.isoformat(),
    }


def organization() -> Resource:
    """Return the simulated hospital."""
    name = "Simulated Hospital (no real place)"
    return {"resourceType": "Organization", "id": ORGANIZATION_ID, "active": True, "name": name}


def encounter(patient: SyntheticPatient, visit: Visit, number: str) -> Resource:
    """Return the visit itself."""
    return {
        "resourceType": "Encounter",
        "id": uuid(patient.id, "encounter", number),
        "status": "finished",
        "class": {"system": f"{_TERMINOLOGY}v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [concept(coding.CHECKUP if visit.is_checkup else coding.FOLLOW_UP)],
        "subject": reference(patient.id),
        "period": {"start": visit.at.isoformat(), "end": visit.issued_at.isoformat()},
    }


def observation(patient: SyntheticPatient, visit: Visit, number: str, key: str, codes: coding.Codes) -> Resource:
    """Return an Observation of a visit without its value."""
    kind = _CATEGORY.get(key, "laboratory")
    issued_at = visit.at if kind != "laboratory" else visit.issued_at
    return {
        "resourceType": "Observation",
        "id": observation_id(patient, number, key),
        "identifier": [{"system": coding.ACCESSION, "value": f"{patient.mrn}-{number}-{key}"}],
        "status": "final",
        "category": [concept(((f"{_TERMINOLOGY}observation-category", kind, kind),))],
        "code": concept(codes),
        "subject": reference(patient.id),
        "encounter": reference(uuid(patient.id, "encounter", number)),
        "effectiveDateTime": visit.at.isoformat(),
        "issued": issued_at.isoformat(),
    }


def observation_id(patient: SyntheticPatient, number: str, key: str) -> str:
    """Return the id of one result of one visit; a corrected result keeps it."""
    return uuid(patient.id, "observation", number, key)


def quantity(reading: Reading, text: str | None = None) -> Resource:
    """Return a reading as a Quantity; a laboratory that sends bare unit text gives no UCUM code."""
    coded = {} if reading.code is None else {"system": coding.UCUM, "code": reading.code}
    below = {"comparator": "<"} if reading.is_below_limit else {}
    return {"value": Decimal(text or reading.text), **below, "unit": reading.unit, **coded}


def measured(patient: SyntheticPatient, visit: Visit, number: str) -> list[Resource]:
    """Return the Observations of a visit; blood pressure is one Observation with two components."""
    pressures = [reading for reading in visit.readings if reading.signal in ("sbp", "dbp")]
    found = []
    if pressures:
        parts = [{"code": _loinc(reading), "valueQuantity": quantity(reading)} for reading in pressures]
        panel = observation(patient, visit, number, "blood_pressure", coding.BLOOD_PRESSURE)
        found.append({**panel, "component": parts})
    for reading in visit.readings:
        if reading.signal not in ("sbp", "dbp"):
            codes = ((LOINC, reading.loinc, reading.title),)
            found.append(
                {**observation(patient, visit, number, reading.signal, codes), "valueQuantity": quantity(reading)}
            )
    return found


def reports(patient: SyntheticPatient, visit: Visit, number: str) -> list[Resource]:
    """Return one DiagnosticReport for each laboratory panel of a visit, pointing at its Observations."""
    found: list[Resource] = []
    for panel, codes in coding.PANELS.items():
        keys = [reading.signal for reading in visit.readings if reading.panel == panel]
        if keys:
            found.append(
                {
                    "resourceType": "DiagnosticReport",
                    "id": uuid(patient.id, "report", number, panel),
                    "status": "final",
                    "category": [concept((("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory"),))],
                    "code": concept(codes),
                    "subject": reference(patient.id),
                    "encounter": reference(uuid(patient.id, "encounter", number)),
                    "effectiveDateTime": visit.at.isoformat(),
                    "issued": visit.issued_at.isoformat(),
                    "result": [reference(observation_id(patient, number, key)) for key in keys],
                }
            )
    return found


def condition(patient: SyntheticPatient, problem: Problem) -> Resource:
    """Return a Condition: its onset, and when the hospital wrote it down."""
    return {
        "resourceType": "Condition",
        "id": uuid(patient.id, "condition", problem.concept),
        "clinicalStatus": concept(((f"{_TERMINOLOGY}condition-clinical", "active", "Active"),)),
        "verificationStatus": concept(((f"{_TERMINOLOGY}condition-ver-status", "confirmed", "Confirmed"),)),
        "code": concept(coding.PROBLEMS[problem.concept]),
        "subject": reference(patient.id),
        "onsetDateTime": problem.onset.isoformat(),
        "recordedDate": problem.recorded_at.isoformat(),
    }


def medicine(patient: SyntheticPatient, taken: Medicine) -> Resource:
    """Return a MedicationRequest for what is still taken, a completed MedicationStatement for what was stopped."""
    same = {
        "id": uuid(patient.id, "medicine", taken.key, taken.start),
        "medicationCodeableConcept": concept(coding.MEDICINES[taken.key]),
        "subject": reference(patient.id),
    }
    if taken.stop is None:
        order = {"status": "active", "intent": "order", "authoredOn": taken.start.isoformat()}
        return {"resourceType": "MedicationRequest", **same, **order}
    period = {"start": taken.start.isoformat(), "end": taken.stop.isoformat()}
    return {"resourceType": "MedicationStatement", **same, "status": "completed", "effectivePeriod": period}


def histories(patient: SyntheticPatient, at: datetime) -> list[Resource]:
    """Return what was asked once: family history and allergies."""
    found: list[Resource] = []
    if patient.father_had_infarction:
        found.append(
            {
                "resourceType": "FamilyMemberHistory",
                "id": uuid(patient.id, "family"),
                "status": "completed",
                "patient": reference(patient.id),
                "date": at.isoformat(),
                "relationship": concept(coding.FATHER),
                "condition": [{"code": concept(coding.INFARCTION)}],
            }
        )
    if patient.is_allergic_to_penicillin:
        found.append(
            {
                "resourceType": "AllergyIntolerance",
                "id": uuid(patient.id, "allergy"),
                "clinicalStatus": concept(((f"{_TERMINOLOGY}allergyintolerance-clinical", "active", "Active"),)),
                "code": concept(coding.PENICILLIN),
                "patient": reference(patient.id),
                "recordedDate": at.isoformat(),
            }
        )
    return found


def paperwork(patient: SyntheticPatient, visit: Visit) -> list[Resource]:
    """Return what an export also holds and the twin has no use for: an immunisation and a claim."""
    day: date = visit.at.date()
    return [
        {
            "resourceType": "Immunization",
            "id": uuid(patient.id, "immunization"),
            "status": "completed",
            "vaccineCode": concept(coding.INFLUENZA),
            "patient": reference(patient.id),
            "occurrenceDateTime": day.isoformat(),
        },
        {
            "resourceType": "Claim",
            "id": uuid(patient.id, "claim"),
            "status": "active",
            "type": concept(((f"{_TERMINOLOGY}claim-type", "institutional", "Institutional"),)),
            "use": "claim",
            "patient": reference(patient.id),
            "created": day.isoformat(),
            "provider": reference(ORGANIZATION_ID),
            "priority": concept(((f"{_TERMINOLOGY}processpriority", "normal", "Normal"),)),
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "self-pay"}}],
        },
    ]


def answers(patient: SyntheticPatient, visits: Sequence[tuple[str, Visit]]) -> list[Resource]:
    """Return coded answers: smoking at the first and last visit, pack-years and HBsAg at the first."""
    found: list[Resource] = []
    for number, visit in dict.fromkeys((visits[0], visits[-1])):
        asked = observation(patient, visit, number, "smoking_status", ((LOINC, "72166-2", "Tobacco smoking status"),))
        found.append({**asked, "valueCodeableConcept": concept(coding.SMOKING[patient.smoking])})
    number, visit = visits[0]
    if patient.smoking != "never":
        asked = observation(patient, visit, number, "pack_years", ((LOINC, "8664-5", "Pack-years"),))
        amount = {"value": Decimal(str(patient.pack_years)), "unit": "{PackYears}", "code": "{PackYears}"}
        found.append({**asked, "valueQuantity": {**amount, "system": coding.UCUM}})
    if patient.organ in ("liver", "several"):
        asked = observation(patient, visit, number, "hbsag", ((LOINC, "5196-1", "Hepatitis B virus surface Ag"),))
        found.append({**asked, "valueCodeableConcept": concept(coding.HBSAG[patient.has_hbsag])})
    return found


def _loinc(reading: Reading) -> Resource:
    return concept(((LOINC, reading.loinc, reading.title),))
