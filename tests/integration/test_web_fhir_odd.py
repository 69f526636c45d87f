"""Whatever is asked, the answer is FHIR's and never a fault of ours: ids, parameters, headers and bodies at random."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.builders import bundle, lab, patient
from tests.fhir_calls import Caller, caller, checked
from tests.web_serving import serving
from twin.settings import Settings
from twin.web.api.fhir.registry import PARAMS

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ODD = [
    "",
    "\x00",
    "%",
    "\ud800",
    "'",
    '"',
    "\\",
    "\\,|$",
    "9" * 40,
    "-1",
    "ſ",
    "𝔘",
    "../..",
    "$",
    "|",
    "null",
    "a" * 500,
]
NAMES = [
    *sorted({each.name for each in PARAMS}), "_count", "_sort", "_cursor", "_total", "_summary", "patient.identifier",
    "start", "end", "_type", "_since", "_format", "_source", "source", "_pretty",
]  # fmt: skip
MEMBERS = [
    "id", "resourceType", "identifier", "system", "value", "code", "coding", "name", "family", "subject", "reference",
    "request", "method", "url", "ifMatch", "ifNoneExist", "resource", "entry", "fullUrl", "parameter", "part",
]  # fmt: skip
REQUESTS = ["GET", "PUT", "POST", "Patient?identifier=urn:mrn|1", "Patient/p1", 'W/"1"', "Observation?code=x"]
ADDRESSES = [
    "/Patient/{}", "/Observation/{}/_history", "/Patient/p1/_history/{}", "/{}", "/Patient/{}/$everything",
    "/$import/{}", "/Observation", "/Patient", "/Observation/o", "/Patient/p1/$everything",
]  # fmt: skip
PLACES = ["id", "identifier", "name", "subject", "code", "valueQuantity", "meta", "entry", "type", "parameter"]
words = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.dates().map(str), st.integers().map(str))
dates = st.builds("{}{}{}".format, st.sampled_from(["", "ge", "ap", "xx"]), st.dates().map(str), words)
heads = st.sampled_from(
    ["If-Match", "If-None-Match", "If-Modified-Since", "If-None-Exist", "Prefer", "Accept", "Content-Type",
     "Idempotency-Key", "X-Provenance"]
)  # fmt: skip


@contextmanager
def running(engine: Engine, own: Settings, now: datetime) -> Iterator[Caller]:
    with serving(engine, own, now) as site:
        program = caller(site)
        program.post("", bundle(patient(), lab("o", "2160-0", 1, "mg/dL", "2020-01-02")))
        yield program


@pytest.fixture
def program(engine: Engine, settings: Settings, now: datetime) -> Iterator[Caller]:
    with running(engine, settings, now) as program:
        yield program


def escaped(word: str) -> str:
    return quote(word.encode("utf-8", "surrogatepass"), safe="")


@FEW
@given(
    path=st.sampled_from(ADDRESSES),
    word=words,
    query=st.lists(st.tuples(st.sampled_from(NAMES), words | dates), max_size=4),
)
def test_no_address_is_a_fault(program: Caller, path: str, word: str, query: list[tuple[str, str]]) -> None:
    asked = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in query)
    answered = program.client.get(f"/fhir{path.format(escaped(word))}?{asked}")
    assert answered.status_code < 500, answered.text
    if not answered.is_redirect and "fhir+json" in answered.headers.get("content-type", ""):
        checked(answered)


@FEW
@given(
    named=st.dictionaries(heads, words | st.sampled_from(['W/"1"', "identifier=a|b", "return=minimal"]), max_size=3),
    method=st.sampled_from(["GET", "PUT", "POST"]),
)
def test_no_header_is_a_fault(program: Caller, named: dict[str, str], method: str) -> None:
    path = "/fhir/Patient" if method == "POST" else "/fhir/Patient/p1"
    sent = [(b"Content-Type", b"application/fhir+json")]
    sent += [(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in named.items()]
    try:
        answered = program.client.request(method, path, headers=sent, content=json.dumps(patient()))
    except (httpx.LocalProtocolError, httpx.RemoteProtocolError):
        return  # no header at all: it never reached the application
    assert answered.status_code < 500, answered.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)


@FEW
@given(
    value=json_values,
    place=st.sampled_from(PLACES),
    where=st.sampled_from(["/Patient", "/Observation", "", "/Patient/$match", "/$import"]),
)
def test_no_body_is_a_fault(program: Caller, value: object, place: str, where: str) -> None:
    base = {
        "/Patient": patient(), "/Observation": lab("o", "2160-0", 1, "mg/dL", "2020-01-02"),
        "": json.loads(bundle(patient(), kind="batch")), "/Patient/$match": {"resourceType": "Parameters"},
        "/$import": {"resourceType": "Parameters"},
    }[where]  # fmt: skip
    content = json.dumps(base | {place: value}).encode()
    checked(program.post(where, content, Prefer="respond-async"))


@FEW
@given(
    request=st.dictionaries(
        st.sampled_from(["method", "url", "ifMatch", "ifNoneExist"]), words | st.sampled_from(REQUESTS) | st.integers()
    ),
    kind=st.sampled_from(["batch", "transaction"]),
)
def test_no_request_of_an_entry_is_a_fault(program: Caller, request: dict[str, object], kind: str) -> None:
    entry = {"resource": patient(), "request": request}
    checked(program.post("", json.dumps({"resourceType": "Bundle", "type": kind, "entry": [entry]}).encode()))
