"""What would a hospital export of a simulated patient? FHIR R4 transaction bundles."""

import json
import re
from collections.abc import Iterable
from decimal import Decimal

from twin.synth import coding
from twin.synth.patient import Reading, SyntheticPatient, Visit
from twin.synth.resource import (
    Resource,
    answers,
    condition,
    encounter,
    histories,
    measured,
    medicine,
    observation_id,
    organization,
    paperwork,
    patient_resource,
    quantity,
    reports,
)

_UPDATED = frozenset({"Observation", "DiagnosticReport"})  # results keep their id when they are corrected
_DECIMAL = re.compile(rb'"\\u0000(-?[0-9.]+)"')


def bundle(patient: SyntheticPatient) -> Resource:
    """Return a patient's whole history as a FHIR R4 transaction bundle, as it stood before any correction.

    Decimals are `Decimal`: write it with `encode`, not with `json.dumps`.
    """
    visits = [(str(number), visit) for number, visit in enumerate(patient.visits)]
    resources: list[Resource] = [organization()]
    if visits:
        resources += answers(patient, visits)
        resources += histories(patient, visits[0][1].at)
        resources += paperwork(patient, visits[-1][1])
    resources += [condition(patient, problem) for problem in patient.problems]
    resources += [medicine(patient, taken) for taken in patient.medicines]
    for number, visit in visits:
        resources += of_visit(patient, visit, number)
    fault = patient.correction
    if fault is not None:
        wrong = observation_id(patient, str(fault.visit), fault.signal)
        right = _reading(patient, fault.visit, fault.signal)
        resources = [
            {**each, "valueQuantity": quantity(right, fault.wrong_text)} if each["id"] == wrong else each
            for each in resources
        ]
    return transaction(patient, resources)


def correction(patient: SyntheticPatient) -> Resource | None:
    """Return the later bundle that sets a wrong result right (same id, status corrected), None where there is none."""
    fault = patient.correction
    if fault is None:
        return None
    wrong = observation_id(patient, str(fault.visit), fault.signal)
    visit = patient.visits[fault.visit]
    right = next(each for each in measured(patient, visit, str(fault.visit)) if each["id"] == wrong)
    corrected = {**right, "status": "corrected", "issued": fault.corrected_at.isoformat()}
    corrected.pop("encounter")
    return transaction(patient, [corrected])


def of_visit(patient: SyntheticPatient, visit: Visit, number: str) -> list[Resource]:
    """Return the encounter of a visit with its Observations and reports."""
    return [
        encounter(patient, visit, number),
        *measured(patient, visit, number),
        *reports(patient, visit, number),
    ]


def transaction(patient: SyntheticPatient, resources: Iterable[Resource]) -> Resource:
    """Return a transaction bundle of the Patient and `resources`; the Patient is created only where the MRN is new."""
    person = {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={coding.MRN}|{patient.mrn}"}
    entries = [_entry(patient_resource(patient), person)]
    entries += [_entry(each, _request(each)) for each in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def encode(resource: Resource) -> bytes:
    """Return the JSON bytes of a bundle; a Decimal is written with all its digits (5.10 stays 5.10)."""
    marked = json.dumps(resource, ensure_ascii=False, separators=(",", ":"), default=_mark).encode()
    return _DECIMAL.sub(rb"\1", marked)


def _mark(value: object) -> str:
    """A Decimal as text with a mark that no clinical text holds, taken off again by `encode`."""
    if isinstance(value, Decimal):
        return f"\0{value:f}"
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def _entry(resource: Resource, request: dict[str, str]) -> Resource:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource, "request": request}


def _request(resource: Resource) -> dict[str, str]:
    kind = str(resource["resourceType"])
    return {"method": "PUT", "url": f"{kind}/{resource['id']}"} if kind in _UPDATED else {"method": "POST", "url": kind}


def _reading(patient: SyntheticPatient, visit: int, key: str) -> Reading:
    return next(reading for reading in patient.visits[visit].readings if reading.signal == key)
