"""Which codes does the simulated hospital send for its problems, medicines, habits and panels?

SNOMED CT and RxNorm codes are those that public Synthea exports use or that `concepts.csv` maps; ATC codes are from
the WHO index of 2024; LOINC panels were looked up in the LOINC table.
"""

from types import MappingProxyType

from twin.record.codes import ATC, LOINC, RXNORM, SNOMED

ICD10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
MRN = "urn:oid:2.999.1"  # 2.999 is the arc for examples
ACCESSION = "urn:oid:2.999.2"
Codes = tuple[tuple[str, str, str], ...]

PROBLEMS: MappingProxyType[str, Codes] = MappingProxyType(
    {
        "fatty_liver": ((SNOMED, "197321007", "Steatosis of liver"), (ICD10, "K76.0", "Fatty liver")),
        "hbv": ((SNOMED, "61977001", "Chronic type B viral hepatitis"), (ICD10, "B18.1", "Chronic viral hepatitis B")),
        "cirrhosis": ((SNOMED, "19943007", "Cirrhosis of liver"), (ICD10, "K74.6", "Cirrhosis of liver")),
        "ascvd": ((SNOMED, "22298006", "Myocardial infarction"), (ICD10, "I25.2", "Old myocardial infarction")),
        "hypertension": ((SNOMED, "38341003", "Hypertension"), (ICD10, "I10", "Essential hypertension")),
        "hyperlipidemia": ((SNOMED, "55822004", "Hyperlipidemia"), (ICD10, "E78.5", "Hyperlipidaemia")),
        "prediabetes": ((SNOMED, "15777000", "Prediabetes"),),
        "diabetes": ((SNOMED, "44054006", "Diabetes mellitus type 2"), (ICD10, "E11.9", "Type 2 diabetes mellitus")),
        "ckd": ((SNOMED, "709044004", "Chronic kidney disease"), (ICD10, "N18.3", "Chronic kidney disease, stage 3")),
    }
)

MEDICINES: MappingProxyType[str, Codes] = MappingProxyType(
    {
        "entecavir": ((ATC, "J05AF10", "entecavir"),),
        "amlodipine": ((ATC, "C08CA01", "amlodipine"), (RXNORM, "197361", "Amlodipine 5 MG Oral Tablet")),
        "losartan": ((ATC, "C09CA01", "losartan"),),
        "simvastatin": ((ATC, "C10AA01", "simvastatin"), (RXNORM, "312961", "Simvastatin 20 MG Oral Tablet")),
        "metformin": (
            (ATC, "A10BA02", "metformin"),
            (RXNORM, "860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"),
        ),
        "ibuprofen": ((ATC, "M01AE01", "ibuprofen"), (RXNORM, "310965", "Ibuprofen 200 MG Oral Tablet")),
    }
)

SMOKING: MappingProxyType[str, Codes] = MappingProxyType(
    {
        "never": ((SNOMED, "266919005", "Never smoker"),),
        "former": ((SNOMED, "8517006", "Former smoker"),),
        "current": ((SNOMED, "449868002", "Current every day smoker"),),
    }
)

HBSAG: MappingProxyType[bool, Codes] = MappingProxyType(
    {True: ((SNOMED, "10828004", "Positive"),), False: ((SNOMED, "260385009", "Negative"),)}
)

PANELS: MappingProxyType[str, Codes] = MappingProxyType(
    {
        "cbc": ((LOINC, "58410-2", "CBC panel - Blood by Automated count"),),
        "liver": ((LOINC, "24325-3", "Hepatic function panel"),),
        "lipids": ((LOINC, "24331-1", "Lipid panel"),),
        "renal": ((LOINC, "24362-6", "Renal function panel"),),
    }
)

CHECKUP: Codes = ((SNOMED, "185349003", "Encounter for check up"),)
FOLLOW_UP: Codes = ((SNOMED, "390906007", "Follow-up encounter"),)
BLOOD_PRESSURE: Codes = ((LOINC, "85354-9", "Blood pressure panel"), (LOINC, "55284-4", "Blood pressure"))
LIVER_STIFFNESS: Codes = ((LOINC, "77615-3", "Liver stiffness by US.transient elastography"),)
PENICILLIN: Codes = ((SNOMED, "91936005", "Allergy to penicillin"),)
INFARCTION: Codes = ((SNOMED, "22298006", "Myocardial infarction"),)
FATHER: Codes = (("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "FTH", "father"),)
INFLUENZA: Codes = (("http://hl7.org/fhir/sid/cvx", "140", "Influenza, seasonal, injectable, preservative free"),)


def concept(codes: Codes, text: str | None = None) -> dict[str, object]:
    """Return a FHIR CodeableConcept."""
    coding = [{"system": system, "code": code, "display": display} for system, code, display in codes]
    return {"coding": coding, "text": text or codes[0][2]}
