"""The units and codes of the real data: UCUM's functional tests whole, and what MIMIC, Synthea and the GEM become."""

import csv
import gzip
import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from twin.record.codes import concept_of, loinc_signals, signal_of
from twin.record.codes.concepts import with_broader
from twin.record.codes.rows import rows
from twin.record.fact import Coding, FactKind
from twin.record.signal import by_loinc, signals
from twin.record.units import conversion
from twin.record.units.spelling import readings
from twin.record.units.ucum import Measure, measure

pytestmark = pytest.mark.shared_data

ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
EXCEPTIONS: dict[str, str] = {}
"""UCUM functional tests that we do not pass: id to reason. None: what ucumvert gets wrong is mended on our side."""
OTHERWISE = {
    **dict.fromkeys(("E/l", "E/L"), "Einheit is U, not IU; in an enzyme both are read as U"),
    **dict.fromkeys(("mE/ml", "mU/ml", "uE/ml", "µE/ml", "µU/ml"), "hormones and antibodies: IU; in an enzyme U"),
    **dict.fromkeys(("o/oo", "O/oo"), "per mille is 10*-3, their target is 10*-4"),
    "mL/min/1,73": "per 1.73 m2, not divided by the number 1.73",
    "pro Feld": "per field, their target is the field",
    "RE/ml": "per mL, their target has no volume",
}
"""Spellings of the German table that we read otherwise, and why."""
NO_UNITS = {"+/-": "a result, written as a unit", "Pos/Neg": "a result, written as a unit"}


@pytest.fixture(scope="module")
def terminology() -> Path:
    return Path(__file__).parents[3] / "shared" / "data" / "ehr" / "terminology"


@pytest.fixture(scope="module")
def functional(terminology: Path) -> ElementTree.Element:
    return ElementTree.parse(terminology / "ucum" / "UcumFunctionalTests.xml").getroot()


def cases(functional: ElementTree.Element, section: str, count: int) -> list[dict[str, str]]:
    """The cases of a section; `count` of them, so that none is lost on the way."""
    found = functional.find(section)
    assert found is not None
    listed = [case.attrib for case in found.findall("case")]
    assert len(listed) == count
    return [case for case in listed if case["id"] not in EXCEPTIONS]


def table(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter=delimiter)


def unit(text: str) -> Measure:
    found = measure(text)
    assert found is not None, text
    return found


def rounded_as(value: float, shown: str) -> float:
    """`value` to as many significant digits as `shown` has, 14 at most: more are not in a float."""
    digits = shown.lower().partition("e")[0].replace(".", "").lstrip("0")
    return float(f"{value:.{min(len(digits), 14)}g}")


def test_ucum_validation(functional: ElementTree.Element) -> None:
    wrong = [
        case["id"]
        for case in cases(functional, "validation", 529)
        if (measure(case["unit"]) is not None) != (case["valid"] == "true")
    ]
    assert wrong == []


def test_ucum_conversion(functional: ElementTree.Element) -> None:
    for case in cases(functional, "conversion", 30):
        given, wanted = unit(case["srcUnit"]), unit(case["dstUnit"])
        assert given.is_like(wanted), case
        converted = float(case["value"]) * given.factor / wanted.factor
        expected = rounded_as(float(case["outcome"]), case["outcome"])
        assert rounded_as(converted, case["outcome"]) == pytest.approx(expected, rel=1e-12), case


@pytest.mark.parametrize(("section", "power", "count"), [("multiplication", 1, 2), ("division", -1, 3)])
def test_ucum_products(functional: ElementTree.Element, section: str, power: int, count: int) -> None:
    for case in cases(functional, section, count):
        product, wanted = unit(case["u1"]).times(unit(case["u2"]), power), unit(case["uRes"] or "1")
        assert (product.dimension, product.kinds) == (wanted.dimension, wanted.kinds), case
        value = float(case["v1"]) * float(case["v2"]) ** power * product.factor / wanted.factor
        assert rounded_as(value, case["vRes"]) == pytest.approx(rounded_as(float(case["vRes"]), case["vRes"])), case


def test_the_cases_that_do_not_run_are_comments(terminology: Path, functional: ElementTree.Element) -> None:
    text = (terminology / "ucum" / "UcumFunctionalTests.xml").read_text(encoding="utf-8")
    live = sum(len(section.findall("case")) for section in functional)
    commented = sum(
        node.text.count("<case")
        for node in ElementTree.fromstring(text, ElementTree.XMLParser(target=_keeping_comments())).iter()
        if node.tag is ElementTree.Comment and node.text
    )
    assert text.count("<case") == live + commented


def _keeping_comments() -> ElementTree.TreeBuilder:
    return ElementTree.TreeBuilder(insert_comments=True)


def test_every_unit_of_mimic_is_understood(shared_data: Path) -> None:
    counted: Counter[str] = Counter()
    for row in table(shared_data / "ehr" / "mimic3_demo" / "LABEVENTS.csv.gz"):
        if row["valueuom"]:
            counted[row["valueuom"]] += 1
    not_understood = {text for text in counted if all(measure(each) is None for each in readings(text))}
    print(f"MIMIC: {len(counted)} unit texts in {counted.total()} rows, not understood: {sorted(not_understood)}")
    assert not_understood == NO_UNITS.keys()
    became = {text: readings(text)[0] for text in ("K/uL", "m/uL", "EU/dL", "mEq/L", "IU/L", "MG/DL", "units", "#/hpf")}
    assert became == {
        "K/uL": "10*3/uL", "m/uL": "10*6/uL", "EU/dL": "[EU]/dL", "mEq/L": "meq/L", "IU/L": "[IU]/L",
        "MG/DL": "mg/dL", "units": "[arb'U]", "#/hpf": "/[HPF]",
    }  # fmt: skip


def test_every_unit_of_a_mimic_signal_belongs_to_it(shared_data: Path) -> None:
    folder = shared_data / "ehr" / "mimic3_demo"
    loinc = {row["itemid"]: row["loinc_code"] for row in table(folder / "D_LABITEMS.csv.gz")}
    rows_of: Counter[str] = Counter()
    foreign: set[tuple[str, str]] = set()
    for row in table(folder / "LABEVENTS.csv.gz"):
        key = loinc_signals().get(loinc[row["itemid"]])
        rows_of["mapped" if key else "without a signal"] += 1
        if (
            key
            and row["valueuom"]
            and not signals()[key].is_coded
            and conversion(row["valueuom"], signals()[key]) is None
        ):
            foreign.add((key, row["valueuom"]))
    print(f"MIMIC: lab rows {dict(rows_of)}")
    assert foreign == set()
    assert rows_of["mapped"] == 52_142


def test_the_german_spellings_are_read_as_their_table_says(terminology: Path) -> None:
    fates: dict[str, list[str]] = defaultdict(list)
    for row in table(terminology / "loinc_conversion" / "synonyms.tsv", "\t"):
        text, wanted = row["NOT_UCUM"], measure(row["UCUM"])
        ours = next((found for each in readings(text) if (found := measure(each)) is not None), None)
        if wanted is None:
            fates["their target is not UCUM"].append(text)
        elif ours is None:
            fates["not understood"].append(text)
        elif ours.is_like(wanted) and ours.factor == pytest.approx(wanted.factor):
            fates["as they say"].append(text)
        else:
            fates["otherwise"].append(text)
    print({fate: len(texts) for fate, texts in fates.items()})
    for fate in ("not understood", "otherwise", "their target is not UCUM"):
        print(f"{fate}: {fates[fate]}")
    assert len(fates["as they say"]) >= 130
    assert set(fates["otherwise"]) == OTHERWISE.keys()


def test_a_further_loinc_code_has_the_name_that_was_looked_up(terminology: Path) -> None:
    named: dict[str, tuple[str, str]] = {}
    for line in (terminology / "loinc_short" / "short_loinc.txt").read_text(encoding="latin-1").splitlines():
        cells = line.split("\t")
        if len(cells) > 6:
            named[cells[0]] = (cells[1], cells[6])
    for row in rows("loinc_more.csv"):
        assert named[row["loinc"]] == (row["system"], row["short_name"])
    assert not {row["loinc"] for row in rows("loinc_more.csv")} & by_loinc().keys()


def test_icd9_and_icd10_mean_the_same_by_the_equivalence_mappings(terminology: Path) -> None:
    """Where both sides have a concept, one is the other or a kind of it."""
    equivalents: dict[str, list[str]] = defaultdict(list)
    for row in table(terminology / "icd" / "icd_cm_9_to_10_mapping.csv.gz"):
        equivalents[row["icd_9"]].append(row["icd_10"])
    fates: Counter[str] = Counter()
    for nine, tens in equivalents.items():
        old, new = _meant(ICD9, (nine,)), _meant(ICD10, tens)
        if old and new:
            fates["agree" if old <= new or new <= old else "differ"] += 1
        elif old or new:
            fates["only ICD-9" if old else "only ICD-10"] += 1
    print(f"GEM: {len(equivalents)} ICD-9-CM codes, {dict(fates)}")
    assert fates["differ"] == 0
    assert fates["agree"] >= 1_750
    assert fates["only ICD-10"] <= 80
    assert fates["only ICD-9"] <= 170


def _meant(system: str, codes: tuple[str, ...] | list[str]) -> set[str]:
    found = (concept_of("condition", [Coding(system=system, code=code)]) for code in codes)
    return {key for concept in found if concept for key in with_broader(concept) if "+" not in key}


KINDS: dict[str, tuple[FactKind, str]] = {
    "Observation": ("observation", "code"),
    "Condition": ("condition", "code"),
    "Procedure": ("procedure", "code"),
    "MedicationRequest": ("medication", "medicationCodeableConcept"),
}


def test_what_synthea_sends_is_mapped(shared_data: Path) -> None:
    met: dict[str, set[Coding]] = defaultdict(set)
    with zipfile.ZipFile(shared_data / "ehr" / "synthea_r4_bundles.zip") as archive:
        for name in archive.namelist():
            for entry in json.loads(archive.read(name))["entry"] if name.endswith(".json") else ():
                kind, field = KINDS.get(entry["resource"]["resourceType"], (None, ""))
                for each in entry["resource"].get(field, {}).get("coding", ()) if kind else ():
                    found = Coding(system=each["system"], code=each["code"])
                    met[entry["resource"]["resourceType"]].add(found)
    mapped = {
        resource: sum(
            (signal_of([each]) if resource == "Observation" else concept_of(KINDS[resource][0], [each])) is not None
            for each in codes
        )
        for resource, codes in met.items()
    }
    print({resource: f"{mapped[resource]} of {len(codes)} codes, without display" for resource, codes in met.items()})
    assert mapped["Observation"] >= 38
    assert mapped["Condition"] >= 23
    assert mapped["MedicationRequest"] >= 13


def test_mimic_prescriptions_become_classes_and_no_solution_does(shared_data: Path) -> None:
    classes: dict[str, str | None] = {}
    for row in table(shared_data / "ehr" / "mimic3_demo" / "PRESCRIPTIONS.csv.gz"):
        words = row["drug"]
        classes[words.lower()] = concept_of("medication", [Coding(system="", code="", display=words)])
    named = {
        "furosemide": "loop_diuretic", "metoprolol tartrate": "beta_blocker", "insulin": "insulin",
        "insulin human regular": "insulin", "warfarin": "vitamin_k_antagonist", "lisinopril": "ace_inhibitor",
        "atorvastatin": "statin", "aspirin": "aspirin", "prednisone": "corticosteroid",
        "sodium chloride 0.9%  flush": None, "0.9% sodium chloride": None, "potassium chloride": None, "d5w": None,
        "syringe": None, "nystatin oral suspension": None, "timolol maleate 0.25%": None, "heparin": None,
        "prednisolone acetate 1% ophth. susp.": None, "magnesium sulfate": None, "alteplase (catheter clearance)": None,
    }  # fmt: skip
    print(f"MIMIC: {sum(map(bool, classes.values()))} of {len(classes)} drug names have a class")
    assert {words: classes[words] for words in named} == named
