"""Which resource types state facts, and the function that reads each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from twin.importers.fhir import clinical
from twin.importers.fhir.facts import Place
from twin.importers.fhir.models import (
    AllergyModel,
    ConditionModel,
    DiagnosticReportModel,
    EncounterModel,
    FamilyMemberHistoryModel,
    ImagingStudyModel,
    MedicationModel,
    ObservationModel,
    ProcedureModel,
    Resource,
)
from twin.importers.fhir.observation import observations
from twin.record.fact import FactDraft

READERS: Mapping[str, tuple[type[Resource], Callable[[Any, Place], tuple[FactDraft, ...]]]] = MappingProxyType(
    {
        "Observation": (ObservationModel, observations),
        "Condition": (ConditionModel, clinical.conditions),
        "Procedure": (ProcedureModel, clinical.procedures),
        "MedicationRequest": (MedicationModel, clinical.medications),
        "MedicationStatement": (MedicationModel, clinical.medications),
        "DiagnosticReport": (DiagnosticReportModel, clinical.reports),
        "ImagingStudy": (ImagingStudyModel, clinical.imaging_studies),
        "FamilyMemberHistory": (FamilyMemberHistoryModel, clinical.family_histories),
        "AllergyIntolerance": (AllergyModel, clinical.allergies),
        "Encounter": (EncounterModel, clinical.encounters),
    }
)
"""Resource type to its model and the function that states its facts. Patient is read by `patient_of`."""

UNUSED: Mapping[str, str] = MappingProxyType(
    {
        "Medication": "a Medication is read where an order or statement refers to it",
        "Composition": "a Composition orders a document; its entries are read one by one",
        "Bundle": "a Bundle within a Bundle is not opened",
        "OperationOutcome": "an OperationOutcome speaks of a request, not of a patient",
    }
)
"""Why a type is kept but makes no fact, where there is more to say than that the twin does not use it."""


def why_unused(kind: str) -> str:
    """Return why resources of a type make no fact."""
    return UNUSED.get(kind, f"{kind} is not used by the twin")
