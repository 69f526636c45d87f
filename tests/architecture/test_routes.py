"""Every route of the application asks who is calling, and every route that changes something asks twice."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from fastapi import routing
from sqlalchemy import Engine

from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.web.app import create_app
from twin.web.deps import SAFE_METHODS

OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/fhir/metadata")}
EXAMPLES = {"import_id": "1", "token_id": "1", "study_id": "1", "rank": "0", "fact_id": "1", "organ": "liver"}
A_UUID = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"


def routes(engine: Engine, settings: Settings) -> list[tuple[str, str]]:
    """Every (method, path) that the application answers, but the mounted static files."""
    app = create_app(engine, settings)
    every = getattr(routing, "iter_route_contexts", lambda known: known)(app.routes)
    return sorted(
        (method, route.path) for route in every for method in getattr(route, "methods", None) or () if method != "HEAD"
    )


def address(path: str) -> str:
    """The path with something that could stand in each of its places."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda place: EXAMPLES.get(place[1], A_UUID), path)


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


def test_the_walk_finds_the_routes_of_every_part(engine: Engine, settings: Settings) -> None:
    found = routes(engine, settings)
    assert {("GET", "/"), ("POST", "/fhir"), ("GET", "/metrics"), ("DELETE", "/api/v1/tokens/{token_id}")} <= set(found)
    assert set(found) >= OPEN
    assert len(found) > 25


def test_every_route_but_the_open_ones_needs_a_session_or_a_token(site: Site) -> None:
    anybody = site.anybody()
    for method, path in routes(site.engine, site.settings):
        answered = anybody.request(method, address(path))
        is_refused = answered.status_code in (401, 403) or answered.headers.get("location", "").startswith("/sign-in")
        assert is_refused == ((method, path) not in OPEN or (method, path) == ("POST", "/sign-in")), (method, path)


def test_every_unsafe_route_needs_the_csrf_token_of_the_session(site: Site) -> None:
    unsafe = [(method, path) for method, path in routes(site.engine, site.settings) if method not in SAFE_METHODS]
    people = [site.person(role, csrf=False) for role in ("clinician", "admin")]
    for method, path in unsafe:
        for person in people:
            answered = person.request(method, address(path), headers={"Content-Type": "application/fhir+json"})
            assert answered.status_code == 403, (method, path)
    assert len(unsafe) >= 7


def test_the_only_ways_to_change_something_are_known(engine: Engine, settings: Settings) -> None:
    assert {method for method, _ in routes(engine, settings)} <= {"GET", "POST", "PUT", "DELETE"}


def test_the_web_process_never_loads_torch() -> None:
    asked = "import sys, twin.web.app; print(sorted({'torch', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
