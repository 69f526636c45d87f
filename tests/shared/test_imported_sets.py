"""Every set of the real EHR data through the whole import into PostgreSQL: sums, rejects by reason, and a second time.

`python -m tests.shared.test_imported_sets` prints the table.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, func, select

from tests.builders import bundle, patient
from tests.conftest import SHARED, embedded_database
from twin import imports
from twin.importers.report import Report
from twin.settings import Settings
from twin.store import migrate, tables
from twin.uploads import Told

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What comes of a set that is imported into an empty database: items by outcome, facts, patients."""

    imported: int
    duplicates: int = 0
    superseded: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    not_used: int
    facts: int
    patients: int
    readme: Mapping[str, int] = field(default_factory=dict)
    """Kind of item to how many of it the README of the sets counts."""


SETS = {
    "synthea_r4_bundles.zip": Expected(
        imported=5260, not_used=1593, facts=5425, patients=21,
        rejected={"implausible": 46},  # 60 to 80 g/dL of protein and 2 to 3.5 g/L of globulin: its units are swapped
        readme={"": 6899, "Patient": 21, "Observation": 3868},
    ),
    "bulk_ndjson_10p.zip": Expected(
        imported=5595, not_used=1569, facts=5585, patients=13, readme={"": 7164, "Patient": 13}
    ),
    "fhir_examples/us_core": Expected(
        imported=157, duplicates=1, not_used=69, facts=163, patients=4,
        # Apgar scores four years before the birth; visits without a period; a height of 25 cm at the age of 12
        rejected={"impossible_date": 7, "no_date_or_code": 2, "implausible": 1},
        readme={"Observation": 139},  # and 236 resources: one item more tells of an order's missing Medication
    ),
    "fhir_examples/ips_validated": Expected(
        imported=130, duplicates=73, superseded=1, not_used=69, facts=123, patients=6,
        rejected={"implausible": 1},  # an HbA1c of 1 %
        readme={"Composition": 8, "Patient": 8},  # two of the people have two documents each
    ),
    "fhir_examples/r4_official": Expected(
        imported=281, duplicates=4, superseded=1, not_used=287, facts=281, patients=43,
        rejected={
            "unreadable": 5,  # Bundles that are messages or answers: 19 of the README's 652 resources are in them
            "unknown_patient": 44, "no_date_or_code": 22, "not_taken": 13, "implausible": 1,
            "id_of_another": 2,
        },
    ),
    "hl7v2/cdc_elr": Expected(
        imported=307, duplicates=9, not_used=171, facts=283, patients=24, rejected={"invalid": 2},
        readme={"MSH": 25, "OBX": 317},
    ),
    "hl7v2/cdc_mapping_inventory": Expected(
        imported=25, duplicates=16, not_used=548, facts=6, patients=18,
        rejected={
            "no_identifier": 184, "no_date_or_code": 33, "impossible_date": 6, "unknown_patient": 1,
            "unreadable": 40,  # the expected bundles beside the messages
        },
        readme={"MSH": 263, "file": 40},
    ),
    "hl7v2/hapi": Expected(
        imported=32, duplicates=3, superseded=3, not_used=242, facts=14, patients=20,
        rejected={"no_date_or_code": 8, "no_segment": 12, "unreadable": 3},
    ),
    "hl7v2/linuxforhealth": Expected(
        imported=8, duplicates=7, not_used=16, facts=6, patients=2, rejected={"no_date_or_code": 2}, readme={"MSH": 4}
    ),
    "hl7v2/mirth_connect": Expected(
        imported=149, duplicates=272, not_used=1042, facts=135, patients=13,
        rejected={"invalid": 6, "bad_unit": 3, "no_date_or_code": 4, "unreadable": 4},
        readme={"MSH": 153},
    ),
    "hl7v2/ms_fhir_converter": Expected(
        imported=151, duplicates=274, superseded=19, not_used=1801, facts=153, patients=22,
        # sent in 1989 of deaths and results after that; results of 1999 of people born in 2019
        rejected={
            "impossible_date": 100, "conflicting_identifiers": 1, "no_date_or_code": 4, "bad_unit": 1, "implausible": 1,
        },
        readme={"MSH": 139},
    ),
    "ccda.zip": Expected(
        imported=659, duplicates=158, superseded=44, not_used=1853, facts=662, patients=34,
        rejected={
            "conflicting_demographics": 717,  # one number for many people: the 15 of EMERGE share theirs
            "unknown_patient": 158,  # snippets of a document without its header
            "impossible_date": 69, "bad_unit": 21, "no_date_or_code": 21, "implausible": 8, "invalid": 2,
            "unreadable": 12,
        },
    ),
    "omop_synthea27nj": Expected(
        imported=22882, not_used=271240, facts=22854, patients=28,
        # Synthea's protein and globulin, and a newborn of 1.8 kg; a file that a Mac's archiver left there
        rejected={"implausible": 81, "unreadable": 1},
        readme={"patient": 28, "measurement": 10040, "condition_occurrence": 470},
    ),
    "mimic3_demo": Expected(
        imported=90414, not_used=15320, facts=90414, patients=100,
        # prescriptions that end before they begin; AST over 10,000, LDH over 20,000, INR over 20 among the values
        rejected={"impossible_date": 39, "implausible": 12, "unreadable": 1},
        readme={
            "patient": 100, "admissions": 129, "labevents": 76074, "diagnoses_icd": 1761, "prescriptions": 10398,
            "microbiologyevents": 2003,
        },
    ),
    "eicu_demo": Expected(
        imported=40630, not_used=3293, facts=38789, patients=1841, rejected={"unreadable": 1},
        readme={"stay": 2520, "pasthistory": 12109, "diagnosis": 24978, "allergy": 2475},
    ),
}  # fmt: skip

MRN = "genome-1"
NAMED = Told(patient=MRN)


@dataclass(frozen=True, kw_only=True)
class Genome:
    """What comes of a VCF that is imported for a patient who is known."""

    facts: int
    told: Told = NAMED
    scored_by: str | None = None
    """A scoring file that is installed before."""
    records: int | None = None
    """How many the README of the sets counts."""


CINECA = "genomics/pgsc_calc_cineca"
GENOMES = {
    "genomics/vcf2fhir/HG00403A.vcf.gz": Genome(facts=2, records=20834),
    "genomics/pharmcat/pharmcat.example.vcf": Genome(facts=11),
    f"{CINECA}/target_genomes/cineca_synthetic_subset.vcf.gz": Genome(
        facts=1,
        told=Told(patient=MRN, sample="HG00096_HG00096", mapping="GRCh37"),
        scored_by=f"{CINECA}/scorefiles/PGS001229_22.txt",
        records=829,
    ),
}


def bring(engine: Engine, home: Path, path: Path, told: Told | None = None) -> Report:
    """Import a path of one source."""
    settings = Settings(home=home, DATABASE_URL=None)
    return imports.import_path(
        engine, settings, path, source="sets", actor="test", clock=lambda: datetime.now(UTC), told=told
    )


def outcomes(report: Report) -> tuple[int, int, int, int, int]:
    """Items imported, duplicate, superseded, rejected, not used."""
    return report.imported, report.duplicates, report.superseded, report.rejected, report.not_used


def kinds(report: Report) -> Counter[str]:
    """How many items of each kind were read; "" is all."""
    found = Counter({"": report.read})
    for (kind, _), count in report.counts.items():
        found[kind] += count
    return found


def reasons(report: Report) -> Counter[str]:
    """How many items were rejected for each reason."""
    return Counter(each.reason for each in report.rejects)


def count(engine: Engine, table: Table) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_imported_whole_and_the_second_time_writes_nothing(
    name: str, engine: Engine, tmp_path: Path, shared_data: Path
) -> None:
    wanted = SETS[name]
    report = bring(engine, tmp_path, shared_data / "ehr" / name)
    assert outcomes(report) == (
        wanted.imported, wanted.duplicates, wanted.superseded, sum(wanted.rejected.values()), wanted.not_used,
    )  # fmt: skip
    assert report.read == sum(outcomes(report))
    assert reasons(report) == wanted.rejected
    assert {kind: kinds(report)[kind] for kind in wanted.readme} == wanted.readme
    assert (report.facts, len(report.patients)) == (wanted.facts, wanted.patients)
    assert (count(engine, tables.fact), count(engine, tables.patient)) == (wanted.facts, wanted.patients)

    again = bring(engine, tmp_path, shared_data / "ehr" / name)
    taken = wanted.imported + wanted.duplicates + wanted.superseded
    assert outcomes(again) == (0, taken, 0, report.rejected, report.not_used)
    assert reasons(again) == wanted.rejected
    assert again.facts == 0
    assert (count(engine, tables.fact), count(engine, tables.patient)) == (wanted.facts, wanted.patients)


@pytest.mark.parametrize("name", GENOMES)
def test_a_genome_becomes_facts_of_the_patient_who_was_named_once(
    name: str, engine: Engine, tmp_path: Path, shared_data: Path
) -> None:
    wanted = GENOMES[name]
    report, again = import_genome(engine, tmp_path, shared_data / "ehr", name)
    assert outcomes(report) == (wanted.facts, 0, 0, 0, report.read - wanted.facts)
    assert (report.facts, len(report.patients)) == (wanted.facts, 1)
    if wanted.records is not None:
        assert kinds(report)["Record"] + kinds(report)["Variant"] == wanted.records
    assert kinds(report)["PolygenicScore"] == (wanted.scored_by is not None)
    assert outcomes(again) == (0, wanted.facts, 0, 0, report.not_used)
    assert (count(engine, tables.fact), count(engine, tables.patient)) == (wanted.facts, 1)


def import_genome(engine: Engine, home: Path, ehr: Path, name: str) -> tuple[Report, Report]:
    """Make a patient, install the scoring file, and import the genome twice."""
    wanted = GENOMES[name]
    somebody = home / "somebody.json"
    somebody.write_bytes(bundle(patient(mrn=MRN)))
    bring(engine, home, somebody)
    if wanted.scored_by is not None:
        installed = bring(engine, home, ehr / wanted.scored_by)
        assert (installed.read, installed.not_used) == (1, 1)
    return bring(engine, home, ehr / name, wanted.told), bring(engine, home, ehr / name, wanted.told)


def main() -> None:
    """Import every set into an embedded database of its own, and print what came of it as Markdown."""
    print("| set | read | imported | duplicates | superseded | rejected | not used | facts | patients | s | s again |")
    print("|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|")
    for name in (*SETS, *GENOMES):
        with embedded_database() as engine, tempfile.TemporaryDirectory() as home:
            migrate.upgrade(engine)
            if name in GENOMES:
                report, again = import_genome(engine, Path(home), SHARED / "data" / "ehr", name)
                seconds = ["", ""]
            else:
                started = time.perf_counter()
                report = bring(engine, Path(home), SHARED / "data" / "ehr" / name)
                between = time.perf_counter()
                again = bring(engine, Path(home), SHARED / "data" / "ehr" / name)
                seconds = [f"{between - started:.1f}", f"{time.perf_counter() - between:.1f}"]
            assert (again.facts, again.imported) == (0, 0)
            imported, duplicates, superseded, rejected, not_used = outcomes(report)
            why = ", ".join(f"{reason} {number}" for reason, number in reasons(report).most_common())
            cells = (
                name, report.read, imported, duplicates, superseded, f"{rejected} ({why})" if why else 0, not_used,
                report.facts, len(report.patients), *seconds,
            )  # fmt: skip
            print("| " + " | ".join(str(each) for each in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
