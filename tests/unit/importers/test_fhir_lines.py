"""NDJSON and bulk exports: line by line, whatever stands in a line, and what the export says of itself."""

import json

import pytest

from tests.builders import bundle, encode, lab, patient
from tests.unit.importers.fhir_reading import ndjson, read, result
from twin.importers.content import Content
from twin.importers.fhir import lines
from twin.importers.fhir.lines import is_ndjson

MANIFEST = {"transactionTime": "2024-08-06T18:12:57Z", "request": "https://a/$export", "output": [], "error": []}


def output(*files: tuple[str, str, int | None]) -> bytes:
    listed = [{"type": kind, "url": url} | ({} if count is None else {"count": count}) for kind, url, count in files]
    return encode(MANIFEST | {"output": listed})


def test_items_come_in_the_order_of_the_lines() -> None:
    items = read(ndjson(result(), patient()), "all.ndjson")
    assert [(item.where, item.key) for item in items] == [("line 1", "Observation/o"), ("line 2", "Patient/p1")]


def test_the_text_of_a_resource_is_its_line() -> None:
    line = b'  {"resourceType" : "Claim", "id":"c" ,"n":1.50}  '
    (item,) = read(b"\xef\xbb\xbf" + line + b"\r\n\r\n", "claims.ndjson")
    assert item.resource is not None and item.resource.encode() == line.strip()


def test_a_bad_line_is_a_reject_and_the_rest_goes_on() -> None:
    bad = [
        b"{",
        b"[]",
        b'{"a":1}',
        b'{"resourceType":"Bundle","type":"history"}',
        b"\xff",
        b'{"resourceType":"Claim","x":NaN}',
    ]
    items = read(b"\n".join([encode(patient()), b"", *bad, encode(patient("p2"))]), "x.ndjson")
    assert [item.where for item in items if item.reject] == [f"line {number}" for number in range(3, 9)]
    assert {item.reject.reason for item in items if item.reject} == {"invalid"}
    assert [item.key for item in items if item.patient] == ["Patient/p1", "Patient/p2"]


def test_mangled_lines_never_crash() -> None:
    sample = ndjson(patient(), result(valueString="x"))
    for position in range(0, len(sample), 3):
        for change in (b"", b"\n", b"\x00", b'"', b"\xff", b"{"):
            items = read(sample[:position] + change + sample[position + 1 :], "x.ndjson")
            assert all(item.where.startswith("line ") for item in items)


def test_a_line_that_is_too_long_is_a_reject_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    long = encode({"resourceType": "Claim", "x": "x" * 5000})
    first, second, third = read(b"\n".join([long, encode({"resourceType": "Claim"}), long]), "x.ndjson")
    assert first.reject is not None and (first.reject.where, first.reject.reason) == ("line 1", "too_long")
    assert (second.where, second.kind) == ("line 2", "Claim")
    assert third.reject is not None and third.reject.where == "line 3"


def test_a_line_may_be_a_bundle() -> None:
    items = read(b"\n".join([bundle(patient(), result()), bundle(patient("p2"))]), "bundles.ndjson")
    assert [item.where for item in items] == [
        "line 1.Bundle.entry[0]",
        "line 1.Bundle.entry[1]",
        "line 2.Bundle.entry[0]",
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.json", ndjson(patient(), patient()), True),
        ("x", ndjson(patient()), False),
        ("x.ndjson", ndjson(patient()), True),
        ("x.json", json.dumps(patient(), indent=1).encode(), False),
        ("x.json", bundle(*[lab(f"o{n}", "2160-0", 1, "mg/dL", "2020") for n in range(500)]), False),
        ("x.json", encode(patient(text="x" * 100_000)) + b"\n" + encode(patient()), True),
        ("x.json", b"{" * 10_000 + b"\n{}", False),
    ],
)
def test_ndjson_is_told_from_one_document(name: str, content: bytes, expected: bool) -> None:
    assert is_ndjson(Content.of(content, name)) is expected


def test_the_log_of_an_export_is_not_used() -> None:
    line = {"exportId": "e", "timestamp": "2024-08-06T14:11:57-04:00", "eventId": "kickoff", "eventDetail": {}}
    (item,) = read(ndjson(line), "log.ndjson")
    assert item.not_used == "a line of the export's log (kickoff)"


@pytest.mark.parametrize("beside", ["manifest_json", "log_ndjson"])
def test_the_time_of_an_export_is_the_sent_time_of_its_files(beside: str) -> None:
    told = {
        "manifest_json": encode(MANIFEST),
        "log_ndjson": ndjson({"eventDetail": {"transactionTime": MANIFEST["transactionTime"]}}),
    }
    (item,) = read(ndjson(result(valueString="x")), "Observation.ndjson", **{beside: told[beside]})
    assert item.sent_at is not None and item.sent_at.isoformat() == "2024-08-06T18:12:57+00:00"
    assert item.facts[0].known_basis == "observed"
    assert read(item.body.encode())[0].sent_at == item.sent_at


@pytest.mark.parametrize("stated", ["yesterday", ""])
def test_a_manifest_without_a_time_gives_none(stated: str) -> None:
    (item,) = read(ndjson(result()), "x.ndjson", manifest_json=encode(MANIFEST | {"transactionTime": stated}))
    assert item.sent_at is None


def test_a_manifest_tells_what_is_missing_and_what_is_not_whole() -> None:
    given = output(
        ("Patient", "https://a/b/Patient.ndjson", 1),
        ("Condition", "https://a/b/Condition.ndjson?x=1", 3),
        ("Observation", "https://a/b/Observation.ndjson", 7),
        ("Observation", "https://a/b/2", None),
        ("Encounter", "https://a/b/file?id=9", None),
    )
    items = read(
        given,
        "manifest.json",
        Patient_ndjson=ndjson(patient()),
        Condition_ndjson=ndjson(patient()),
        Encounter_000_ndjson=ndjson(patient()),
    )
    assert items[0].not_used is not None and "5 output, 0 error" in items[0].not_used
    assert [(item.where, item.reject.reason, item.reject.detail) for item in items if item.reject] == [
        ("manifest.output[1]", "incomplete_file", "3 resources of type Condition declared, 1 lines are here"),
        ("manifest.output[2]", "missing_file", "7 resources of type Observation: the file is not beside the manifest"),
        ("manifest.output[3]", "missing_file", "of type Observation: the file is not beside the manifest"),
    ]


def test_an_output_without_type_or_url_is_a_reject() -> None:
    items = read(encode(MANIFEST | {"output": [7, {"type": "Patient"}]}), "manifest.json")
    assert [item.reject.reason for item in items if item.reject] == ["invalid", "invalid"]


def test_a_medication_is_found_in_the_file_beside() -> None:
    order = {
        "resourceType": "MedicationRequest", "id": "r", "status": "active", "intent": "order", "authoredOn": "2020",
        "subject": {"reference": "Patient/p1"}, "medicationReference": {"reference": "https://a/Medication/m/_history/1"},
    }  # fmt: skip
    medicines = b"\n" + ndjson({"resourceType": "Medication", "id": "m", "code": {"text": "atorvastatin"}}) + b"{\n[]"
    (item,) = read(ndjson(order), "MedicationRequest.ndjson", medication_000_ndjson=medicines)
    assert item.facts[0].coding.display == "atorvastatin"
    again = next(each for each in read(item.body.encode()) if each.key == item.key)
    assert again.facts[0].coding.display == "atorvastatin"
