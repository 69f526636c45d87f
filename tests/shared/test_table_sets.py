"""The public tables read whole: how many rows become facts, rejects or not used, counted against their README."""

import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.table import IMPORTER, declares_shifted, order

pytestmark = pytest.mark.shared_data

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


@dataclass(kw_only=True)
class Read:
    """What became of the rows of one file."""

    items: int = 0
    facts: int = 0
    patients: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    not_used: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    keys: int = 0


def folder(path: Path) -> dict[str, Content]:
    """The tables of a folder as the core hands them over, unpacked, each knowing the others."""
    beside: dict[str, Content] = {}
    for file in sorted(path.glob("*.csv.gz")):
        data = gzip.decompress(file.read_bytes())
        beside[file.name.lower()] = content(f"{file.name}!{file.name[:-3]}", data, beside)
    return beside


def archive(path: Path) -> dict[str, Content]:
    """The tables of a zip file, each knowing the others."""
    beside: dict[str, Content] = {}
    with zipfile.ZipFile(path) as file:
        for name in sorted(file.namelist()):
            if not name.startswith("__MACOSX"):
                beside[name.lower()] = content(f"{path.name}!{name}", file.read(name), beside)
    return beside


def content(name: str, data: bytes, beside: Mapping[str, Content]) -> Content:
    return Content(name=name, size=len(data), opener=lambda: io.BytesIO(data), beside=lambda: beside)


def read_all(tables: Mapping[str, Content], mapping: str | None = None) -> dict[str, Read]:
    """Read every table with what was told of it."""
    return {name.partition(".")[0]: read(each, mapping) for name, each in tables.items()}


def read(table: Content, mapping: str | None = None) -> Read:
    """Read one table and count; its rate is printed."""
    assert IMPORTER.recognises(table.head, table.base_name), table.name
    found, keys, began = Read(), set(), process_time()
    for item in items(table, mapping):
        found.items += 1
        found.facts += len(item.facts)
        found.patients += item.patient is not None
        if item.reject is not None:
            found.rejects[item.reject.reason] += 1
        elif item.not_used is not None:
            found.not_used[item.not_used] += 1
        else:
            keys.add(item.key)
        for fact in item.facts:
            found.systems[fact.coding.system] += 1
            found.values[fact.value_kind] += 1
    found.keys = len(keys)
    rate = found.items / max(process_time() - began, 1e-3)
    print(f"{table.base_name}: {found.items} items, {rate:,.0f} a second of one core, {found}")
    return found


def items(table: Content, mapping: str | None) -> Iterator[Item]:
    return IMPORTER.read(table, Context(now=NOW, mapping=mapping))


def test_mimic_iii_reads_whole(shared_data: Path) -> None:
    tables = folder(shared_data / "ehr" / "mimic3_demo")
    assert all(declares_shifted(each, Context(now=NOW)) for each in tables.values())
    found = read_all(tables)
    assert {name: (each.items, each.facts) for name, each in found.items()} == {
        "admissions": (129, 129),
        "d_icd_diagnoses": (14_567, 0),
        "d_labitems": (753, 0),
        "diagnoses_icd": (1_761, 1_761),
        "labevents": (76_074, 76_074),
        "microbiologyevents": (2_003, 2_003),
        "patients": (100, 100),
        "prescriptions": (10_398, 10_398),
    }
    assert found["patients"].patients == 100
    assert sum(sum(each.rejects.values()) for each in found.values()) == 0
    labs = found["labevents"]
    assert labs.keys == 76_074
    assert labs.systems[LOINC] / labs.facts == pytest.approx(0.96, abs=0.005)
    assert labs.values == {"number": 67_030 + 250, "text": 8_790, "none": 4}  # 250 with a comparator
    assert order(tables["patients.csv.gz"]) < order(tables["labevents.csv.gz"])


def test_mimic_iii_reads_the_same_from_what_is_kept_of_each_row(shared_data: Path) -> None:
    tables = folder(shared_data / "ehr" / "mimic3_demo")
    for name in ("labevents", "diagnoses_icd", "prescriptions", "microbiologyevents", "admissions", "patients"):
        for number, item in enumerate(items(tables[f"{name}.csv.gz"], None)):
            if number % 500 == 0:
                [again] = items(Content.of(item.body.encode()), None)
                assert (again.key, again.fingerprint) == (item.key, item.fingerprint)


def test_the_eicu_demo_reads_whole_dated_to_the_year(shared_data: Path) -> None:
    found = read_all(folder(shared_data / "ehr" / "eicu_demo"))
    assert {name: (each.items, each.facts) for name, each in found.items()} == {
        "allergy": (2_475, 2_475),
        "diagnosis": (24_978, 24_978),
        "pasthistory": (12_109, 8_816),
        "patient": (2_520 + 1_841, 2_520),  # stays, and the people who had them
    }
    assert found["patient"].patients == 1_841
    assert sum(sum(each.rejects.values()) for each in found.values()) == 0
    assert found["pasthistory"].not_used == {
        "says whether a history was taken, not what it was": 3_054,
        "states no condition": 239,
    }


def test_eicu_minutes_count_from_a_declared_day(shared_data: Path) -> None:
    mapping = 'extends = "eicu"\n[dates]\noffset_from = 2015-01-01T00:00:00\nshifted = true\n'
    table = folder(shared_data / "ehr" / "eicu_demo")["pasthistory.csv.gz"]
    facts = [fact for item in items(table, mapping) for fact in item.facts]
    assert len(facts) == 8_816
    assert sum(fact.observed_at.time() != datetime.min.time() for fact in facts) > 8_000
    assert all(fact.known_at >= fact.observed_at and fact.known_basis == "issued" for fact in facts)


def test_omop_reads_whole(shared_data: Path) -> None:
    tables = archive(shared_data / "ehr" / "omop_synthea27nj" / "Synthea27Nj_5.4.zip")
    found = read_all(tables)
    assert len(found) == 39
    assert {name: (each.items, each.facts) for name, each in found.items() if each.facts or each.patients} == {
        "condition_occurrence": (470, 470),
        "death": (3, 3),
        "drug_exposure": (883, 883),
        "measurement": (10_040, 10_040),
        "observation": (8_099, 8_099),
        "person": (28, 0),
        "procedure_occurrence": (1_649, 1_649),
        "visit_occurrence": (1_791, 1_791),
    }
    assert found["person"].patients == 28
    assert sum(sum(each.rejects.values()) for each in found.values()) == 0
    assert found["measurement"].systems == {LOINC: 9_155, SNOMED: 885}
    assert found["measurement"].values == {"number": 9_107 + 3, "none": 885, "text": 45}
    assert found["concept_relationship"].not_used == {"describes the vocabulary": 266_588}
    unused = sum(sum(each.not_used.values()) for each in found.values())
    print(f"OMOP: {sum(each.items for each in found.values())} rows, {unused} of them not used")
