"""What is said of requests and errors: routes without what stands in them, faults without their message."""

import io
import json
import logging

import pytest
from fastapi import FastAPI

from alerts.errors import AlertsError, BadDecision, BadTransition
from twin.errors import TooLarge, TwinError, UnsupportedVersion
from twin.logs import describe, log_to
from twin.web import errors
from twin.web.access_log import route_of
from twin.web.api.cursor import pack, unpack
from twin.web.auth import own_path
from twin.web.errors import ANSWERS, BadRequest, WebError, dress_of
from twin.web.i18n import LANGUAGES, choose, translate
from twin.web.measure import Requests, gauges


@pytest.mark.parametrize(
    ("path", "dress"),
    [("/fhir", "fhir"), ("/fhir/Patient", "fhir"), ("/fhirs", "page"), ("/api/v1/me", "problem"), ("/api", "page"),
     ("/healthz", "problem"), ("/", "page"), ("/patients/1", "page")],
)  # fmt: skip
def test_an_error_wears_the_dress_of_its_path(path: str, dress: str) -> None:
    assert dress_of(path) == dress


def test_a_route_is_told_without_what_stands_in_it() -> None:
    scope = {"endpoint": 1, "path": "/patients/Wang/ct/7", "path_params": {"patient_id": "Wang", "study_id": 7}}
    assert route_of(scope) == "/patients/{patient_id}/ct/{study_id}"
    assert route_of({"path": "/Wang"}) == "(no route)"
    assert route_of({"endpoint": 1, "path": "/static/Wang.css", "path_params": {}}) == "/static"


def test_a_fault_is_described_without_its_message() -> None:
    try:
        try:
            raise KeyError("Wang 7.7")
        except KeyError as error:
            raise ValueError("Wang 7.7") from error
    except ValueError as error:
        told = describe(error)
    assert (told["error"], told["causes"]) == ("ValueError", ["KeyError"])
    assert "Wang" not in json.dumps(told) and "test_answers.py" in json.dumps(told)


def test_a_fault_logged_anywhere_in_the_twin_loses_its_message() -> None:
    written = io.StringIO()
    stop = log_to(logging.StreamHandler(written))
    try:
        raise ValueError("Wang 7.7")
    except ValueError:
        logging.getLogger("twin.somewhere").exception("it failed")
    finally:
        stop()
    line = json.loads(written.getvalue())
    assert (line["message"], line["error"], line["level"]) == ("it failed", "ValueError", "ERROR")
    assert "Wang" not in written.getvalue()


def test_every_error_of_the_tree_is_drawn() -> None:
    drawn = errors.__doc__ or ""
    assert {each.__name__ for each in WebError.__subclasses__()} <= {word for word in drawn.split() if word.isalpha()}
    assert all(issubclass(kind, TwinError | AlertsError) for kind in ANSWERS)


@pytest.mark.parametrize(
    ("error", "status"), [(TooLarge, 413), (UnsupportedVersion, 422), (BadTransition, 409), (BadDecision, 422)]
)
def test_the_most_precise_kind_of_an_error_decides_its_status(error: type[Exception], status: int) -> None:
    assert next(ANSWERS[kind] for kind in error.__mro__ if kind in ANSWERS) == status


def test_every_error_of_the_table_has_a_handler() -> None:
    app = FastAPI()
    errors.install(app, lambda *_: None)  # type: ignore[arg-type,return-value]
    assert set(ANSWERS) <= set(app.exception_handlers)


@pytest.mark.parametrize("parts", [("a",), ("Wang, Li", "7"), ("é" * 50, "")])
def test_a_cursor_comes_back_as_it_went(parts: tuple[str, ...]) -> None:
    assert unpack(pack(*parts), len(parts)) == parts


@pytest.mark.parametrize("cursor", ["", "é", "=", "bnVsbA", pack("a"), pack("a", "\x00"), pack("a", "\ud800"), "a" * 5])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest):
        unpack(cursor, 2)


@pytest.mark.parametrize("wish", ["", "x", "//x", "/\\x", "/ x", "/x\n", "https://x", "/é"])
def test_only_a_path_of_our_own_is_a_way_back(wish: str) -> None:
    assert own_path(wish) == "/"
    assert own_path("/patients/1?as_of=2026-01-01#liver") == "/patients/1?as_of=2026-01-01#liver"


def test_the_first_known_wish_for_a_language_counts() -> None:
    assert choose("zh_CN", "en", site="en") == "zh_CN"
    assert choose(None, "xx", "zh_CN", site="en") == "zh_CN"
    assert choose(None, None, site="en") == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_translation_stays_as_it_is(language: str) -> None:
    assert translate(language).gettext("no such text, ever") == "no such text, ever"


def test_requests_are_counted_by_route_and_time() -> None:
    requests = Requests()
    for seconds in (0.02, 0.2):
        requests.note(method="GET", route="/", status=200, seconds=seconds)
    requests.note(method="BREW", route="(no route)", status=405, seconds=99)
    told = requests.lines()
    assert 'twin_requests_total{method="GET",route="/",status="200"} 2' in told
    assert 'twin_requests_total{method="other",route="(no route)",status="405"} 1' in told
    assert 'twin_request_seconds_bucket{le="0.15"} 1' in told
    assert 'twin_request_seconds_bucket{le="+Inf"} 3' in told
    assert gauges({"open_recalls": 3}) == ["# TYPE twin_open_recalls gauge", "twin_open_recalls 3"]
