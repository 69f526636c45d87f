"""What people do on the pages, and what is left of it: decisions, other days, audit rows."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine, select, update

from tests.browser import simulated
from tests.web_serving import Site, serving
from twin.settings import Settings
from twin.store import tables


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    with engine.begin() as connection:
        simulated.seed(connection)
    with serving(engine, settings, simulated.NOW) as running:
        yield running


@pytest.fixture
def clinician(site: Site) -> httpx.Client:
    return site.person("clinician")


def patient(index: int = 0) -> str:
    return next(person.id for person in simulated.cast() if person.index == index)


def recall_of(site: Site, key: str, patient_id: str | None = None) -> dict[str, object]:
    table = tables.recall
    asked = select(table).where(table.c.key == key, table.c.patient_id == (patient_id or patient()))
    with site.engine.connect() as connection:
        return dict(connection.execute(asked).one()._mapping)


def test_every_patient_on_the_worklist_leaves_an_audit_row(site: Site, clinician: httpx.Client) -> None:
    clinician.get("/")
    assert len(site.audit(action="worklist.read", actor="user:clinician")) == 8


def test_an_empty_worklist_says_what_would_fill_it(site: Site, clinician: httpx.Client) -> None:
    with site.engine.begin() as connection:
        connection.execute(update(tables.recall).values(state="closed"))
    page = clinician.get("/").text
    assert "Nobody needs to be called back" in page and "20 %" in page


def test_a_page_and_its_charts_are_one_reading(site: Site, clinician: httpx.Client) -> None:
    address = f"/patients/{patient()}"
    for path in ("", "/organs/liver.json", "/organs/vascular.json", "/events.json", "/studies/1/1.png"):
        assert clinician.get(address + path).status_code == 200
    assert len(site.audit(action="patient.read", patient_id=patient())) == 1


def test_charts_fetched_by_themselves_are_a_reading(site: Site, clinician: httpx.Client) -> None:
    clinician.get(f"/patients/{patient()}/organs/liver.json")
    assert len(site.audit(action="patient.read", patient_id=patient())) == 1
    site.clock.forward(minutes=11)
    clinician.get(f"/patients/{patient()}/organs/liver.json")
    assert len(site.audit(action="patient.read", patient_id=patient())) == 2


def test_another_day_is_asked_of_the_worker_and_shown_when_it_is_there(site: Site, clinician: httpx.Client) -> None:
    address = f"/patients/{patient()}?as_of=2025-06-30"
    assert "Being computed" in clinician.get(address).text
    assert "HX-Refresh" not in clinician.get(address, headers={"HX-Request": "true"}).headers
    with site.engine.begin() as connection:
        (asked,) = connection.execute(select(tables.twin_view)).all()
        stored = connection.execute(
            select(tables.twin.c.body).where(tables.twin.c.patient_id == patient())
        ).scalar_one()
        organs = connection.execute(
            select(tables.forecast.c.body).where(tables.forecast.c.patient_id == patient())
        ).scalars()
        body = {**stored, "organs": list(organs)}
        connection.execute(update(tables.twin_view).values(body=body, computed_at=simulated.NOW))
    assert asked.as_of.date().isoformat() == "2025-06-30"
    page = clinician.get(address).text
    assert "You see what was known at the end of 30 Jun 2025" in page and "FIB-4" in page
    assert 'name="action"' not in page, "the past cannot be decided about"


def test_a_patient_without_a_twin_says_what_is_missing(site: Site, clinician: httpx.Client) -> None:
    with site.engine.begin() as connection:
        connection.execute(update(tables.twin).values(body=None))
    assert "No twin yet" in clinician.get(f"/patients/{patient()}").text


def test_snooze_and_undo_swap_the_row(site: Site, clinician: httpx.Client) -> None:
    recall = recall_of(site, "liver/fib4>2.67")
    until = (simulated.NOW + timedelta(days=30)).date().isoformat()
    form = {"action": "snooze", "version": str(recall["version"]), "until": until}
    swapped = clinician.post(f"/recalls/{recall['id']}", data=form, headers={"HX-Request": "true"})
    assert "Snoozed until 22 Dec 2026." in swapped.text and "Undo" in swapped.text
    back = clinician.post(
        f"/recalls/{recall['id']}",
        data={"action": "unsnooze", "version": str(recall_of(site, "liver/fib4>2.67")["version"])},
        headers={"HX-Request": "true"},
    )
    assert "Wang, Li" in back.text and 'hx-swap-oob="true"' in back.text
    assert recall_of(site, "liver/fib4>2.67")["snoozed_until"] is None


def test_a_decision_on_an_old_version_changes_nothing(site: Site, clinician: httpx.Client) -> None:
    recall = recall_of(site, "liver/fib4>2.67")
    form = {"action": "assign", "version": str(int(str(recall["version"])) - 1)}
    assert clinician.post(f"/recalls/{recall['id']}", data=form).status_code == 409
    assert recall_of(site, "liver/fib4>2.67")["owner"] is None


def test_only_a_clinician_approves(site: Site) -> None:
    recall = recall_of(site, "liver/fib4>2.67")
    form = {"action": "approve", "version": str(recall["version"])}
    assert site.person("coordinator").post(f"/recalls/{recall['id']}", data=form).status_code == 403
    assert site.person("reader").post(f"/recalls/{recall['id']}", data=form).status_code == 403
    assert site.person("clinician").post(f"/recalls/{recall['id']}", data=form).status_code == 303


def test_closing_for_another_reason_needs_a_note(site: Site, clinician: httpx.Client) -> None:
    recall = recall_of(site, "liver/fib4>2.67")
    form = {"action": "close", "version": str(recall["version"]), "reason": "other", "note": " "}
    assert clinician.post(f"/recalls/{recall['id']}", data=form).status_code == 422
    assert clinician.post(f"/recalls/{recall['id']}", data=form | {"note": "done in May"}).status_code == 303


PAGES = ("/", "/patients", "/reading", "/imports", "/imports/1", "/rules", "/inbox")


def test_every_page_is_there_in_chinese(site: Site, clinician: httpx.Client) -> None:
    assert clinician.post("/language", data={"language": "zh_CN"}).status_code == 303
    for path in (*PAGES, f"/patients/{patient()}"):
        page = clinician.get(path).text
        assert '<html lang="zh-CN"' in page and "工作列表" in page, path
