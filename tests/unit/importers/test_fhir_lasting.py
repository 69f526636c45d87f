"""A sender that makes new urns for every attempt names the same resources."""

import json
from typing import Any

import pytest

from tests.conftest import NOW
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER


def person(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": "Roe"}], "birthDate": "1950-01-02", **more}


def result(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "2160-0"}]},
        "subject": {"reference": subject}, "effectiveDateTime": "2020-01-02", **more,
    }  # fmt: skip


def read(kind: str, *entries: tuple[str, dict[str, Any]]) -> list[Item]:
    listed = [{"fullUrl": url, "resource": resource} for url, resource in entries]
    content = json.dumps({"resourceType": "Bundle", "type": kind, "entry": listed}).encode()
    return list(IMPORTER.read(Content.of(content), Context(now=NOW)))


def names(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.key, item.fingerprint) for item in items]


@pytest.mark.parametrize("identifier", [[], [{"system": "urn:lab", "value": "A1"}]])
def test_a_transaction_sent_again_with_new_urns_names_the_same_resources(identifier: list[Any]) -> None:
    def attempt(urn: str) -> list[Item]:
        more = {"identifier": identifier} if identifier else {}
        return read("transaction", (f"{urn}:p", person()), (f"{urn}:o", result(f"{urn}:p", **more)))

    first, again = attempt("urn:uuid:1"), attempt("urn:uuid:2")
    assert names(first) == names(again)
    assert [item.aliases for item in again] == [("urn:uuid:2:p",), ("urn:uuid:2:o",)]


def test_the_same_result_of_two_people_in_one_transaction_is_two() -> None:
    items = read(
        "transaction", ("urn:a", person()), ("urn:b", person(birthDate="1951-01-02")),
        ("urn:c", result("urn:a")), ("urn:d", result("urn:b")),
    )  # fmt: skip
    assert len({item.key for item in items}) == 4


def test_two_that_point_at_each_other_have_names() -> None:
    def linked(other: str) -> dict[str, Any]:
        return result("urn:p", hasMember=[{"reference": other}])

    items = read("transaction", ("urn:p", person()), ("urn:a", linked("urn:b")), ("urn:b", linked("urn:a")))
    assert len(items) == 3


def test_the_urn_of_a_document_is_the_name_of_its_resource() -> None:
    (item,) = read("collection", ("urn:uuid:7", person()))
    assert item.key == "urn:uuid:7"


def test_what_makes_no_fact_still_says_whom_it_is_about() -> None:
    claim = {"resourceType": "Claim", "id": "c", "patient": {"reference": "Patient/p"}}
    (item,) = read("collection", ("urn:c", claim))
    assert item.subject is not None and item.subject.keys == ("Patient/p",)
    (item,) = read("collection", ("urn:c", claim | {"patient": 7}))
    assert item.subject is None and item.not_used is not None
