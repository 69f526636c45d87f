"""The FHIR sets as they are: every file read, what became of its resources and why, and each text as it stood there."""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from twin.errors import TwinError
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER, primitive
from twin.importers.fhir.models import Reference
from twin.importers.fhir.scan import Number, Scanner, whole

pytestmark = pytest.mark.shared_data
CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))


@dataclass(kw_only=True)
class Set:
    """What was read of one folder."""

    contents: dict[str, Content]
    items: list[tuple[Content, Item]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def rejects(self) -> Counter[tuple[str, str]]:
        return Counter((item.kind, item.reject.reason) for _, item in self.items if item.reject)

    @property
    def unused(self) -> Counter[str]:
        return Counter(item.kind for _, item in self.items if item.not_used)

    def counts(self) -> dict[str, int]:
        made = {
            "files": len(self.contents),
            "read": len(self.items),
            "patients": sum(item.patient is not None for _, item in self.items),
            "facts": sum(len(item.facts) for _, item in self.items),
            "kept": sum(item.resource is not None for _, item in self.items),
            "rejected": self.rejects.total(),
            "not_used": self.unused.total(),
        }
        print(made, dict(self.rejects), dict(self.refused))
        return made


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("json"):
                    yield name.rpartition("/")[2], archive.read(name)
    else:
        yield from ((each.name, each.read_bytes()) for each in sorted(path.glob("*json")))


def read_set(path: Path) -> Set:
    contents: dict[str, Content] = {}
    for name, content in files_of(path):
        contents[name.lower()] = Content(
            name=name,
            size=len(content),
            opener=lambda content=content: io.BytesIO(content),  # type: ignore[misc]
            beside=lambda: contents,
        )
    found = Set(contents=contents)
    for each in contents.values():
        assert IMPORTER.recognises(each.head, each.base_name)
        try:
            found.items += [(each, item) for item in IMPORTER.read(each, CONTEXT)]
        except TwinError as error:
            found.refused[str(error).partition(";")[0]] += 1
    return found


@pytest.fixture(scope="module", params=["synthea_r4_bundles.zip", "bulk_ndjson_10p.zip", "us_core", "ips", "r4"])
def any_set(request: pytest.FixtureRequest, shared_data: Path) -> Set:
    places = {
        "us_core": "fhir_examples/us_core", "ips": "fhir_examples/ips_validated", "r4": "fhir_examples/r4_official",
    }  # fmt: skip
    return read_set(shared_data / "ehr" / places.get(request.param, request.param))


def test_each_text_is_the_slice_of_its_source(any_set: Set) -> None:
    texts = {each.name: each.read().decode("utf-8-sig") for each in any_set.contents.values()}
    parsed: dict[str, Any] = {}
    checked = 0
    for content, item in any_set.items:
        if item.resource is None:
            continue
        text = texts[content.name]
        assert item.resource in text
        if content.name.endswith(".ndjson"):
            line = int(item.where.removeprefix("line "))
            assert item.resource == text.split("\n")[line - 1].strip()
        else:
            if content.name not in parsed:
                parsed[content.name] = json.loads(text, parse_float=str)
            entry = re.match(r"Bundle\.entry\[(\d+)\]$", item.where)
            value = parsed[content.name]
            stood = value["entry"][int(entry[1])]["resource"] if entry else value
            assert json.loads(item.resource, parse_float=str) == stood
        checked += 1
    assert checked > 200


def test_every_body_reads_to_its_item_again(any_set: Set) -> None:
    for _, item in any_set.items[:: max(1, len(any_set.items) // 400)]:
        if item.kind == "log":
            continue
        again = next(each for each in IMPORTER.read(Content.of(item.body.encode()), CONTEXT) if each.key == item.key)
        assert again.fingerprint == item.fingerprint
        assert [(fact.coding, fact.value, fact.observed_at, fact.known_at) for fact in again.facts] == [
            (fact.coding, fact.value, fact.observed_at, fact.known_at) for fact in item.facts
        ]


def test_synthea_bundles_are_read_whole(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "synthea_r4_bundles.zip")
    assert found.counts() == {
        "files": 22, "read": 6899, "patients": 21, "facts": 5471, "kept": 6899, "rejected": 0, "not_used": 1593,
    }  # fmt: skip
    assert found.refused.total() == 0
    assert found.unused == {
        "Claim": 634, "ExplanationOfBenefit": 471, "Immunization": 201, "Practitioner": 134, "Goal": 68,
        "CarePlan": 53, "Organization": 32,
    }  # fmt: skip
    assert sum(item.kind == "Observation" for _, item in found.items) == 3868


def test_a_bulk_export_is_read_though_its_results_are_missing(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "bulk_ndjson_10p.zip")
    assert found.counts() == {
        "files": 14, "read": 7164, "patients": 13, "facts": 5585, "kept": 7160, "rejected": 0, "not_used": 1569,
    }  # fmt: skip
    assert not {"Observation", "DiagnosticReport"} & {item.kind for _, item in found.items}
    sent = {item.sent_at for _, item in found.items if item.kind != "log"}
    assert sent == {datetime(2024, 8, 6, 18, 12, 57, tzinfo=UTC)}  # by log.ndjson
    ranked = sorted(found.contents.values(), key=IMPORTER.order)
    assert ranked[0].base_name == "patient.000.ndjson"


def test_a_manifest_tells_which_files_of_the_bulk_export_are_missing(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "bulk_ndjson_10p.zip")
    listed = [("Patient", 13), ("Procedure", 2056), ("Observation", 10_000), ("DiagnosticReport", 2_000)]
    output = [{"type": kind, "url": f"https://a/{kind}.000.ndjson", "count": count} for kind, count in listed]
    manifest = json.dumps({"transactionTime": "2024-08-06T18:12:57Z", "output": output}).encode()
    content = Content(
        name="manifest.json", size=len(manifest), opener=lambda: io.BytesIO(manifest), beside=lambda: found.contents
    )
    rejects = [item.reject for item in IMPORTER.read(content, CONTEXT) if item.reject]
    assert [(each.where, each.reason) for each in rejects] == [
        ("manifest.output[2]", "missing_file"),
        ("manifest.output[3]", "missing_file"),
    ]


def test_us_core_examples_are_read(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "fhir_examples" / "us_core")
    assert found.counts() == {
        "files": 230, "read": 237, "patients": 4, "facts": 172, "kept": 234, "rejected": 2, "not_used": 69,
    }  # fmt: skip
    assert found.rejects == {("Encounter", "no_date_or_code"): 2}  # the two have no period, as the profile allows
    assert found.refused.total() == 0
    absent = [
        fact.value_coding.code
        for _, item in found.items
        for fact in item.facts
        if fact.value_kind == "none" and fact.value_coding
    ]
    assert absent == ["unknown"]


def test_patient_summaries_are_read_without_a_reject(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "fhir_examples" / "ips_validated")
    assert found.counts() == {
        "files": 8, "read": 274, "patients": 8, "facts": 124, "kept": 274, "rejected": 0, "not_used": 142,
    }  # fmt: skip
    assert found.refused.total() == 0
    assert all(item.sent_at for _, item in found.items)
    drugs = [
        fact.coding.display or fact.coding.code
        for _, item in found.items
        for fact in item.facts
        if fact.kind == "medication"
    ]
    assert drugs and not [each for each in drugs if each.startswith(("Medication/", "urn:", "http"))]


def test_the_official_examples_are_read_or_refused_by_name(shared_data: Path) -> None:
    found = read_set(shared_data / "ehr" / "fhir_examples" / "r4_official")
    assert found.counts() == {
        "files": 312, "read": 655, "patients": 50, "facts": 326, "kept": 611, "rejected": 35, "not_used": 289,
    }  # fmt: skip
    # Observations that are in no dated report, visits and procedures without a time; requests that are no resource
    assert found.rejects == {
        ("Observation", "no_date_or_code"): 11, ("Encounter", "no_date_or_code"): 7,
        ("Procedure", "no_date_or_code"): 4, ("unknown", "not_taken"): 13,
    }  # fmt: skip
    assert found.refused == {
        "a Bundle of type message": 2, "a Bundle of type batch-response": 2, "a Bundle of type transaction-response": 1,
    }  # fmt: skip


READ_TYPES: dict[str, Any] = {
    "boolean": primitive.FhirBoolean,
    "canonical": primitive.FhirUri,
    "code": primitive.FhirCode,
    "date": primitive.FhirDate,
    "date_time": primitive.FhirMoment,
    "decimal": primitive.FhirDecimal,
    "id": primitive.FhirId,
    "instant": primitive.FhirInstant,
    "integer": primitive.FhirInteger,
    "positive_int": primitive.FhirPositiveInt,
    "reference": Reference,
    "string": primitive.FhirString,
    "time": primitive.FhirTime,
    "unsigned_int": primitive.FhirUnsignedInt,
    "uri": primitive.FhirUri,
}
NOT_READ = {"base64_binary", "markdown", "oid", "url", "uuid", "xhtml"}
"""No element of these types is read: what has them is kept as it came, and judged by nobody."""
EXCEPTIONS = {
    # members a Reference does not have (names of another program's own format) are left where they are, like any other
    "reference": {'{"uri": "invalidField"}', '{"patient_id": "unknownField"}', '{"patientId": "unknownField"}'},
}


def is_taken(kind: str, written: str) -> bool:
    try:
        value, _, _ = whole(written, Scanner())
        TypeAdapter(READ_TYPES[kind] | None).validate_python(value)
    except (TwinError, ValidationError):
        return False
    return True


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("kind", sorted(READ_TYPES))
def test_primitives_are_taken_where_valid_and_refused_where_not(shared_data: Path, kind: str) -> None:
    folder = shared_data / "ehr" / "fhir_examples" / "primitive_conformance"
    valid, invalid = lines_of(folder / f"{kind}.valid.ndjson"), lines_of(folder / f"{kind}.invalid.ndjson")
    assert [each for each in valid if not is_taken(kind, each)] == []
    assert {each for each in invalid if is_taken(kind, each)} == EXCEPTIONS.get(kind, set())


def test_every_primitive_type_is_in_the_table(shared_data: Path) -> None:
    folder = shared_data / "ehr" / "fhir_examples" / "primitive_conformance"
    assert {path.name.partition(".")[0] for path in folder.glob("*.ndjson")} == READ_TYPES.keys() | NOT_READ


def tidied(value: Any) -> Any:
    """What vcf2fhir expects, without the empty ids and times its tests put there (FHIR has no empty text)."""
    if isinstance(value, dict):
        return {key: tidied(each) for key, each in value.items() if each not in ("", {"reference": ""})}
    return [tidied(each) for each in value if each != {"reference": ""}] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("name", "facts", "states"),
    [
        ("HG00403A", 4, {}),
        ("annotation", 101, {"homozygous": 3, "heterozygous": 2}),
        ("example1_with_patient", 65, {"present": 7}),
        ("example3", 57, {"present": 5}),
        ("example4", 133, {"present": 6}),
        ("fhir_germline_structural", 299, {"heterozygous": 15, "homozygous": 5, "present": 9}),
        ("fhir_somatic_structural", 297, {"present": 31}),
    ],
)  # fmt: skip
def test_variants_of_a_genomics_report_are_read(
    shared_data: Path, name: str, facts: int, states: dict[str, int]
) -> None:
    path = shared_data / "ehr" / "genomics" / "vcf2fhir" / f"expected_{name}.json"
    given = path.read_bytes()
    (untidied,) = IMPORTER.read(Content.of(given), CONTEXT)
    assert untidied.reject is not None and untidied.reject.detail == "id: not a FHIR id"
    report = tidied(json.loads(given, parse_float=lambda text: float(Number(text)))) | {
        "issued": "2022-06-08T00:00:00Z"
    }
    (item,) = IMPORTER.read(Content.of(json.dumps(report).encode()), CONTEXT)
    assert len(item.facts) == facts
    variants = [fact for fact in item.facts if fact.coding.code == "69548-6" and ".component" not in fact.part]
    assert Counter(fact.value for fact in variants) == states
