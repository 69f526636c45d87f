"""Which FHIR version a resource is of, where it shows: R4 (4.0, and 4.3 that differs in no type we read) is taken.

Sources: hl7.org/fhir/R4/resourcelist.html, hl7.org/fhir/R4/diff.html, hl7.org/fhir/R5/diff.html (the element that was
renamed or changed its type), hl7.org/fhir/DSTU2 and hl7.org/fhir/STU3 for the names that went.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

R5, STU3, DSTU2, OLDER, ANOTHER = "FHIR R5", "FHIR STU3", "FHIR DSTU2", "FHIR DSTU2 or STU3", "FHIR STU3 or R5"
TAKEN = "this instance takes R4 (4.0.x)"

_R4_TYPES = """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
    ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
    CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
    DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
    EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
    FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
    Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
    MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
    OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
    Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
    RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
    StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
    SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
    TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
    AdministrableProductDefinition Citation ClinicalUseDefinition EvidenceReport Ingredient
    ManufacturedItemDefinition MedicinalProductDefinition NutritionProduct PackagedProductDefinition
    RegulatedAuthorization SubscriptionStatus SubscriptionTopic SubstanceDefinition
"""
TYPES = frozenset(_R4_TYPES.split())
"""Every resource type of R4, and in the last three lines those that R4B added."""

_R5_TYPES = """
    ActorDefinition ArtifactAssessment BiologicallyDerivedProductDispense ConditionDefinition DeviceAssociation
    DeviceDispense DeviceUsage EncounterHistory FormularyItem GenomicStudy ImagingSelection InventoryItem
    InventoryReport MedicationUsage NutritionIntake Permission RequestOrchestration Requirements TestPlan Transport
"""
_DSTU2_TYPES = """
    MedicationOrder DiagnosticOrder Conformance DeviceUseRequest Order OrderResponse Contraindication
    AppointmentRequest OperationRequest
"""
_OLDER_TYPES = """
    ProcedureRequest ReferralRequest BodySite DataElement DeviceComponent EligibilityRequest EligibilityResponse
    ImagingManifest ImagingObjectSelection ProcessRequest ProcessResponse Sequence ServiceDefinition ExpansionProfile
"""
_FOREIGN_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_R5_TYPES.split(), R5),
        **dict.fromkeys(_DSTU2_TYPES.split(), DSTU2),
        **dict.fromkeys(_OLDER_TYPES.split(), OLDER),
    }
)

_FOREIGN_ELEMENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "AllergyIntolerance": {"substance": DSTU2, "assertedDate": STU3, "participant": R5},
        "Condition": {
            "dateRecorded": DSTU2, "patient": DSTU2, "assertedDate": STU3, "context": STU3, "participant": R5,
        },
        "DiagnosticReport": {"codedDiagnosis": OLDER, "context": STU3, "composition": R5, "supportingInfo": R5},
        "Encounter": {"patient": DSTU2, "actualPeriod": R5, "plannedStartDate": R5, "admission": R5, "reason": ANOTHER},
        "FamilyMemberHistory": {"notDone": STU3, "participant": R5},
        "ImagingStudy": {"patient": OLDER, "context": STU3, "accession": OLDER, "procedure": R5},
        "MedicationRequest": {"medication": R5, "context": STU3, "renderedDosageInstruction": R5},
        "MedicationStatement": {
            "wasNotTaken": DSTU2, "patient": DSTU2, "taken": STU3, "medication": R5, "adherence": R5,
        },
        "Observation": {
            "comments": DSTU2, "reliability": DSTU2, "comment": STU3, "related": OLDER, "context": STU3,
            "valueAttachment": ANOTHER, "triggeredBy": R5, "bodyStructure": R5, "valueReference": R5,
        },
        "Patient": {"animal": OLDER},
        "Procedure": {
            "notPerformed": DSTU2, "notDone": STU3, "context": STU3, "occurrenceDateTime": R5, "occurrencePeriod": R5,
        },
    }
)  # fmt: skip
_FOREIGN_SHAPES: Mapping[str, tuple[tuple[str, type, str], ...]] = MappingProxyType(
    {
        "AllergyIntolerance": (("type", dict, R5), ("clinicalStatus", str, OLDER), ("verificationStatus", str, OLDER)),
        "Condition": (("clinicalStatus", str, OLDER), ("verificationStatus", str, OLDER)),
        "Encounter": (("class", list, R5), ("class", str, DSTU2)),
    }
)
_CORE_PROFILE = re.compile(
    r"^http://hl7\.org/fhir/(?:(?P<path>[1-9]\.\d)/)?(?:StructureDefinition/[^|]+(?:\|(?P<version>\d[\w.-]*))?$)?"
)
_RELEASES = (("4.0", None), ("4.3", None), ("4.1", "FHIR R4B ballot"), ("5", R5), ("4.", R5), ("6", "FHIR R6"),
             ("3", STU3), ("1.0", DSTU2), ("1.", OLDER), ("0.", "FHIR DSTU1"))  # fmt: skip


def foreign_type(kind: str) -> str | None:
    """Return the version that alone knows this resource type, None for R4's own and for what no version knows."""
    return _FOREIGN_TYPES.get(kind)


def foreign_declaration(resource: dict[str, Any]) -> str | None:
    """Return the version other than R4 that a resource says it is of (`fhirVersion`, a core profile), or None."""
    stated = resource.get("fhirVersion")
    if isinstance(stated, str):
        return _release(stated)
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    for profile in profiles if isinstance(profiles, list) else ():
        match = _CORE_PROFILE.match(profile) if isinstance(profile, str) else None
        number = (match["path"] or match["version"]) if match else None
        if number and (found := _release(number)) is not None:
            return found
    return None


def foreign_element(kind: str, resource: dict[str, Any]) -> str | None:
    """Return which version a resource shows to be of by an element that R4 does not have, and the element; or None."""
    elements = _FOREIGN_ELEMENTS.get(kind)
    if elements is None:
        return None
    if not elements.keys().isdisjoint(resource):
        name = next(name for name in elements if name in resource)
        return f"{elements[name]}: {kind}.{name}"
    for name, shape, version in _FOREIGN_SHAPES.get(kind, ()):
        if isinstance(resource.get(name), shape):
            return f"{version}: {kind}.{name} is a {_JSON[shape]}"
    return None


_JSON: Mapping[type, str] = {dict: "structure", list: "list", str: "text"}


def _release(number: str) -> str | None:
    return next((name for start, name in _RELEASES if number.startswith(start)), None)
