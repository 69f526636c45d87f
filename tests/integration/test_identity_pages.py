"""The list of pairs, the links, and how a merged record is found: pages, API and command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from tests.browser import simulated
from tests.web_serving import Site, serving
from twin import merge
from twin.settings import Settings

SISTER_OF_WANG = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"
WANG = next(person.id for person in simulated.cast() if person.index == 0)
CHEN = next(person.id for person in simulated.cast() if person.index == 1)


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    with engine.begin() as connection:
        simulated.seed(connection)
        simulated.second_record(connection)
    with serving(engine, settings, simulated.NOW) as running:
        yield running


@pytest.fixture
def clinician(site: Site) -> httpx.Client:
    return site.person("clinician")


def linked(site: Site) -> None:
    merge.merge(site.engine, SISTER_OF_WANG, WANG, reason="ID card seen", actor="user:dr", now=simulated.NOW)


def test_a_pair_stands_side_by_side_with_what_speaks_for_and_against(site: Site, clinician: httpx.Client) -> None:
    page = clinician.get("/identity").text
    assert "1 pair waits for a decision" in page and "Probably one person" in page
    assert "birth date (day and month swapped)" in page and "OTHER-77" in page and "clinic-north" in page
    assert {row["patient_id"] for row in site.audit(action="match.list")} == {WANG, SISTER_OF_WANG}


def test_linking_a_pair_takes_it_from_the_list_and_redirects_the_retired_record(
    site: Site, clinician: httpx.Client
) -> None:
    form = {"decision": "link", "reason": "ID card seen", "into": WANG}
    assert clinician.post("/identity/reviews/1", data=form).headers["location"] == "/identity"
    page = clinician.get("/identity").text
    assert "No pair waits" in page and "ID card seen" in page
    away = clinician.get(f"/patients/{SISTER_OF_WANG}")
    assert (away.status_code, away.headers["location"]) == (303, f"/patients/{WANG}")
    patient = clinician.get(f"/patients/{WANG}").text
    assert "merged from" in patient and "OTHER-77" in patient and "Undo the merge" in patient
    assert clinician.post("/identity/reviews/1", data=form).status_code == 409


def test_undoing_a_link_on_the_patient_page_gives_both_their_pages_back(site: Site, clinician: httpx.Client) -> None:
    linked(site)
    form = {"reason": "two people", "place": "patient"}
    undone = clinician.post(f"/identity/links/{SISTER_OF_WANG}/undo", data=form)
    assert undone.headers["location"] == f"/patients/{WANG}"
    assert clinician.get(f"/patients/{SISTER_OF_WANG}").status_code == 200
    assert "merged from" not in clinician.get(f"/patients/{WANG}").text
    assert clinician.post(f"/identity/links/{SISTER_OF_WANG}/undo", data=form).status_code == 409


def test_a_dismissed_pair_is_gone_and_both_records_stay(site: Site, clinician: httpx.Client) -> None:
    form = {"decision": "dismiss", "reason": "sisters-in-law"}
    assert clinician.post("/identity/reviews/1", data=form).status_code == 303
    assert "No pair waits" in clinician.get("/identity").text
    assert clinician.get(f"/patients/{SISTER_OF_WANG}").status_code == 200
    assert len(site.audit(action="match.dismissed")) == 2


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_decision_needs_a_reason(site: Site, clinician: httpx.Client, reason: str) -> None:
    form = {"decision": "link", "reason": reason}
    assert clinician.post("/identity/reviews/1", data=form).status_code == 422
    assert site.count("patient_link") == 0


def test_two_records_named_by_number_are_compared_and_linked(site: Site, clinician: httpx.Client) -> None:
    page = clinician.get("/identity", params={"one": "OTHER-77", "other": CHEN}).text
    assert "Almost certainly two people" in page and "Speaks against" in page
    assert "was not found" in clinician.get("/identity", params={"one": "OTHER-77", "other": "nobody"}).text
    form = {"one": SISTER_OF_WANG, "other": CHEN, "into": CHEN, "reason": "a person knows better"}
    assert clinician.post("/identity/links", data=form).headers["location"] == f"/patients/{CHEN}"
    assert clinician.post("/identity/links", data=form | {"into": WANG}).status_code == 400


def test_only_who_decides_about_recalls_decides_who_is_who(site: Site) -> None:
    for role in ("reader", "integrator", "admin"):
        person = site.person(role)  # type: ignore[arg-type]
        assert person.get("/identity").status_code == 403
        assert person.post("/identity/reviews/1", data={"decision": "link", "reason": "r"}).status_code == 403
    assert "Who is who" not in site.person("reader").get("/").text
    assert "Who is who" in site.person("coordinator").get("/").text


def test_a_search_lists_a_merged_record_once_and_finds_it_by_either_number(site: Site, clinician: httpx.Client) -> None:
    linked(site)
    page = clinician.get("/patients", params={"q": "OTHER-77"}).text
    assert f"/patients/{WANG}" in page and SISTER_OF_WANG not in page and "with 1 merged record" in page
    found = clinician.get("/api/v1/patients", params={"query": "OTHER-77"}).json()["patients"]
    assert [(each["id"], each["merged_from"]) for each in found] == [(WANG, [SISTER_OF_WANG])]
    everybody = clinician.get("/api/v1/patients").json()["patients"]
    assert [each["id"] for each in everybody].count(WANG) == 1
    assert SISTER_OF_WANG not in {each["id"] for each in everybody}


def test_the_snapshot_of_a_merged_record_is_its_survivors(site: Site, clinician: httpx.Client) -> None:
    linked(site)
    told = clinician.get(f"/api/v1/patients/{SISTER_OF_WANG}/snapshot").json()
    assert (told["merged_into"], told["patient_id"]) == (WANG, WANG)
    assert clinician.get(f"/api/v1/patients/{WANG}/snapshot").json()["merged_into"] is None


def test_the_api_merges_parts_and_refuses_what_contradicts(site: Site) -> None:
    program = site.program("clinician", "record.read", "patient.write")
    address = f"/api/v1/patients/{SISTER_OF_WANG}"
    asked = {"into": WANG, "reason": "ID card seen"}
    done = program.post(f"{address}/merge", json=asked)
    assert (done.status_code, done.json()["merged_into"]) == (200, WANG)
    again = program.post(f"{address}/merge", json=asked)
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert program.post(f"/api/v1/patients/{WANG}/merge", json=asked).status_code == 409
    assert program.post(f"{address}/merge", json=asked | {"into": SISTER_OF_WANG[::-1]}).status_code in (400, 404, 422)
    assert program.post(f"{address}/unmerge", json={"reason": "two people"}).json()["merged_into"] is None
    assert program.post(f"{address}/unmerge", json={"reason": "two people"}).status_code == 409
    assert program.post(f"{address}/unmerge", json={"reason": " "}).status_code == 422
    without = site.program("clinician", "record.read", "recall.write")
    assert without.post(f"{address}/merge", json=asked).status_code == 403


def test_the_api_lists_pairs_and_takes_a_decision_once(site: Site) -> None:
    program = site.program("clinician", "record.read", "patient.write")
    page = program.get("/api/v1/match-reviews", params={"size": 1}).json()
    (pair,) = page["reviews"]
    assert (pair["grade"], pair["patient"]["id"], pair["candidate"]["id"]) == ("probable", SISTER_OF_WANG, WANG)
    assert {part["field"]: part["level"] for part in pair["evidence"]}["birth_date"] == "day_month_swapped"
    after = program.get("/api/v1/match-reviews", params={"size": 1, "after": page["next"]}).json()
    assert after == {"reviews": [], "next": None}
    decision = {"decision": "link", "reason": "ID card seen"}
    assert program.post("/api/v1/match-reviews/1", json=decision).json() == {"id": 1, "status": "linked"}
    assert program.post("/api/v1/match-reviews/1", json=decision).status_code == 409


def test_the_command_line_matches_merges_and_parts(site: Site, settings: Settings) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "twin", "patient", *arguments]
        environment = os.environ | {"DATABASE_URL": str(settings.database_url), "TWIN_HOME": str(settings.home_path)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    found = run("match", "--name", "Li Wang", "--birth-date", "1965-03-08", "--json")
    assert [each["grade"] for each in json.loads(found.stdout)] == ["certain", "probable"]
    assert WANG in run("reviews").stdout
    assert run("merge", "OTHER-77", WANG, "--reason", "r").stdout == f"{SISTER_OF_WANG} is read as {WANG}\n"
    again = run("merge", "OTHER-77", WANG, "--reason", "r")
    assert (again.returncode, again.stderr.startswith("twin: the record is linked")) == (2, True)
    assert run("unmerge", "OTHER-77", "--reason", "r").returncode == 0
    assert run("match", "--name", "x", "--birth-date", "soon").returncode == 2
