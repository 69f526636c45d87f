"""What does the simulated hospital measure, where does a healthy adult's value lie, and how does a laboratory print it?

Levels are house values, chosen inside the reference ranges of `signals.csv`; they describe no real population. The
noise of a measurement is not here: it comes from `signals.csv` (within-person and analytical variation).
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Scale = Literal["log", "linear"]
Panel = Literal["vitals", "body", "cbc", "liver", "coagulation", "lipids", "renal", "glucose", "urine", "tumour"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Print:
    """How one laboratory reports a signal: LOINC code, unit as spelled there, the same unit in UCUM, decimals."""

    loinc: str
    unit: str
    ucum: str
    decimals: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Assay:
    """One measured signal.

    `men`, `women`: a healthy adult's level at the start, in the canonical unit. `spread`: standard deviation between
    healthy people, `drift`: change a year with age; both as a fraction on the log scale, in the canonical unit on the
    linear one. `conventional` is the print of a laboratory that works in mass units.
    """

    signal: str
    title: str
    panel: Panel
    scale: Scale
    men: float
    women: float
    spread: float
    drift: float
    si: Print
    conventional: Print


def _assay(
    panel: Panel,
    signal: str,
    title: str,
    scale: Scale,
    levels: tuple[float, float],
    spread: float,
    drift: float,
    si: tuple[str, str, int],
    conventional: tuple[str, str, str, int] | None = None,
) -> Assay:
    home = Print(loinc=si[0], unit=si[1], ucum=si[1], decimals=si[2])
    other = home
    if conventional is not None:
        other = Print(loinc=conventional[0], unit=conventional[1], ucum=conventional[2], decimals=conventional[3])
    men, women = levels
    return Assay(
        signal=signal, title=title, panel=panel, scale=scale, men=men, women=women, spread=spread, drift=drift,
        si=home, conventional=other,
    )  # fmt: skip


# LOINC codes: signals.csv. Conventional spellings: those seen in real exports (docs/reference/signals.md).
ASSAYS: tuple[Assay, ...] = (
    _assay("vitals", "sbp", "Systolic blood pressure", "linear", (118, 113), 6, 0.35, ("8480-6", "mm[Hg]", 0)),
    _assay("vitals", "dbp", "Diastolic blood pressure", "linear", (76, 72), 5, 0.1, ("8462-4", "mm[Hg]", 0)),
    _assay("vitals", "heart_rate", "Heart rate", "linear", (72, 74), 6, 0.0, ("8867-4", "/min", 0)),
    _assay("body", "weight", "Body weight", "linear", (71, 58), 7, 0.1, ("29463-7", "kg", 1)),
    _assay("body", "height", "Body height", "linear", (171, 160), 6, 0.0, ("8302-2", "cm", 1)),
    _assay("body", "waist", "Waist circumference", "linear", (84, 76), 5, 0.1, ("8280-0", "cm", 0)),
    _assay("cbc", "platelets", "Platelets", "log", (228, 245), 0.12, -0.003, ("777-3", "10*9/L", 0),
           ("777-3", "K/uL", "10*3/uL", 0)),
    _assay("cbc", "hemoglobin", "Hemoglobin", "linear", (150, 132), 7, 0.0, ("718-7", "g/L", 0),
           ("718-7", "g/dL", "g/dL", 1)),
    _assay("cbc", "wbc", "Leukocytes", "linear", (6.0, 5.8), 0.9, 0.0, ("6690-2", "10*9/L", 2),
           ("6690-2", "K/uL", "10*3/uL", 1)),
    _assay("liver", "alt", "Alanine aminotransferase", "log", (22, 17), 0.2, 0.0, ("1742-6", "U/L", 0),
           ("1742-6", "IU/L", "[IU]/L", 0)),
    _assay("liver", "ast", "Aspartate aminotransferase", "log", (22, 19), 0.13, 0.002, ("1920-8", "U/L", 0),
           ("1920-8", "IU/L", "[IU]/L", 0)),
    _assay("liver", "ggt", "Gamma glutamyl transferase", "log", (24, 16), 0.3, 0.005, ("2324-2", "U/L", 0),
           ("2324-2", "IU/L", "[IU]/L", 0)),
    _assay("liver", "alp", "Alkaline phosphatase", "log", (72, 66), 0.15, 0.003, ("6768-6", "U/L", 0),
           ("6768-6", "IU/L", "[IU]/L", 0)),
    _assay("liver", "albumin", "Albumin", "linear", (45.5, 44.5), 1.5, -0.05, ("1751-7", "g/L", 1),
           ("1751-7", "g/dl", "g/dL", 1)),
    _assay("liver", "bilirubin_total", "Bilirubin, total", "log", (11, 9), 0.2, 0.0, ("14631-6", "umol/L", 1),
           ("1975-2", "mg/dL", "mg/dL", 1)),
    _assay("coagulation", "inr", "INR", "linear", (1.0, 1.0), 0.03, 0.0, ("6301-6", "1", 2),
           ("6301-6", "{INR}", "{INR}", 1)),
    _assay("renal", "creatinine", "Creatinine", "log", (78, 60), 0.1, 0.002, ("14682-9", "umol/L", 0),
           ("2160-0", "mg/dL", "mg/dL", 2)),
    _assay("renal", "urea_nitrogen", "Urea nitrogen", "linear", (14, 12.5), 2, 0.05, ("14937-7", "mmol/L", 1),
           ("3094-0", "mg/dl", "mg/dL", 0)),
    _assay("renal", "sodium", "Sodium", "linear", (140.5, 140.5), 1.0, 0.0, ("2951-2", "mmol/L", 0),
           ("2951-2", "mEq/L", "meq/L", 0)),
    _assay("renal", "potassium", "Potassium", "linear", (4.2, 4.1), 0.15, 0.0, ("2823-3", "mmol/L", 2),
           ("2823-3", "mEq/L", "meq/L", 1)),
    _assay("glucose", "glucose_fasting", "Fasting glucose", "linear", (5.0, 4.9), 0.2, 0.01, ("14771-0", "mmol/L", 2),
           ("1558-6", "mg/dL", "mg/dL", 0)),
    _assay("glucose", "hba1c", "Hemoglobin A1c", "linear", (5.3, 5.25), 0.15, 0.008, ("4548-4", "%", 1)),
    _assay("lipids", "hdl_c", "HDL cholesterol", "linear", (1.25, 1.45), 0.15, 0.0, ("14646-4", "mmol/L", 2),
           ("2085-9", "mg/dL", "mg/dL", 0)),
    _assay("lipids", "ldl_c", "LDL cholesterol", "linear", (2.6, 2.5), 0.25, 0.01, ("22748-8", "mmol/L", 2),
           ("13457-7", "mg/dL", "mg/dL", 0)),
    _assay("lipids", "triglycerides", "Triglycerides", "log", (1.3, 1.1), 0.2, 0.005, ("14927-8", "mmol/L", 2),
           ("2571-8", "mg/dL", "mg/dL", 0)),
    _assay("urine", "urine_acr", "Albumin/creatinine in urine", "log", (7, 8), 0.3, 0.01, ("14959-1", "mg/g", 1),
           ("9318-7", "ug/mg", "ug/mg", 1)),
    _assay("tumour", "afp", "Alpha-fetoprotein", "log", (2.5, 2.3), 0.25, 0.0, ("1834-1", "ng/mL", 2)),
)  # fmt: skip

INDEX = MappingProxyType({assay.signal: number for number, assay in enumerate(ASSAYS)})

PRINTED = MappingProxyType(
    {
        "total_cholesterol": (
            Print(loinc="14647-2", unit="mmol/L", ucum="mmol/L", decimals=2),
            Print(loinc="2093-3", unit="mg/dL", ucum="mg/dL", decimals=0),
        ),
        "bmi": (Print(loinc="39156-5", unit="kg/m2", ucum="kg/m2", decimals=1),) * 2,
        "egfr": (
            Print(loinc="98979-8", unit="mL/min/{1.73_m2}", ucum="mL/min/{1.73_m2}", decimals=0),
            # what one real export sends under a code that is per 1.73 m2 by definition: kept, never computed on
            Print(loinc="33914-3", unit="mL/min", ucum="mL/min", decimals=0),
        ),
    }
)
"""Signals that follow from others: the print of a laboratory in SI units, and of one in mass units."""

LIMITS = MappingProxyType({"urine_acr": 3.0, "afp": 1.0})
"""Below these (canonical unit) the laboratory reports `<`: house values of the order of the assays' own limits."""
