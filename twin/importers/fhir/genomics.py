"""What an Observation by the Genomics Reporting guide says of a variant: which one (dbSNP), in which allelic state.

Source: HL7 FHIR Genomics Reporting STU2, profile Variant (hl7.org/fhir/uv/genomics-reporting/STU2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from twin.importers.fhir.facts import codings_of
from twin.importers.fhir.models import CodeableConcept, ObservationModel
from twin.record.codes import LOINC
from twin.record.fact import Coding
from twin.record.genome.panel import panel

DBSNP = "http://www.ncbi.nlm.nih.gov/snp"
_VARIANT, _DBSNP_ID, _ALLELIC_STATE, _GENE, _HGVS = "69548-6", "81255-2", "53034-5", "48018-6", ("81290-9", "48004-6")
_ALT_ALLELE = "69551-0"  # its bases on the forward strand of the genome
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "LA6706-1": "heterozygous", "LA6705-3": "homozygous", "LA6707-9": "hemizygous",  # LOINC 53034-5, answers
        "LA6703-8": "heteroplasmic", "LA6704-6": "homoplasmic",
    }
)  # fmt: skip
_PRESENCE: Mapping[str, str] = MappingProxyType(
    {"LA9633-4": "present", "LA9634-2": "absent", "LA18198-4": "no call", "LA11883-8": "indeterminate"}
)  # Genomics Reporting STU2, Variant.value[x] (LOINC LL1971-2)
_NO_CALL = "LA18198-4"  # not read is no value, and above all not the reference allele
_OTHER_ALLELE = "other_allele"  # of the same place and number, about which our panel knows nothing
_RS_NUMBER = re.compile(r"^(?:rs)?(\d{1,12})$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A variant's dbSNP coding, None where the report gives no number; and its state as the value of a fact."""

    coding: Coding | None
    value: Mapping[str, Any] | None  # the value fields of FactDraft


def variant_of(model: ObservationModel) -> Variant | None:
    """Return the variant an Observation assesses, None where it assesses none."""
    if not _has_code(model.code, _VARIANT):
        return None
    number = _RS_NUMBER.match(_answer(model, _DBSNP_ID).code)
    coding = None
    if number is not None:
        gene, change = (
            _answer(model, _GENE),
            next((each for code in _HGVS if (each := _answer(model, code)).code), None),
        )
        words = (gene.display or gene.code, (change.display or change.code) if change else "")
        coding = Coding(system=DBSNP, code=f"rs{number[1]}", display=" ".join(word for word in words if word))
    value = _state(model)
    if coding is not None and value is not None and _is_another(coding.code, _answer(model, _ALT_ALLELE).code):
        value = {"value_kind": "code", "value": _OTHER_ALLELE, "value_coding": value["value_coding"]}
    return Variant(coding=coding, value=value)


def _is_another(rsid: str, stated: str) -> bool:
    """Whether a report tells of another base than the panel counts: several alleles share one number.

    Longer alleles are left as they are: an insertion can be written in many ways.
    """
    ours = panel().get(rsid)
    return ours is not None and len(stated) == len(ours.alt) == len(ours.ref) == 1 and stated.upper() != ours.alt


def _state(model: ObservationModel) -> dict[str, Any] | None:
    """Absent, not called and indeterminate outweigh an allelic state, which then speaks of no allele of this person."""
    presence = _in_loinc(model.valueCodeableConcept, _PRESENCE)
    if presence is None or presence.code == "LA9633-4":
        for part in model.component:
            if _has_code(part.code, _ALLELIC_STATE):
                state = _in_loinc(part.valueCodeableConcept, _STATES)
                if state is not None:
                    return {"value_kind": "code", "value": _STATES[state.code], "value_coding": state}
    if presence is None:
        return None
    if presence.code == _NO_CALL:
        return {"value_coding": presence}
    return {"value_kind": "code", "value": _PRESENCE[presence.code], "value_coding": presence}


def _answer(model: ObservationModel, code: str) -> Coding:
    part = next((each for each in model.component if _has_code(each.code, code)), None)
    if part is None:
        return Coding(system="", code="")
    if part.valueString is not None:
        return Coding(system="", code=part.valueString)
    coding, _ = codings_of(part.valueCodeableConcept)
    return coding if coding.code else Coding(system="", code=coding.display)


def _in_loinc(concept: CodeableConcept | None, known: Mapping[str, str]) -> Coding | None:
    if concept is None:
        return None
    first, others = codings_of(concept)
    return next((each for each in (first, *others) if each.system == LOINC and each.code in known), None)


def _has_code(concept: CodeableConcept, code: str) -> bool:
    return any(each.code == code and each.system == LOINC for each in concept.coding)
