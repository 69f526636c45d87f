"""What comes back when a simulated patient answers a recall?"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from twin.synth import coding
from twin.synth.cohort import ZONE, visit_at
from twin.synth.fhir import of_visit, transaction
from twin.synth.oracle import latent_on
from twin.synth.patient import SyntheticPatient, Visit
from twin.synth.resource import Resource, observation

_HOUR = timedelta(hours=9, minutes=30)
_LIVER_COURSES = ("liver", "several")


def next_visit(patient: SyntheticPatient, on: date) -> Visit:
    """Return a visit on a day after the history at which everything is measured; the same day gives the same digits.

    Raises:
        ValueError: `on` is not after the end of the history.
    """
    if on <= patient.until:
        raise ValueError(f"{on} is not after the end of the history, {patient.until}")
    at = datetime.combine(on, time(), ZONE) + _HOUR
    return visit_at(patient, at, spawn=on.toordinal())


def follow_up(patient: SyntheticPatient, on: date) -> Resource:
    """Return the bundle of the visit after a recall: blood pressure, all laboratory panels, and liver stiffness.

    Elastography is done where the course is one of the liver. Its LOINC code is not confirmed in `signals.csv`; as long
    as that is so, the result is kept without a signal and the recall waits for a person.
    """
    visit, number = next_visit(patient, on), on.isoformat()
    resources = of_visit(patient, visit, number)
    if patient.organ in _LIVER_COURSES:
        stiffness = observation(patient, visit, number, "liver_stiffness", coding.LIVER_STIFFNESS)
        value = {"value": _stiffness_kpa(patient, on), "unit": "kPa", "system": coding.UCUM, "code": "kPa"}
        resources.append({**stiffness, "valueQuantity": value})
    return transaction(patient, resources)


def _stiffness_kpa(patient: SyntheticPatient, on: date) -> Decimal:
    """A house relation: stiffness follows the true FIB-4, 5 kPa at 1, about 10 kPa at 2.67; a device ends at 75."""
    kpa = min(75.0, 5.0 * latent_on(patient, "fib4", on) ** 0.7)
    return Decimal(repr(kpa)).quantize(Decimal("0.1"))
