"""The pages over HTTP: what they say, and to whom. Nothing here changes what is shown."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, select, text

from tests.browser import simulated
from tests.web_serving import Site, serving
from twin.organs.guideline import rules
from twin.settings import Settings
from twin.store import tables


@pytest.fixture(scope="module")
def site(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with database.begin() as connection:
        connection.execute(text(f"truncate {', '.join(tables.metadata.tables)} restart identity cascade"))
        simulated.seed(connection)
    url = database.url.render_as_string(hide_password=False)
    settings = Settings(home=tmp_path_factory.mktemp("pages"), DATABASE_URL=url)
    with serving(database, settings, simulated.NOW) as running:
        yield running


@pytest.fixture(scope="module")
def clinician(site: Site) -> httpx.Client:
    return site.person("clinician")


def patient(index: int = 0) -> str:
    return next(person.id for person in simulated.cast() if person.index == index)


def test_the_worklist_says_who_why_by_when_and_how_sure(clinician: httpx.Client) -> None:
    page = clinician.get("/").text
    assert "Chen, Jian" in page
    assert "is likely to pass 2.67" in page
    assert "elastography" in page
    assert re.search(r"\d\d % ?<span>\(\d\d–\d\d\)", page)
    assert "A recall opens at 20 % within 12 months" in page


def test_a_filter_that_fits_nothing_says_so(clinician: httpx.Client) -> None:
    assert "No open recall fits" in clinician.get("/?owner=me").text


@pytest.mark.parametrize("after", ["x", "WyIyMDI2LTEzLTAxIiwiYSJd", "WzFd"])
def test_a_broken_cursor_is_a_bad_request(clinician: httpx.Client, after: str) -> None:
    assert clinician.get("/", params={"after": after}).status_code == 400


def test_people_who_see_no_patients_land_on_their_own_first_page(site: Site) -> None:
    assert site.person("admin").get("/").headers["location"] == "/imports"


def test_a_patient_page_shows_panels_recalls_ct_and_origin(clinician: httpx.Client) -> None:
    page = clinician.get(f"/patients/{patient()}").text
    told = ("Wang, Li", "Why now", "FIB-4", "Aspartate aminotransferase", "Region 1", "boundary complexity")
    for words in (*told, "closed by the result", "bundle-2026-11.json", "can't be followed", "an input is missing"):
        assert words in page, words


def test_the_page_works_without_scripts(clinician: httpx.Client) -> None:
    page = clinician.get(f"/patients/{patient()}").text
    assert page.count("<table") > 10, "each chart has its numbers in a table"
    assert 'action="/recalls/' in page and "<script>" not in page
    assert not re.search(r"\s(style|on[a-z]+)=\"", page), "the content policy takes no inline style or script"


def test_a_chart_has_history_forecast_and_threshold(clinician: httpx.Client) -> None:
    charts = clinician.get(f"/patients/{patient(1)}/organs/liver.json").json()["charts"]
    fib4 = charts["score-fib4-value"]
    assert len(fib4["points"]) == 22 and len(fib4["forecast"]) == 37
    assert fib4["thresholds"][0]["value"] == 2.67
    wild = [point for point in charts["signal-alt"]["points"] if not point[2]]
    assert [point[5] for point in wild] == ["implausible value"]


@pytest.mark.parametrize(
    "path", ["organs/spleen.json", "facts/999999", "facts/99999999999999999999", "studies/1/9.png", "studies/0/1.png",
             "organs/liver/values/score-none"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(clinician: httpx.Client, path: str) -> None:
    assert clinician.get(f"/patients/{patient()}/{path}").status_code == 404


def test_a_fact_of_another_patient_is_not_found(site: Site, clinician: httpx.Client) -> None:
    with site.engine.connect() as connection:
        mine = select(tables.fact.c.id).where(tables.fact.c.patient_id == patient()).limit(1)
        fact_id = connection.execute(mine).scalar_one()
    assert clinician.get(f"/patients/{patient()}/facts/{fact_id}").status_code == 200
    assert clinician.get(f"/patients/{patient(1)}/facts/{fact_id}").status_code == 404


def test_a_fact_shows_as_received_code_times_and_import(site: Site, clinician: httpx.Client) -> None:
    table = tables.fact
    asked = select(table.c.id).where(table.c.patient_id == patient(), table.c.signal == "creatinine").limit(1)
    with site.engine.connect() as connection:
        fact_id = connection.execute(asked).scalar_one()
    page = clinician.get(f"/patients/{patient()}/facts/{fact_id}", headers={"HX-Request": "true"}).text
    for words in ("mg/dL", "µmol/L", "2160-0", "release time of the source", "bundle-2026-11.json", "entry[", "Cobas"):
        assert words in page, words
    assert "<html" not in page


@pytest.mark.parametrize("day", ["31-12-2020", "2020-02-31", "0001-01-01"])
def test_a_day_that_is_none_is_a_bad_request(clinician: httpx.Client, day: str) -> None:
    assert clinician.get(f"/patients/{patient()}", params={"as_of": day}).status_code == 400


@pytest.mark.parametrize("q", ["wang", "WANG", "li", "0012345", "0012"])
def test_patients_are_found_by_any_name_or_the_start_of_a_number(clinician: httpx.Client, q: str) -> None:
    assert "Wang, Li" in clinician.get("/patients", params={"q": q}).text


@pytest.mark.parametrize("q", ["%", "_", "12345", "\\"])
def test_a_search_takes_no_wildcards(clinician: httpx.Client, q: str) -> None:
    assert "Nobody found" in clinician.get("/patients", params={"q": q}).text


def test_an_import_shows_every_reject_with_its_place(clinician: httpx.Client) -> None:
    page = clinician.get("/imports/1").text
    assert "entry[88].resource" in page and "the patient is not known" in page and "Observation" in page
    assert clinician.get("/imports/2").status_code == 404


def test_rules_show_their_own_record(clinician: httpx.Client) -> None:
    page = clinician.get("/rules").text
    assert "FIB4-VHI" in page and "not verified" in page and "Fleischner" in page


def test_rules_show_their_note_and_what_of_them_is_no_guidelines(clinician: httpx.Client) -> None:
    page = html.unescape(clinician.get("/rules").text)
    assert [rule.rule_id for rule in rules().values() if rule.note and rule.note not in page] == []
    rows = {key: page.partition(f'<tr id="{key}">')[2].partition("</tr>")[0] for key in rules()}
    for part, words in (
        ("months", "these months are no guideline's"),
        ("line", "no guideline sets this line or this use"),
    ):
        marked = {key for key, row in rows.items() if words in row}
        assert marked == {key for key, rule in rules().items() if part in rule.house}
        assert marked
    watched = page.partition('<tr id="')[0]
    assert watched.count("no guideline sets this line or this use") > 0
    assert "In the words of the guideline, which are English" not in page


def test_no_page_is_of_a_day_before_birth(clinician: httpx.Client) -> None:
    assert clinician.get(f"/patients/{patient()}", params={"as_of": "1965-03-07"}).status_code == 400


def test_a_recall_shows_the_note_of_its_rule(clinician: httpx.Client) -> None:
    page = html.unescape(clinician.get(f"/patients/{patient()}").text)
    assert "EASL flow-chart itself not read; interval is a house value" in page
    assert "house value: these months are no guideline's." in page


def test_the_reading_list_is_by_the_highest_score(clinician: httpx.Client) -> None:
    page = clinician.get("/reading").text
    assert page.index("0.91") and "Wang, Li" in page and "Zhao, Min" not in page


def test_the_admin_page_verifies_the_audit(site: Site) -> None:
    admin = site.person("admin")
    assert "Verify now" in admin.get("/admin").text
    assert "whole" in admin.get("/admin?verify=true").text
    assert site.person("clinician").get("/admin").status_code == 403
