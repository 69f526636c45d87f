"""What every import format owes."""

from datetime import UTC, datetime

import pytest

from tests.builders import bundle, lab, patient
from tests.unit.imaging.report_files import MILLIMETRE, document, group, number
from twin.errors import TwinError
from twin.importers import IMPORTERS, recognise
from twin.importers.base import Context, Importer
from twin.importers.content import Content

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))
SAMPLES: dict[str, tuple[str, bytes]] = {
    "fhir": (
        "bundle.json",
        bundle(patient(), lab("o", "2160-0", 1, "mg/dL", "2020"), {"resourceType": "Claim"}),
    ),
    "hl7v2": (
        "result.hl7",
        b"MSH|^~\\&|LIS|LAB|||20200102||ORU^R01|1|P|2.5\rPID|1||7^^^LAB^MR||A^B||19600504|F\rORC|RE||9\r"
        b"OBR|1||9|1^Panel^L|||20200101\rOBX|1|NM|2160-0^Creatinine^LN||1|mg/dL|||||F\rNTE|1||fasting",
    ),
    "dicom_report": ("report.dcm", document(group(number("4.5", MILLIMETRE)))),
    "ccda": (
        "summary.xml",
        b'<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        b'<effectiveTime value="20200102"/><recordTarget><patientRole><id root="1.2.3" extension="7"/></patientRole>'
        b'</recordTarget><component><structuredBody><component><section><code code="30954-2"/><entry><observation '
        b'classCode="OBS" moodCode="EVN"><id root="9"/><code code="2160-0" codeSystem="2.16.840.1.113883.6.1"/>'
        b'<effectiveTime value="20200101"/><value xsi:type="PQ" value="1" unit="mg/dL"/></observation></entry>'
        b"</section></component></structuredBody></component></ClinicalDocument>",
    ),
    "vcf": (
        "genome.vcf",
        b"##fileformat=VCFv4.2\n##reference=GRCh37\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tperson\n"
        b"19\t45411941\trs429358\tT\tC\t50\tPASS\t.\tGT\t0|1\n1\t1\t.\tA\tG\t.\t.\t.\tGT\t0/1\n",
    ),
    "pgs": (
        "PGS000001.txt",
        b"#pgs_id=PGS000001\n#genome_build=GRCh37\nchr_name\tchr_position\teffect_allele\teffect_weight\n1\t1\tA\t1\n",
    ),
    "table": (
        "results.csv",
        "MRN,Name,Sex,DOB,Test,Test code,Result,Units,Collected,Reported,Accession\n"
        '1,"Prüfung, F",F,1960-05-04,Creatinine,CREA,72.50,umol/L,2020-01-01 08:00,2020-01-01 10:00,A1\n'
        "2,,,,Creatinine,CREA,<5,umol/L,2020-01-02,,A2\n".encode(),
    ),
}
"""Of each format a small file by its name, with a result, made here."""

OF_NO_PATIENT = frozenset({"pgs"})
"""Formats that bring reference files, not facts."""


def sample_of(importer: Importer) -> Content:
    name, content = SAMPLES[importer.key]
    return Content.of(content, name)


each_importer = pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.key)


@each_importer
def test_a_format_has_a_sample_here(importer: Importer) -> None:
    assert importer.key in SAMPLES


@each_importer
def test_a_format_recognises_its_own_sample(importer: Importer) -> None:
    assert recognise(sample_of(importer)) is importer


@each_importer
def test_every_item_has_one_and_only_one_fate(importer: Importer) -> None:
    for item in importer.read(sample_of(importer), CONTEXT):
        ways = [bool(item.facts or item.patient or item.merge), item.reject is not None, item.not_used is not None]
        assert sum(ways) == 1, item


@each_importer
def test_reading_twice_gives_the_same_keys_and_fingerprints(importer: Importer) -> None:
    def names() -> list[tuple[str, str]]:
        return [(item.key, item.fingerprint) for item in importer.read(sample_of(importer), CONTEXT)]

    assert names() == names()


@each_importer
def test_mangled_bytes_never_crash_a_format(importer: Importer) -> None:
    name, sample = SAMPLES[importer.key]
    for position in range(0, len(sample), 3):
        for change in (b"", b"\x00", b'"', b"\xff", b"{", b"9"):
            mangled = sample[:position] + change + sample[position + 1 :]
            try:
                list(importer.read(Content.of(mangled, name), CONTEXT))
            except TwinError:
                continue


@each_importer
def test_facts_say_where_they_stood_and_are_timed_with_a_zone(importer: Importer) -> None:
    facts = [fact for item in importer.read(sample_of(importer), CONTEXT) for fact in item.facts]
    assert facts or importer.key in OF_NO_PATIENT
    for fact in facts:
        assert fact.where
        assert fact.resource
        assert fact.observed_at.tzinfo is not None
        assert fact.known_at >= fact.observed_at
