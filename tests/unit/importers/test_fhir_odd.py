"""Odd JSON: nested without end, numbers without bounds, members twice, half characters - a reject, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import bundle, encode, lab, patient
from tests.unit.importers.fhir_reading import CONTEXT, NOW, read, result
from twin.errors import TwinError, UnreadableInput
from twin.importers.content import Content
from twin.importers.fhir import IMPORTER, parse, walk
from twin.importers.fhir.scan import Number

SAMPLE: dict[str, Any] = result(
    identifier=[{"system": "urn:lab", "value": "A1"}],
    contained=[patient("p"), result(id="i")],
    component=[{"code": {"text": "x"}, "valueQuantity": {"value": 1.5}}],
    effectivePeriod={"start": "2020", "end": "2021"},
    meta={"lastUpdated": "2021-01-01T00:00:00Z", "profile": ["http://x"]},
)
PATHS = sorted(
    {
        ("subject", "reference"),
        ("contained", 0, "id"),
        ("component", 0, "valueQuantity", "value"),
        ("meta", "profile", 0),
    }
    | {(name,) for name in SAMPLE},
    key=str,
)
NAMES = st.sampled_from(["id", "code", "value", "x"])
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["#p", "Patient/p1", "2020", "\ud800", "\x00", "Patient?identifier=|", "x" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PATHS), value=ANYTHING)
def test_no_value_in_any_place_crashes_the_importer(path: tuple[Any, ...], value: object) -> None:
    resource = json.loads(json.dumps(SAMPLE))
    inner = resource
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    content = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": resource}]}).encode()
    try:
        items = list(IMPORTER.read(Content.of(content), CONTEXT))
    except TwinError:
        return
    for item in items:
        assert (
            sum([bool(item.facts or item.patient or item.merge), item.reject is not None, item.not_used is not None])
            == 1
        )
        for text in (item.key, *item.aliases, *item.tokens):
            text.encode()  # what names a thing can be kept
        if item.reject is not None:
            assert str(value) not in item.reject.detail or len(str(value)) < 6


@pytest.mark.parametrize("depth", [900, 5_000, 200_000])
def test_what_is_nested_without_end_is_refused(depth: int) -> None:
    nested = '{"resourceType":"Claim","x":' + "[" * depth + "]" * depth + "}"
    for content in (nested, '{"resourceType":"Bundle","type":"batch","entry":[{"resource":' + nested + "}]}"):
        try:
            items = read(content.encode())
        except UnreadableInput as error:
            assert "nested too deeply" in str(error)
        else:
            assert all(item.not_used or item.reject for item in items)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e99999999999999999999", "9" * 10_000, "0." + "3" * 5_000])
def test_a_number_without_bounds_is_kept_as_written(number: str) -> None:
    content = encode(result(valueQuantity={"value": "@"})).replace(b'"@"', number.encode())
    (item,) = read(content)
    assert item.facts[0].value == number
    assert item.resource is not None and number in item.resource


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_python_alone_calls_a_number_is_a_reject(constant: str) -> None:
    content = bundle(result(valueQuantity={"value": "@"}), patient()).replace(b'"@"', constant.encode())
    person, refused = read(content)
    assert person.patient is not None
    assert refused.reject is not None and refused.reject.detail == f"{constant} is not JSON"


def test_a_member_named_twice_is_a_reject() -> None:
    twice = b'{"resourceType":"Claim","a":{"b":1,"b":2}}'
    entry = b'{"resource":%b,"resource":%b}' % (twice, twice)
    items = read(b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":%b},%b]}' % (twice, entry))
    assert [item.reject.detail for item in items if item.reject] == ["a member is named twice"] * 2
    with pytest.raises(UnreadableInput, match="named twice"):
        read(b'{"resourceType":"Bundle","type":"batch","type":"batch","entry":[]}')
    with pytest.raises(UnreadableInput, match="named twice"):
        parse(twice)


@pytest.mark.parametrize("text", [r"\ud800", r"\u0000", r"a\udfffb"])
def test_half_a_character_is_a_reject_and_a_whole_pair_is_not(text: str) -> None:
    broken = '{"resourceType":"Claim","id":"c","x":"' + text + '"}'
    (item,) = read(broken.encode())
    assert item.reject is not None and "can't be kept" in item.reject.detail
    (whole,) = read(broken.replace(text, r"\ud83d\ude00 \\ud800").encode())
    assert whole.not_used is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"resourceType":"Bundle"',
        b'{"resourceType":"Bundle",}',
        b'{"resourceType":"Bundle" "type":"batch"}',
        b'{"resourceType" "Bundle"}',
        b'{"a":"Bundle",7:1}',
        b'{"resourceType":"Bundle","type":"batch","entry":[}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{} {}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[]} x',
        b'{"resourceType":"Bundle\\x","type":"batch"}',
        b'{"resourceType":"Patient"} {"Bundle"',
        b'"Bundle',
        b'["Bundle"]',
        b'{"resourceType":"<b>"}',
        b"\xff{}",
        b'{"transactionTime":"2020","output":[',
        b'{"resourceType":"Bundle","type":[]}',
        b'{"resourceType":"Bundle","type":"batch","entry":{}}',
    ],
)
def test_what_is_not_a_resource_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableInput):
        read(content)


def test_an_object_without_members_and_a_bundle_without_entries_hold_nothing() -> None:
    assert read(b'{"resourceType":"Bundle","type":"batch","entry":[ ]}') == []
    assert read(b'{"resourceType":"Bundle","type":"batch"}') == []
    assert read(b'{"resourceType":"Bundle","type":"batch","entry":[{ }]}')[0].reject is not None


def test_a_list_has_entries_that_are_no_bundles() -> None:
    (item,) = read(encode({"resourceType": "List", "x": "Bundle", "entry": [{"item": {"reference": "a"}}]}))
    assert item.not_used == "List is not used by the twin"


def test_a_document_too_large_to_hold_reads_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = bundle(lab("o", "2160-0", 1, "mg/dL", "2020"), patient(), {"resourceType": "Medication", "id": "m"})
    held = read(given)
    monkeypatch.setattr(walk, "MAX_HELD", 10)
    assert read(given) == held


def test_a_number_knows_its_digits() -> None:
    assert (Number("1.50").text, Number("1.50") + 1) == ("1.50", Number("2.50"))
    assert Number("-1e99999999999999999999") < Number("1e99999999999999999999")


def test_reading_says_when_it_was_received() -> None:
    (item,) = read(encode({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p1"}}))
    assert (item.facts[0].known_at, item.facts[0].known_basis) == (NOW, "received")
